import { isObject } from "../../json/equality.ts";
import { member, pointerTo } from "../../json/pointer.ts";

export interface Difference {
  /** Where in the state, as a JSON pointer. */
  readonly pointer: string;
  /** Undefined where there was, or is, nothing. */
  readonly before: unknown;
  readonly after: unknown;
}

/** What differs between two states, value by value; a list is one value. */
export function differencesOf(before: unknown, after: unknown, path: readonly string[] = []): Difference[] {
  if (isObject(before) || isObject(after)) {
    const [left, right] = [before, after].map((side) => (isObject(side) ? side : {}));
    const inside = [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])].flatMap((key) =>
      differencesOf(member(left, key), member(right, key), [...path, key]),
    );
    // An object against a text, or an empty object against nothing: no value further in tells that.
    const bothHold = (isObject(before) || before === undefined) && (isObject(after) || after === undefined);
    if (bothHold) return inside;
    return [{ pointer: pointerTo(path), before, after }];
  }
  return sameValue(before, after) ? [] : [{ pointer: pointerTo(path), before, after }];
}

function sameValue(left: unknown, right: unknown): boolean {
  return left === right || (Array.isArray(left) && JSON.stringify(left) === JSON.stringify(right));
}
