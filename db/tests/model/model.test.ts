import { describe, expect, it } from "@jest/globals";
import { TEMPLATE, testRootUrl } from "../../../testkit/cluster.ts";
import { useTestDatabase } from "../../../testkit/database.ts";
import { check, replay, shrink } from "./check.ts";
import { breaking, FAULTS } from "./faults.ts";

const db = useTestDatabase();
const cluster = () => ({ rootUrl: testRootUrl(), template: TEMPLATE });
const faultNamed = (name: string) =>
  FAULTS.filter((fault) => fault.name === name)
    .map(breaking)
    .join(";");

// `npm run test:model` runs more operations, with another seed each time.
it("500 random operations of twelve clients leave the database as the model says", async () => {
  const { failure, counts } = await check({ cluster: cluster(), seed: 1, operations: 500 });
  expect(failure?.difference).toBeUndefined();
  for (const outcome of ["SAVED", "MERGED", "CONFLICT", "DUPLICATE", "SAVE_ID_REUSED", "SESSION_COMPLETED"]) {
    expect(counts.get(`save ${outcome}`)).toBeGreaterThan(0);
  }
});

describe("a broken rule", () => {
  it("is found, and leaving out operations finds a shorter way to it", async () => {
    const change = faultNamed("a restore does not compare the base");
    const { failure } = await check({ cluster: cluster(), seed: 1, operations: 500, change });
    if (!failure) throw new Error("The fault was not found.");
    expect(failure.difference).toContain("REVISION_CONFLICT");
    const smallest = await shrink(cluster(), failure, change, 25);
    expect(smallest.operations.length).toBeLessThan(failure.operations.length);
    expect(await replay(cluster(), smallest.operations)).toBeUndefined();
  });

  it.each(FAULTS)("is a rule that the SQL has: $name", async (fault) => {
    await db.root.query(`begin; ${breaking(fault)}; rollback`);
  });
});
