import { isObject } from "../../json/equality.ts";
import { member, pointerTo } from "../../json/pointer.ts";

export interface Difference {
  /** The JSON pointer of the value in the state. */
  readonly pointer: string;
  /** Undefined if there was no value, or is none now. */
  readonly before: unknown;
  readonly after: unknown;
}

/** The differences between two states, value by value. An array is one value. */
export function differencesOf(before: unknown, after: unknown, path: readonly string[] = []): Difference[] {
  if (isObject(before) || isObject(after)) {
    const [left, right] = [before, after].map((side) => (isObject(side) ? side : {}));
    const inside = [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])].flatMap((key) =>
      differencesOf(member(left, key), member(right, key), [...path, key]),
    );
    // An object was replaced by another kind of value, or the other way round: the values inside do not show that.
    const bothHold = (isObject(before) || before === undefined) && (isObject(after) || after === undefined);
    if (bothHold) return inside;
    return [{ pointer: pointerTo(path), before, after }];
  }
  return sameValue(before, after) ? [] : [{ pointer: pointerTo(path), before, after }];
}

function sameValue(left: unknown, right: unknown): boolean {
  return left === right || (Array.isArray(left) && JSON.stringify(left) === JSON.stringify(right));
}
