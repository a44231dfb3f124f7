import type { Json, JsonObject } from "../../json/equality.ts";
import { segmentsOf, withValueAt } from "../../json/pointer.ts";

/** A copy of a state with one value replaced. Missing groups on the way to it are created. */
export function withValue(state: unknown, pointer: string, value: unknown): JsonObject {
  return withValueAt(state as JsonObject, segmentsOf(pointer), value as Json | undefined);
}

/** A copy of a state without one value. */
export function without(state: unknown, pointer: string): JsonObject {
  return withValue(state, pointer, undefined);
}
