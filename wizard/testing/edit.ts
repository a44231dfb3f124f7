import { isObject, type UnknownObject } from "../../json/equality.ts";
import { segmentsOf } from "../../json/pointer.ts";

/** A copy of a state with one value replaced. Missing groups on the way to it are created. */
export function withValue(state: unknown, pointer: string, value: unknown): UnknownObject {
  const [name = "", ...rest] = segmentsOf(pointer);
  const group = isObject(state) ? state : {};
  const inner = rest.length === 0 ? value : withValue(group[name], pointer.slice(pointer.indexOf("/", 1)), value);
  return { ...group, [name]: inner };
}

/** A copy of a state without one value. */
export function without(state: unknown, pointer: string): UnknownObject {
  const [name = "", ...rest] = segmentsOf(pointer);
  const { [name]: value, ...others } = isObject(state) ? state : {};
  return rest.length === 0 ? others : { ...others, [name]: without(value, pointer.slice(pointer.indexOf("/", 1))) };
}
