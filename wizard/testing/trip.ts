import type { Schema } from "../schema.ts";
import trip from "./trip/1-trip.schema.json" with { type: "json" };

const read: unknown = trip;

/**
 * A stage that is not the wizard's, for tests of what reads stages: it has two branches that depend on one field, one
 * that depends on any answer, and a collection.
 */
export const TRIP = read as Schema;
