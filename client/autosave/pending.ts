import { isEqual, isObject, type Json, type JsonObject } from "../../json/equality.ts";
import { applyPatch, diffPatch, isEmpty, type MergePatch, pathsOf } from "../../json/mergePatch.ts";
import { overlap, pointerTo, segmentsOf, valueAt, withoutValueAt, withValueAt } from "../../json/pointer.ts";

/** What a tab knows of the server: a revision together with its state, as the last answer that was taken over had them. */
export interface Known {
  readonly revision: number;
  readonly stage: number;
  readonly state: JsonObject;
}

/** A change under its key. The same key is sent again until there is an answer. */
export interface Save {
  readonly saveId: string;
  readonly patch: MergePatch;
  readonly stage?: number | undefined;
}

export interface FieldConflict {
  /** Where in the state, as a JSON pointer (RFC 6901). */
  readonly pointer: string;
  /** The value that both sides began with; null where there was none, or where it is not known any more. */
  readonly base: Json;
  /** The value here; null where it was removed. */
  readonly yours: Json;
  /** The value on the server; null where there is none. */
  readonly theirs: Json;
}

/**
 * What a tab has to lose, and nothing else: it is journaled as it is. The first of `saves` builds upon
 * `known.revision`, so `known` stays as it is while there is one.
 */
export interface Pending {
  readonly known: Known;
  /** In the order in which they are sent. Any of them may have been sent already, so none of them may grow. */
  readonly saves: readonly Save[];
  /** What was typed since, and was never sent. */
  readonly draft?: Save | undefined;
  /** Fields of the draft that were changed elsewhere too. While there are any, nothing is sent. */
  readonly conflicts: readonly FieldConflict[];
}

export interface Answer {
  readonly outcome: "SAVED" | "MERGED" | "DUPLICATE" | "CONFLICT";
  readonly known: Known;
  readonly conflicts: readonly FieldConflict[];
}

export type NewId = () => string;
export type Choices = Readonly<Record<string, "yours" | "theirs">>;

/** Nothing else of a session is kept in the journal. */
export const knownOf = ({ revision, stage, state }: Known): Known => ({ revision, stage, state });

export const nothingPending = (known: Known): Pending => ({ known, saves: [], conflicts: [] });

export function isClean({ saves, draft }: Pending): boolean {
  return saves.length === 0 && draft === undefined;
}

/** The state as it will be when every save of `saves` has gone through. */
export function expectedState({ known, saves }: Pending): JsonObject {
  return saves.reduce((state, { patch }) => applyPatch(state, patch), known.state);
}

function expectedStage({ known, saves }: Pending): number {
  return saves.reduce((stage, save) => save.stage ?? stage, known.stage);
}

/** The server's state with everything that is pending on top. */
export function shownState(pending: Pending): JsonObject {
  const expected = expectedState(pending);
  return pending.draft ? applyPatch(expected, pending.draft.patch) : expected;
}

export function shownStage(pending: Pending): number {
  return pending.draft?.stage ?? expectedStage(pending);
}

/** Makes the draft that leads to `state` and `stage`: none, where the saves lead there already. */
export function edit(pending: Pending, state: JsonObject, stage: number, newId: NewId): Pending {
  const patch = diffPatch(expectedState(pending), state);
  const moved = stage === expectedStage(pending) ? undefined : stage;
  const draft =
    isEmpty(patch) && moved === undefined
      ? undefined
      : { saveId: pending.draft?.saveId ?? newId(), patch, ...(moved !== undefined && { stage: moved }) };
  return { ...pending, draft, conflicts: stillOpen(pending.conflicts, state, pending.known.state) };
}

/** Closes the draft, so that it can be sent: it grows no more. */
export function freeze(pending: Pending): Pending {
  if (!pending.draft || pending.conflicts.length > 0) return pending;
  return { ...pending, saves: [...pending.saves, pending.draft], draft: undefined };
}

/**
 * Freezes everything that comes from a journal. A page that goes away sends its draft without waiting until the
 * journal has noted that.
 */
export function restored(pending: Pending): Pending {
  return freeze(pending);
}

