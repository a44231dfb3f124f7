export type { Json, JsonObject } from "../../json/equality.ts";
export { type Announcer, makeAnnouncer } from "./announcer.ts";
export { type AutosaveOptions, type Autosaver, createAutosaver, type FieldChange } from "./createAutosaver.ts";
export { browserEnvironment, type Channel, type Environment, type PageEvent } from "./environment.ts";
export { forgetJournal, type Journal, type JournalRecord, memoryJournal, openJournal } from "./journal.ts";
export { newId } from "./newId.ts";
export type { Choices, FieldConflict, Pending, Save, ServerSnapshot } from "./pending.ts";
export { KEEPALIVE_BYTES } from "./reduce.ts";
export { type SaveStatus, statusText } from "./status.ts";
export type { Locks } from "./tabLocks.ts";
export { TIMING, type Timing } from "./timing.ts";
export {
  type Change,
  type CompleteResult,
  type RequestOptions,
  type SaveAnswer,
  SaveError,
  type SaveRequest,
  type Snapshot,
  type StageProgress,
  type Transport,
  type WizardProblem,
} from "./transport.ts";
export type { AutosaverView } from "./view.ts";
