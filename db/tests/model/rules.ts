// The rules that the model applies, as docs/saving.md states them. They are short on purpose: a change of a rule in SQL is a
// change of one function here.
import {
  changedPaths,
  equal,
  hasNullMember,
  isMap,
  type Json,
  type JsonMap,
  mergePatch,
  overlap,
  type Path,
  storedText,
  valueAt,
} from "./json.ts";
import type { Revision, Session } from "./world.ts";

/** Replaces app_private.revision_limits() in the database, so that a few saves are enough to delete history. */
export const LIMITS = { checkpointEvery: 5, alwaysKept: 8, checkpointsKept: 3, thinnedAfterDays: 10, keysKeptDays: 90 };
/** The ages of the sweeps. None is a whole number of weeks, and the database only ages by weeks. */
export const SWEEP_DAYS = { abandon: 10, purge: 24 };

export interface Conflict {
  readonly path: Path;
  readonly base: Json | undefined;
  readonly yours: Json | undefined;
  readonly theirs: Json | undefined;
}

/**
 * With the values at the base: a path that the patch writes conflicts if its present value is neither the base value nor the
 * new one. Objects are compared member by member, unless something else is or was in an object's place, or it was removed.
 */
export function conflictsByValue(
  theirs: Json | undefined,
  patch: Json,
  base: Json | undefined,
  path: Path = [],
): Conflict[] {
  const isObject = (value: Json | undefined) => isMap(value) || isNone(value);
  const isRemoved = isMap(base) && isNone(theirs);
  if (isMap(patch) && (patch.size > 0 || path.length === 0) && isObject(base) && isObject(theirs) && !isRemoved) {
    return [...patch].flatMap(([key, value]) =>
      conflictsByValue(valueAt(theirs, [key]), value, valueAt(base, [key]), [...path, key]),
    );
  }
  const yours = mergePatch(theirs, patch);
  if (same(theirs, base) || same(theirs, yours)) return [];
  return [{ path, base: orNone(base), yours: orNone(yours), theirs: orNone(theirs) }];
}

/** In a merge patch, null is no value, so it is none in the values that are compared. */
const isNone = (value: Json | undefined) => value === undefined || value === null;
const orNone = (value: Json | undefined) => value ?? undefined;
const same = (a: Json | undefined, b: Json | undefined) => equal(a, b) || (isNone(a) && isNone(b));

/** Without them: a path conflicts if the patch changes it and a save since the base wrote at, above or below it. */
export function conflictsByHistory(session: Session, base: number, patch: JsonMap): Conflict[] {
  const merged = mergePatch(session.state, patch);
  const since = session.revisions.slice(base + 1);
  const start = session.revisions[base];
  return changedPaths(session.state, merged)
    .filter(
      (path) =>
        since.some(({ kept }) => !kept) || since.some(({ changed }) => changed.some((other) => overlap(path, other))),
    )
    .map((path) => ({
      path,
      base: start?.kept ? valueAt(start.state, path) : undefined,
      yours: valueAt(merged, path),
      theirs: valueAt(session.state, path),
    }));
}

/** The stage after a save on an older base. A client that is where it was at its base has not moved. */
export function stageAfterMerge(session: Session, base: number, stage: number | null): number {
  const start = session.revisions[base];
  return stage !== null && start?.kept && start.stage !== stage ? stage : session.stage;
}

/** Whether a revision stores its whole state. `before` is undefined for revision 0. */
export function isCheckpoint(before: Revision | undefined, after: Omit<Revision, "checkpoint">): boolean {
  return (
    before === undefined || after.revision % LIMITS.checkpointEvery === 0 || !canBePatched(before.state, after.state)
  );
}

/** Whether the patch of all differences turns one state into the other, byte for byte. */
function canBePatched(before: Json | undefined, after: Json): boolean {
  if (before !== undefined && equal(before, after)) return storedText(before) === storedText(after);
  if (isMap(before) && isMap(after)) return [...after].every(([key, member]) => canBePatched(before.get(key), member));
  return after !== null && !hasNullMember(after);
}

/** The revisions of a session after revision `newest` was written, without those that are pruned. */
export function pruned(revisions: readonly Revision[], newest: number): readonly Revision[] {
  if (newest % LIMITS.checkpointEvery !== 0) return revisions;
  const checkpoints = revisions.filter(({ kept, checkpoint }) => kept && checkpoint).map(({ revision }) => revision);
  const from = checkpoints.findLast((revision) => revision <= newest - LIMITS.alwaysKept);
  if (from === undefined) return revisions;
  const saved = new Set([0, ...checkpoints.filter((revision) => revision < from).slice(-LIMITS.checkpointsKept)]);
  return without(revisions, ({ revision }) => revision < from && !saved.has(revision));
}

/** The revisions without those that thinning deletes in that week: all before the latest old checkpoint, but checkpoints. */
export function thinned(revisions: readonly Revision[], week: number): readonly Revision[] {
  const isOld = (revision: Revision) => (week - revision.week) * 7 >= LIMITS.thinnedAfterDays;
  const upTo = revisions.findLast((revision) => revision.kept && revision.checkpoint && isOld(revision))?.revision ?? 0;
  return without(revisions, ({ revision, checkpoint }) => revision < upTo && !checkpoint);
}

const without = (revisions: readonly Revision[], isDeleted: (revision: Revision) => boolean) =>
  revisions.map((revision) => (revision.kept && isDeleted(revision) ? { ...revision, kept: false } : revision));

/**
 * Whether the key of a save must be remembered. Undefined if it may be remembered or not: its revision is not kept, and its
 * time is over.
 */
export function remembers(revision: Revision, week: number): true | undefined {
  return revision.kept || (week - revision.week) * 7 < LIMITS.keysKeptDays ? true : undefined;
}

/** Whether the id of a session that was deleted in that week can't be used again yet. */
export const isBuried = (deleted: number, week: number) => (week - deleted) * 7 < LIMITS.keysKeptDays;
