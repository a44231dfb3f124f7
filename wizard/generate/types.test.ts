import { describe, expect, it } from "@jest/globals";
import type { Schema } from "../schema.ts";
import { TRIP } from "../testing/trip.ts";
import { typesOf } from "./types.ts";

/** The types of one stage with these fields, without comments and on single lines. */
const typesFor = async (schema: Schema) =>
  (await typesOf([{ key: "trip", schema }])).replace(/\/\*\*.*?\*\//gs, "").replace(/\s+/g, " ");

const group = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  title: "Trip",
  type: "object",
  properties,
  required,
});

describe("typesOf", () => {
  it("makes of drafts what may be missing, and of complete states what has to be there", async () => {
    const types = await typesFor(
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
    expect(types).toContain("export interface WizardState { trip?: DraftTrip; }");
    expect(types).toContain(
      "export interface DraftTrip { place?: string; nights?: number; days?: number[]; paid?: true; size?: 1 | 2; }",
    );
    expect(types).toContain("export interface CompleteWizardState { trip: CompleteTrip; }");
    expect(types).toContain(
      "export interface CompleteTrip { place: string; nights?: number; days?: number[]; paid: true; size?: 1 | 2; }",
    );
  });

  it("makes a type of groups and of entries of collections", async () => {
    const home = group({ city: { title: "City", type: "string" } }, ["city"]);
    const types = await typesFor(
      group({
        home,
        stops: {
          title: "Stops",
          type: "object",
          maxProperties: 3,
          additionalProperties: { ...home, title: "Long stop" },
        },
      }),
    );
    expect(types).toContain(
      "export interface DraftTrip { home?: DraftTripHome; stops?: { [k: string]: DraftLongStop; }; }",
    );
    expect(types).toContain("export interface DraftLongStop { city?: string; }");
    expect(types).toContain(
      "export interface CompleteTrip { home?: CompleteTripHome; stops?: { [k: string]: CompleteLongStop; }; }",
    );
    expect(types).toContain("export interface CompleteLongStop { city: string; }");
    expect(types).toContain("export interface CompleteTripHome { city: string; }");
  });

  it("has a variant for each situation in which other fields are asked for", async () => {
    const types = await typesFor(TRIP);
    const stops = "stops?: { [k: string]: CompleteStop; };";
    const byTrain = (means: string, phone: string) =>
      `{ means: "${means}"; line: string; seat?: string; tyres?: undefined; ${phone} ${stops} note?: string; }`;
    const byBicycle = (phone: string) =>
      `{ means: "bicycle"; line?: undefined; seat?: undefined; tyres: string; ${phone} ${stops} note: string; }`;
    const withPhone = "phone: string; hours: string;";
    const noPhone = "phone?: undefined; hours?: undefined;";
    expect(types).toContain(
      `export type CompleteTrip = ${[
        ...[byTrain("train", withPhone), byTrain("train", noPhone)],
        ...[byBicycle(withPhone), byBicycle(noPhone)],
        ...[byTrain("both", withPhone), byTrain("both", noPhone)],
      ]
        .map((variant) => `| ${variant}`)
        .join(" ")};`,
    );
  });

  it("says of each field what its description says", async () => {
    const types = await typesOf([{ key: "trip", schema: TRIP }]);
    expect(types).toContain("  /**\n   * In case of delays.\n   */\n  phone?: string;\n");
    expect(types).toContain("/**\n * How somebody travels.\n */\nexport interface DraftTrip {\n");
  });
});
