import { readFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { STAGES } from "./stages.ts";

describe("STAGES", () => {
  it("are the six stages of the wizard in order", () => {
    expect(STAGES.map(({ number, key, title }) => `${number} ${key}: ${title}`)).toEqual([
      "1 basics: Basics",
      "2 schedule: Date and time",
      "3 location: Place",
      "4 tickets: Tickets",
      "5 page: Event page",
      "6 publish: Review and publish",
    ]);
  });

  it.each(STAGES)("match the file $number-$key", async ({ number, key, title, schema }) => {
    const file = new URL(`./${number}-${key}.schema.json`, import.meta.url);
    expect(schema).toEqual(JSON.parse(await readFile(file, "utf8")));
    expect(schema).toMatchObject({ $id: `urn:stagekeep:wizard:${key}`, title });
  });

  it("describe every field", () => {
    const unexplained = JSON.stringify(
      STAGES.map(({ schema }) => schema),
      (key, value) => {
        if (key === "if") return undefined;
        return typeof value?.type === "string" && !value.description ? `no description: ${value.title}` : value;
      },
    );
    expect(unexplained).not.toContain("no description");
  });
});
