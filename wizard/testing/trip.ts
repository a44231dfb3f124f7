import type { Schema } from "../schema.ts";
import trip from "./trip/1-trip.schema.json" with { type: "json" };

const schema: unknown = trip;

/**
 * A stage for tests of the code that reads stages. It has two branches that depend on the value of a field, one that
 * depends on a field having any answer, and a collection.
 */
export const TRIP = schema as Schema;
