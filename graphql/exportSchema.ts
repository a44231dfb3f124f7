import type { Pool } from "pg";
import { makeSchema } from "postgraphile";
import { lexicographicSortSchema, printSchema } from "postgraphile/graphql";
import { makePreset } from "./preset.ts";

/** The API's schema in SDL, sorted, for a database that `pool` connects to. */
export async function exportSchema(pool: Pool): Promise<string> {
  const preset = makePreset({ pool, claimsOf: () => undefined, logMasked: () => {} });
  const { schema } = await makeSchema(preset);
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
