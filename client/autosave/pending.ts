import { isEqual, isObject, type Json, type JsonObject } from "../../json/equality.ts";
import { applyPatch, diffPatch, isEmpty, type MergePatch, pathsOf } from "../../json/mergePatch.ts";
import { overlap, pointerTo, segmentsOf, valueAt, withoutValueAt, withValueAt } from "../../json/pointer.ts";

/** The server's state at one revision, without what a change does not build on. */
export interface ServerSnapshot {
  readonly revision: number;
  readonly stage: number;
  readonly state: JsonObject;
}

/** A change with its key. A retry sends the same key. */
export interface Save {
  readonly saveId: string;
  readonly patch: MergePatch;
  readonly stage?: number | undefined;
}

export interface FieldConflict {
  /** The field, as a JSON Pointer (RFC 6901) into the state. */
  readonly pointer: string;
  /** The value that both sides started from; null if there was none, or if it is not known any more. */
  readonly base: Json;
  /** The value here; null if it was removed. */
  readonly yours: Json;
  /** The value on the server; null if there is none. */
  readonly theirs: Json;
}

/**
 * The unsaved changes of a tab, as they are written to the journal. The first of `saves` builds on `base.revision`, so
 * `base` does not change while there is a save.
 */
export interface Pending {
  readonly base: ServerSnapshot;
  /** In the order in which they are sent. Each may have been sent already, so none may change. */
  readonly saves: readonly Save[];
  /** Changes typed since then. They were never sent. */
  readonly draft?: Save | undefined;
  /** Fields of the draft that have also changed on the server. While there are any, nothing is sent. */
  readonly conflicts: readonly FieldConflict[];
}

export interface Answer {
  readonly outcome: "SAVED" | "MERGED" | "DUPLICATE" | "CONFLICT";
  readonly base: ServerSnapshot;
  readonly conflicts: readonly FieldConflict[];
}

export type NewId = () => string;
export type Choices = Readonly<Record<string, "yours" | "theirs">>;

export const baseOf = ({ revision, stage, state }: ServerSnapshot): ServerSnapshot => ({ revision, stage, state });

export const nothingPending = (base: ServerSnapshot): Pending => ({ base, saves: [], conflicts: [] });

export function isClean({ saves, draft }: Pending): boolean {
  return saves.length === 0 && draft === undefined;
}

/** The state once all of `saves` are saved. */
export function expectedState({ base, saves }: Pending): JsonObject {
  return saves.reduce((state, { patch }) => applyPatch(state, patch), base.state);
}

function expectedStage({ base, saves }: Pending): number {
  return saves.reduce((stage, save) => save.stage ?? stage, base.stage);
}

/** The server's state with all unsaved changes applied. */
export function shownState(pending: Pending): JsonObject {
  const expected = expectedState(pending);
  return pending.draft ? applyPatch(expected, pending.draft.patch) : expected;
}

export function shownStage(pending: Pending): number {
  return pending.draft?.stage ?? expectedStage(pending);
}

/** Replaces the draft by one that leads to `state` and `stage`. There is none if the saves already lead there. */
export function edit(pending: Pending, state: JsonObject, stage: number, newId: NewId): Pending {
  const patch = diffPatch(expectedState(pending), state);
  const moved = stage === expectedStage(pending) ? undefined : stage;
  const draft =
    isEmpty(patch) && moved === undefined
      ? undefined
      : { saveId: pending.draft?.saveId ?? newId(), patch, ...(moved !== undefined && { stage: moved }) };
  return { ...pending, draft, conflicts: stillOpen(pending.conflicts, state, pending.base.state) };
}

/** Turns the draft into a save that can be sent. It does not change from then on. */
export function freeze(pending: Pending): Pending {
  if (!pending.draft || pending.conflicts.length > 0) return pending;
  return { ...pending, saves: [...pending.saves, pending.draft], draft: undefined };
}

/**
 * Unsaved changes as read from a journal. The draft is frozen, since a page that is left sends its draft without waiting
 * for the journal.
 */
export function restored(pending: Pending): Pending {
  return freeze(pending);
}

/** Applies the answer to the first save. */
export function answered(pending: Pending, answer: Answer, newId: NewId): Pending {
  const [head, ...rest] = pending.saves;
  if (!head) throw new Error("This answer belongs to no save.");
  const { base, outcome } = answer;
  if (outcome === "CONFLICT") {
    // Nothing was written, so all changes become one draft on the newer state.
    const all = rebase(pending.base.state, shownState(pending), base.state);
    // A conflict found here names the value that would be lost, even if that is above the path that was written.
    const others = answer.conflicts.filter(({ pointer }) => !all.conflicts.some((own) => meet(own.pointer, pointer)));
    return asDraft(base, all.state, shownStage(pending), [...all.conflicts, ...others], newId);
  }
  const next = { ...pending, base, saves: rest };
  if (outcome === "SAVED") return next;
  const before = applyPatch(pending.base.state, head.patch);
  const { state, conflicts } = rebase(before, shownState(pending), base.state);
  if (conflicts.length === 0) return next;
  return asDraft(base, state, shownStage(pending), conflicts, newId);
}

