import { describe, expect, it } from "@jest/globals";
import type { Schema } from "../schema.ts";
import { TRIP } from "../testing/trip.ts";
import { stateTypeOf } from "./stateType.ts";

/** The type for one stage with this schema, without comments and on a single line. */
const typeFor = async (schema: Schema) =>
  (await stateTypeOf([{ key: "trip", schema }]))
    .replace(/\/\*\*.*?\*\//gs, "")
    .replace(/\s+/g, " ")
    .trim();

const group = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  title: "Trip",
  type: "object",
  properties,
  required,
});

describe("stateTypeOf", () => {
  it("makes every field optional and lists the values of choices", async () => {
    const type = await typeFor(
      group(
        {
          place: { title: "Place", type: "string" },
          nights: { title: "Nights", type: "integer" },
          days: { title: "Days", type: "array", items: { type: "integer" } },
          paid: { title: "Paid", type: "boolean", const: true },
          size: { title: "Size", type: "integer", enum: [1, 2] },
        },
        ["place", "paid"],
      ),
    );
    expect(type).toBe(
      "export interface WizardState { trip?: " +
        "{ place?: string; nights?: number; days?: number[]; paid?: true; size?: 1 | 2; }; }",
    );
  });

  it("nests groups and the entries of collections", async () => {
    const home = group({ city: { title: "City", type: "string" } }, ["city"]);
    const stops: Schema = { title: "Stops", type: "object", maxProperties: 3, additionalProperties: home };
    expect(await typeFor(group({ home, stops }))).toBe(
      "export interface WizardState { trip?: { home?: { city?: string; }; stops?: { [k: string]: { city?: string; }; }; }; }",
    );
  });

  it("has the fields of every case", async () => {
    expect(await typeFor(TRIP)).toBe(
      'export interface WizardState { trip?: { means?: "train" | "bicycle" | "both"; line?: string; seat?: string; ' +
        "tyres?: string; phone?: string; hours?: string; " +
        "stops?: { [k: string]: { place?: string; nights?: number; }; }; note?: string; }; }",
    );
  });

  it("copies the descriptions of stages and fields", async () => {
    const type = await stateTypeOf([{ key: "trip", schema: TRIP }]);
    expect(type).toContain("    /**\n     * In case of delays.\n     */\n    phone?: string;\n");
    expect(type).toContain("  /**\n   * How a person travels.\n   */\n  trip?: {\n");
  });
});
