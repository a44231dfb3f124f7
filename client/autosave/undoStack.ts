import { isEqual, type Json, type JsonObject } from "../../json/equality.ts";
import { valueAt, withoutValueAt, withValueAt } from "../../json/pointer.ts";

interface Step {
  readonly path: readonly string[];
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly at: number;
  /** The same in steps that were made as one; undefined in one that stands alone. */
  readonly together: symbol | undefined;
}

const MOST_STEPS = 100;
// Letters typed one after the other are one change.
const ONE_STEP_MS = 1_000;

/** The local changes that can be taken back, newest last. */
export class UndoStack {
  #steps: readonly Step[] = [];

  add(step: Step): void {
    const last = this.#steps.at(-1);
    const alone = last?.together === undefined && step.together === undefined;
    const continues = last && alone && isEqual(last.path, step.path) && step.at - last.at < ONE_STEP_MS;
    this.#steps = continues
      ? [...this.#steps.slice(0, -1), { ...step, before: last.before }]
      : [...this.#steps.slice(1 - MOST_STEPS), step];
  }

  /** The newest step whose result still stands: what somebody else has changed since is not ours to take back. */
  peek(state: JsonObject): Step | undefined {
    return this.#steps.findLast(({ path, after }) => isEqual(valueAt(state, path), after));
  }

  /**
   * Takes `step` off, and what came after it; gives back the state without it. An object that the step has made goes
   * with it, unless it is in `saved`: others may have put something into it. Steps that were made as one are taken back
   * as one, as far as they still stand.
   */
  takeBack(step: Step, state: JsonObject, saved: JsonObject): JsonObject {
    this.#steps = this.#steps.slice(0, this.#steps.indexOf(step));
    const without =
      step.before === undefined ? withoutValueAt(state, step.path, saved) : withValueAt(state, step.path, step.before);
    const another = this.peek(without);
    return another && step.together && another.together === step.together
      ? this.takeBack(another, without, saved)
      : without;
  }

  clear(): void {
    this.#steps = [];
  }
}
