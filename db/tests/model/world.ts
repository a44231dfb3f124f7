import type { JsonMap, Path } from "./json.ts";

/** What the model knows: everything that was ever saved. Values are never changed in place, so a world can be kept. */
export interface World {
  /** Time only passes with the operation `age`. */
  readonly week: number;
  readonly sessions: ReadonlyMap<string, Session>;
  /** By a name that the model gives, because the database makes the ids. */
  readonly events: ReadonlyMap<string, Event>;
  /** When the sessions were deleted that had these ids last. */
  readonly deleted: ReadonlyMap<string, number>;
  /** How many sessions were started, which gives the events names. */
  readonly started: number;
}

export type Status = "in_progress" | "completed" | "abandoned";

export interface Session {
  readonly id: string;
  readonly number: number;
  readonly user: string;
  readonly stage: number;
  readonly status: Status;
  readonly state: JsonMap;
  readonly event: string | null;
  /** The answers of the event when the session began to edit it. */
  readonly eventBase: JsonMap | null;
  readonly lastSaveId: string | null;
  /** The stages at which a save was made, whose working time is known. */
  readonly stagesLeft: readonly number[];
  readonly savedInWeek: number;
  /** All revisions from 0 on. The database has those that are `kept`. */
  readonly revisions: readonly Revision[];
}

export interface Revision {
  readonly revision: number;
  readonly saveId: string | null;
  /** What the save asked for. A saveId stands for one request. */
  readonly request: string | null;
  /** Null for what the sweep did. */
  readonly savedBy: string | null;
  readonly stage: number;
  readonly status: Status;
  readonly state: JsonMap;
  readonly changed: readonly Path[];
  readonly week: number;
  readonly checkpoint: boolean;
  readonly kept: boolean;
}

export interface Event {
  readonly owner: string;
  readonly status: "draft" | "published" | "cancelled";
  readonly answers: JsonMap;
}

export const EMPTY: World = { week: 0, sessions: new Map(), events: new Map(), deleted: new Map(), started: 0 };
export const lastOf = (session: Session) => session.revisions.length - 1;
