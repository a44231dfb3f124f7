import { type BenchCluster, TEMPLATE } from "../shared/cluster.ts";
import { fillTable } from "./fill.ts";
import type { DataOptions } from "./template.ts";

export interface Variant {
  readonly name: string;
  /** The end of `create index ... on wizard_sessions`, or null for no index on the column. */
  readonly index: string | null;
  readonly fillfactor: number;
  /** The name of the database. */
  readonly database: string;
}

const BTREE = { name: "B-tree", index: "(last_saved_at)" };
const BRIN = { name: "BRIN", index: "using brin (last_saved_at)" };
const BRIN_32 = {
  name: "BRIN, 32 pages, autosummarize",
  index: "using brin (last_saved_at) with (pages_per_range = 32, autosummarize = on)",
};
const BRIN_MULTI = {
  name: "BRIN, minmax-multi, autosummarize",
  index: "using brin (last_saved_at timestamptz_minmax_multi_ops) with (autosummarize = on)",
};
const NONE = { name: "none", index: null };

/** The first one of each list is the base of the comparison. */
export const SAVED_VARIANTS: readonly Variant[] = [
  { ...BTREE, fillfactor: 100 },
  { ...BTREE, fillfactor: 80 },
  { ...BRIN, fillfactor: 100 },
  { ...BRIN, fillfactor: 90 },
  { ...BRIN, fillfactor: 80 },
  { ...BRIN, fillfactor: 70 },
  { ...BRIN_32, fillfactor: 80 },
  { ...BRIN_MULTI, fillfactor: 80 },
  { ...NONE, fillfactor: 80 },
].map((variant, number) => ({ ...variant, database: `saved_${number}` }));

export const QUERIED_VARIANTS = SAVED_VARIANTS.filter(({ fillfactor }) => fillfactor === 80);

export const GROWN_VARIANTS: readonly Variant[] = [
  { ...BTREE, fillfactor: 100 },
  { ...BTREE, fillfactor: 80 },
  { ...BRIN, fillfactor: 100 },
  { ...BRIN, fillfactor: 90 },
  { ...BRIN, fillfactor: 85 },
  { ...BRIN, fillfactor: 80 },
  { ...BRIN, fillfactor: 70 },
].map((variant, number) => ({ ...variant, database: `grown_${number}` }));

/** Creates the databases of both lists: filled ones and empty ones. */
export async function buildVariants(
  cluster: BenchCluster,
  options: DataOptions,
  progress: (line: string) => void,
): Promise<void> {
  await cluster.using("postgres", async (admin) => {
    const clone = (database: string, source: string) =>
      admin.query(`create database ${database} template ${source} strategy file_copy`);

    for (const variant of GROWN_VARIANTS) {
      await clone(variant.database, TEMPLATE);
      await adapt(cluster, variant);
    }
    const filled = [...new Set(SAVED_VARIANTS.map(({ fillfactor }) => fillfactor))];
    for (const fillfactor of filled) {
      progress(`filling a table with fillfactor ${fillfactor}: ${options.rows} rows`);
      await clone(`filled_${fillfactor}`, TEMPLATE);
      await cluster.using(`filled_${fillfactor}`, async (client) => {
        await client.query(`alter table wizard_sessions set (fillfactor = ${fillfactor})`);
        await fillTable(client, options);
      });
    }
    for (const variant of SAVED_VARIANTS) {
      progress(`copying it and creating its index: ${variant.name}, fillfactor ${variant.fillfactor}`);
      await clone(variant.database, `filled_${variant.fillfactor}`);
      await adapt(cluster, variant);
    }
    for (const fillfactor of filled) await admin.query(`drop database filled_${fillfactor}`);
  });
}

async function adapt(cluster: BenchCluster, { database, index, fillfactor }: Variant): Promise<void> {
  await cluster.using(database, async (client) => {
    await client.query(`alter table wizard_sessions set (fillfactor = ${fillfactor})`);
    await client.query("drop index idx_wizard_sessions_last_saved_at");
    if (index === null) return;
    await client.query(`create index idx_wizard_sessions_last_saved_at on wizard_sessions ${index}`);
  });
}