/** Rebases the draft on a newer state that was read. Not allowed while a save waits for its answer. */
export function takeOver(pending: Pending, base: ServerSnapshot, newId: NewId): Pending {
  if (pending.saves.length > 0) throw new Error("The base cannot change while a save waits for its answer.");
  const { state, conflicts } = rebase(pending.base.state, shownState(pending), base.state);
  const fresh = conflicts.filter(({ pointer }) => !pending.conflicts.some((own) => meet(own.pointer, pointer)));
  const stage = pending.draft?.stage ?? base.stage;
  return edit({ ...pending, base, conflicts: [...pending.conflicts, ...fresh] }, state, stage, newId);
}

/** After the server has refused a save: all changes become one draft with a new key. */
export function refused(pending: Pending, newId: NewId): Pending {
  return asDraft(pending.base, shownState(pending), shownStage(pending), pending.conflicts, newId);
}

/** Resolves the conflicts that have a choice. */
export function resolve(pending: Pending, choices: Choices, newId: NewId): Pending {
  let state = shownState(pending);
  for (const { pointer } of pending.conflicts) {
    if (choiceFor(choices, pointer) !== "theirs") continue;
    const path = segmentsOf(pointer);
    const theirs = valueAt(pending.base.state, path);
    state = theirs === undefined ? withoutValueAt(state, path, pending.base.state) : withValueAt(state, path, theirs);
  }
  const conflicts = pending.conflicts.filter(({ pointer }) => choiceFor(choices, pointer) === undefined);
  return edit({ ...pending, conflicts }, state, shownStage(pending), newId);
}

/** Adds the draft that a closed tab has left. Changes typed here win over it. */
export function withDraftOf(pending: Pending, left: Pending, newId: NewId): Pending {
  const mine = left.base.revision > pending.base.revision ? takeOver(pending, left.base, newId) : pending;
  const theirs = left.base.revision < mine.base.revision ? takeOver(left, mine.base, newId) : left;
  const state = applyPatch(applyPatch(mine.base.state, theirs.draft?.patch ?? {}), mine.draft?.patch ?? {});
  const stage = mine.draft?.stage ?? theirs.draft?.stage ?? mine.base.stage;
  const more = theirs.conflicts.filter(({ pointer }) => !mine.conflicts.some((own) => meet(own.pointer, pointer)));
  return edit({ ...mine, conflicts: [...mine.conflicts, ...more] }, state, stage, newId);
}

function asDraft(
  base: ServerSnapshot,
  state: JsonObject,
  stage: number,
  conflicts: readonly FieldConflict[],
  newId: NewId,
): Pending {
  return edit({ base, saves: [], conflicts }, state, stage, newId);
}

/** Applies the changes from `before` to `mine` to `theirs`, and lists the fields that both have changed. */
function rebase(before: JsonObject, mine: JsonObject, theirs: JsonObject) {
  const patch = diffPatch(before, mine);
  const state = applyPatch(theirs, patch);
  const both = pathsOf(patch)
    .map((path) => changedOn(before, theirs, path))
    .filter((path) => path !== undefined);
  const conflicts = [...new Map(both.map((path) => [pointerTo(path), path]))]
    .filter(([, path]) => !isEqual(valueAt(state, path), valueAt(theirs, path)))
    .map(([pointer, path]) => ({
      pointer,
      base: valueAt(before, path) ?? null,
      yours: valueAt(state, path) ?? null,
      theirs: valueAt(theirs, path) ?? null,
    }));
  return { state, conflicts };
}

/** The shortest part of a path at which the two states differ; undefined if they are equal there. */
function changedOn(before: JsonObject, after: JsonObject, path: readonly string[]): readonly string[] | undefined {
  for (let depth = 1; depth <= path.length; depth++) {
    const above = path.slice(0, depth);
    const [was, is] = [valueAt(before, above), valueAt(after, above)];
    // Both sides may add members to the same object.
    const isSharedObject = depth < path.length && isObject(is) && (was === undefined || isObject(was));
    if (!isSharedObject) return isEqual(was, is) ? undefined : above;
  }
  return undefined;
}

function stillOpen(conflicts: readonly FieldConflict[], state: JsonObject, base: JsonObject): FieldConflict[] {
  return conflicts
    .map((conflict) => {
      const path = segmentsOf(conflict.pointer);
      return { ...conflict, yours: valueAt(state, path) ?? null, theirs: valueAt(base, path) ?? null };
    })
    .filter(({ yours, theirs }) => !isEqual(yours, theirs));
}

function meet(a: string, b: string): boolean {
  return overlap(segmentsOf(a), segmentsOf(b));
}

function choiceFor(choices: Choices, pointer: string): "yours" | "theirs" | undefined {
  return Object.hasOwn(choices, pointer) ? choices[pointer] : undefined;
}