/** Takes over the answer to the first of the saves. */
export function answered(pending: Pending, answer: Answer, newId: NewId): Pending {
  const [head, ...rest] = pending.saves;
  if (!head) throw new Error("There is no save that this could be the answer to.");
  const { known, outcome } = answer;
  if (outcome === "CONFLICT") {
    // Nothing of it was written: everything is one draft again, upon what is there now.
    const all = rebase(pending.known.state, shownState(pending), known.state);
    // Found here they name the value that would be lost, also where it is above the path that was written.
    const others = answer.conflicts.filter(({ pointer }) => !all.conflicts.some((own) => meet(own.pointer, pointer)));
    return asDraft(known, all.state, shownStage(pending), [...all.conflicts, ...others], newId);
  }
  const next = { ...pending, known, saves: rest };
  if (outcome === "SAVED") return next;
  const before = applyPatch(pending.known.state, head.patch);
  const { state, conflicts } = rebase(before, shownState(pending), known.state);
  if (conflicts.length === 0) return next;
  return asDraft(known, state, shownStage(pending), conflicts, newId);
}

/** Takes over a newer state that was read, and puts what is pending on top. Only while no save waits for its answer. */
export function takeOver(pending: Pending, known: Known, newId: NewId): Pending {
  if (pending.saves.length > 0) throw new Error("A save waits for its answer: its base has to stay.");
  const { state, conflicts } = rebase(pending.known.state, shownState(pending), known.state);
  const fresh = conflicts.filter(({ pointer }) => !pending.conflicts.some((other) => meet(other.pointer, pointer)));
  const stage = pending.draft?.stage ?? known.stage;
  return edit({ ...pending, known, conflicts: [...pending.conflicts, ...fresh] }, state, stage, newId);
}

/** After a refusal: everything is one draft under a new key, which waits until something is changed in it. */
export function refused(pending: Pending, newId: NewId): Pending {
  return asDraft(pending.known, shownState(pending), shownStage(pending), pending.conflicts, newId);
}

/** Settles the conflicts that a choice is given for. */
export function resolve(pending: Pending, choices: Choices, newId: NewId): Pending {
  let state = shownState(pending);
  for (const { pointer } of pending.conflicts) {
    if (choiceFor(choices, pointer) !== "theirs") continue;
    const path = segmentsOf(pointer);
    const theirs = valueAt(pending.known.state, path);
    state = theirs === undefined ? withoutValueAt(state, path, pending.known.state) : withValueAt(state, path, theirs);
  }
  const conflicts = pending.conflicts.filter(({ pointer }) => choiceFor(choices, pointer) === undefined);
  return edit({ ...pending, conflicts }, state, shownStage(pending), newId);
}

/** Puts the draft of another tab that is gone, which is in conflict, beneath what is typed here. */
export function withForeign(pending: Pending, foreign: Pending, newId: NewId): Pending {
  const onTop = foreign.known.revision > pending.known.revision ? takeOver(pending, foreign.known, newId) : pending;
  const mine = onTop.draft?.patch ?? {};
  const state = applyPatch(applyPatch(onTop.known.state, foreign.draft?.patch ?? {}), mine);
  const stage = onTop.draft?.stage ?? foreign.draft?.stage ?? onTop.known.stage;
  const more = foreign.conflicts.filter(
    ({ pointer }) => !onTop.conflicts.some((other) => meet(other.pointer, pointer)),
  );
  return edit({ ...onTop, conflicts: [...onTop.conflicts, ...more] }, state, stage, newId);
}

function asDraft(
  known: Known,
  state: JsonObject,
  stage: number,
  conflicts: readonly FieldConflict[],
  newId: NewId,
): Pending {
  return edit({ known, saves: [], conflicts }, state, stage, newId);
}

/** Carries what was changed from `before` to `mine` over to `theirs`, and says what both have changed. */
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

/** What was changed on the way to a path: as much of it as leads to something else now; undefined for nothing. */
function changedOn(before: JsonObject, after: JsonObject, path: readonly string[]): readonly string[] | undefined {
  for (let depth = 1; depth <= path.length; depth++) {
    const above = path.slice(0, depth);
    const [was, is] = [valueAt(before, above), valueAt(after, above)];
    // What they have put into an object, or have made one for, stays beside what is put into it here.
    const goesOn = depth < path.length && isObject(is) && (was === undefined || isObject(was));
    if (!goesOn) return isEqual(was, is) ? undefined : above;
  }
  return undefined;
}

function stillOpen(conflicts: readonly FieldConflict[], state: JsonObject, known: JsonObject): FieldConflict[] {
  return conflicts
    .map((conflict) => {
      const path = segmentsOf(conflict.pointer);
      return { ...conflict, yours: valueAt(state, path) ?? null, theirs: valueAt(known, path) ?? null };
    })
    .filter(({ yours, theirs }) => !isEqual(yours, theirs));
}

function meet(a: string, b: string): boolean {
  return overlap(segmentsOf(a), segmentsOf(b));
}

function choiceFor(choices: Choices, pointer: string): "yours" | "theirs" | undefined {
  return Object.hasOwn(choices, pointer) ? choices[pointer] : undefined;
}
