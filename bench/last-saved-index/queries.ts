import type pg from "pg";
import type { BenchCluster } from "../shared/cluster.ts";
import { median } from "../shared/report.ts";
import { randomNumbers } from "../shared/states.ts";
import { addGrownSessions } from "./growth.ts";
import { type DataOptions, userCount, userId } from "./template.ts";
import { QUERIED_VARIANTS, type Variant } from "./variants.ts";

const REPETITIONS = 3;
/** One in this many sessions is saved step by step, which scatters it over the table. */
const GROWN_SHARE = 400;

interface Query {
  readonly name: string;
  /** `$1` is a user's id. */
  readonly sql: string;
}

const SWEEP = "from wizard_sessions where status = 'in_progress' and last_saved_at < now() - interval '30 days'";
const SWEEPS: readonly Query[] = [
  { name: "sweep", sql: `select id ${SWEEP}` },
  { name: "sweep, any 500", sql: `select id ${SWEEP} limit 500` },
  { name: "sweep, the oldest 500", sql: `select id ${SWEEP} order by last_saved_at limit 500` },
];
const LISTS: readonly Query[] = [
  {
    name: "my latest session",
    sql: "select * from wizard_sessions where user_id = $1 order by last_saved_at desc limit 1",
  },
  {
    name: "my latest session in progress",
    sql: `select * from wizard_sessions
           where user_id = $1 and status = 'in_progress' order by last_saved_at desc limit 1`,
  },
  {
    name: "all users' latest 20",
    sql: "select * from wizard_sessions order by last_saved_at desc limit 20",
  },
  {
    name: "all users' latest 20 of the last day",
    sql: `select * from wizard_sessions
           where last_saved_at > now() - interval '1 day' order by last_saved_at desc limit 20`,
  },
  {
    name: "how many were last saved on a day a year ago",
    sql: `select count(*) from wizard_sessions
           where last_saved_at between now() - interval '366 days' and now() - interval '365 days'`,
  },
];

export interface QueryRun {
  readonly query: string;
  readonly variant: Variant;
  readonly milliseconds: number;
  /** Pages of 8 KiB that were read, from memory or disk. */
  readonly pages: number;
  readonly rows: number;
  readonly plan: string;
}

export interface QueryGroup {
  readonly title: string;
  readonly runs: QueryRun[];
}

/** Runs every query on each type of index, in turns, and returns the medians. */
export async function measureQueries(
  cluster: BenchCluster,
  options: DataOptions,
  progress: (line: string) => void,
): Promise<QueryGroup[]> {
  progress("adding grown sessions to the full tables");
  for (const variant of QUERIED_VARIANTS) {
    await addGrownSessions(cluster, variant, { ...options, sessions: Math.ceil(options.rows / GROWN_SHARE) });
  }
  const clients = new Map<Variant, pg.Client>();
  try {
    for (const variant of QUERIED_VARIANTS) {
      const client = await cluster.connect(variant.database);
      clients.set(variant, client);
      await client.query("vacuum (analyze) wizard_sessions");
    }
    progress("querying");
    const backlog = await takeTurns(clients, [...LISTS, ...SWEEPS], options);
    progress("running a sweep and querying again");
    for (const client of clients.values()) {
      await client.query("set session_replication_role = replica");
      await client.query(
        `update wizard_sessions set status = 'abandoned'
          where status = 'in_progress' and last_saved_at < now() - interval '31 days'`,
      );
      await client.query("vacuum (analyze) wizard_sessions");
    }
    const daily = await takeTurns(clients, SWEEPS, options);
    return [
      { title: "Queries without any sweep", runs: backlog },
      { title: "Queries a day after the last sweep", runs: daily },
    ];
  } finally {
    for (const client of clients.values()) await client.end();
  }
}

async function takeTurns(
  clients: ReadonlyMap<Variant, pg.Client>,
  queries: readonly Query[],
  options: DataOptions,
): Promise<QueryRun[]> {
  const random = randomNumbers(3);
  const users = Array.from({ length: REPETITIONS }, () => 1 + Math.floor(random() * userCount(options)));
  const medians: QueryRun[] = [];
  for (const { name, sql } of queries) {
    const samples: QueryRun[] = [];
    for (const user of users) {
      for (const [variant, client] of clients) {
        const query = sql.replace("$1", userId(String(user)));
        // The first run fills the caches, the second one counts.
        await explain(client, query);
        samples.push({ query: name, variant, ...(await explain(client, query)) });
      }
    }
    for (const variant of clients.keys()) {
      const own = samples.filter((run) => run.variant === variant);
      medians.push({
        ...(own.at(-1) as QueryRun),
        milliseconds: median(own.map(({ milliseconds }) => milliseconds)),
        pages: median(own.map(({ pages }) => pages)),
      });
    }
  }
  return medians;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
  readonly Plans?: readonly PlanNode[];
}

async function explain(client: pg.Client, sql: string): Promise<Omit<QueryRun, "query" | "variant">> {
  type Answer = { "QUERY PLAN": [{ Plan: PlanNode; "Execution Time": number }] };
  const { rows } = await client.query<Answer>(`explain (analyze, buffers, format json) ${sql}`);
  const [{ Plan: plan, "Execution Time": milliseconds }] = (rows[0] as Answer)["QUERY PLAN"];
  return {
    milliseconds,
    pages: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
    rows: plan["Actual Rows"],
    plan: scansOf(plan).join(", "),
  };
}

/** The scans of the table: the leaves of the plan. */
function scansOf({ "Node Type": type, "Index Name": index, Plans: plans = [] }: PlanNode): string[] {
  if (plans.length > 0) return plans.flatMap(scansOf);
  return [index === undefined ? type : `${type} ${index.replace("idx_wizard_sessions_", "")}`];
}
