import { isEqual, type Json, type JsonObject } from "../../json/equality.ts";
import { valueAt, withoutValueAt, withValueAt } from "../../json/pointer.ts";

interface Step {
  readonly path: readonly string[];
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly at: number;
  /** The same for steps that were made together; undefined for a single step. */
  readonly group: string | undefined;
}

/** The local changes that can be undone, oldest first. */
export type UndoStack = readonly Step[];

const MAX_STEPS = 100;
// Letters typed within this time count as one change.
const ONE_STEP_MS = 1_000;

export function withStep(stack: UndoStack, step: Step): UndoStack {
  const last = stack.at(-1);
  const areSingle = last?.group === undefined && step.group === undefined;
  const continues = last && areSingle && isEqual(last.path, step.path) && step.at - last.at < ONE_STEP_MS;
  return continues ? [...stack.slice(0, -1), { ...step, before: last.before }] : [...stack.slice(1 - MAX_STEPS), step];
}

/** The newest step whose result is still there. A value that another tab or device has changed since is not undone. */
export function newestStep(stack: UndoStack, state: JsonObject): Step | undefined {
  return stack.findLast(({ path, after }) => isEqual(valueAt(state, path), after));
}

/**
 * The state without the newest step, and the stack below it. An object that the step created is removed with it, unless
 * it is in `saved`, since others may have added to it. Steps that were made together are undone together.
 */
export function undone(
  stack: UndoStack,
  state: JsonObject,
  saved: JsonObject,
): { readonly stack: UndoStack; readonly state: JsonObject } {
  const step = newestStep(stack, state);
  if (!step) return { stack, state };
  const below = stack.slice(0, stack.indexOf(step));
  const without =
    step.before === undefined ? withoutValueAt(state, step.path, saved) : withValueAt(state, step.path, step.before);
  const next = newestStep(below, without);
  return next && step.group && next.group === step.group
    ? undone(below, without, saved)
    : { stack: below, state: without };
}
