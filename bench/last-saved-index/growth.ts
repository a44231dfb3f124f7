import type pg from "pg";
import type { BenchCluster } from "../shared/cluster.ts";
import { observe, type Work } from "../shared/counters.ts";
import { type Sizes, sizesOf } from "./sizes.ts";
import { type DataOptions, SAVES_PER_SESSION, userCount } from "./template.ts";
import { GROWN_VARIANTS, type Variant } from "./variants.ts";

const CONNECTIONS = 2;
const STATEMENTS_PER_TURN = 4_000;
/** The insert, the saves, and the completion. */
const STATEMENTS_PER_SESSION = SAVES_PER_SESSION + 2;

export interface GrowthResult {
  readonly variant: Variant;
  readonly turns: readonly Work[];
  readonly vacuums: number;
  readonly after: Sizes;
}

/**
 * Grows tables from empty, with sessions that are started, saved and completed. The variants take turns. Each is vacuumed
 * when autovacuum would, with PostgreSQL's default settings.
 */
export async function measureGrowth(
  cluster: BenchCluster,
  options: DataOptions & { readonly sessions: number },
  progress: (line: string) => void,
): Promise<GrowthResult[]> {
  const turns = Math.ceil((options.sessions * STATEMENTS_PER_SESSION) / STATEMENTS_PER_TURN);
  const participants = await Promise.all(
    GROWN_VARIANTS.map(async (variant) => ({
      variant,
      clients: await connectAll(cluster, variant),
      turns: [] as Work[],
      vacuums: 0,
    })),
  );
  try {
    for (let turn = 0; turn < turns; turn++) {
      if (turn % 20 === 0) progress(`growing tables: turn ${turn + 1} of ${turns}`);
      for (const participant of participants) {
        const { clients } = participant;
        participant.turns.push(
          await observe(clients, STATEMENTS_PER_TURN, () => runSessions(clients, STATEMENTS_PER_TURN, options)),
        );
        if (await vacuumIfDue(clients[0])) participant.vacuums++;
      }
    }
    return await Promise.all(
      participants.map(async (participant) => ({ ...participant, after: await sizesOf(participant.clients[0]) })),
    );
  } finally {
    for (const { clients } of participants) await Promise.all(clients.map((client) => client.end()));
  }
}

/** Runs sessions from start to completion in a filled table. */
export async function addGrownSessions(
  cluster: BenchCluster,
  variant: Variant,
  options: DataOptions & { readonly sessions: number },
): Promise<void> {
  const clients = await connectAll(cluster, variant);
  try {
    await runSessions(clients, options.sessions * STATEMENTS_PER_SESSION, options);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

async function connectAll(cluster: BenchCluster, { database }: Variant): Promise<[pg.Client, ...pg.Client[]]> {
  const connect = async () => {
    const client = await cluster.connect(database);
    // Waiting for the disk would hide the differences.
    await client.query("set synchronous_commit = off");
    return client;
  };
  return [await connect(), ...(await Promise.all(Array.from({ length: CONNECTIONS - 1 }, connect)))];
}

function runSessions(clients: readonly pg.Client[], statements: number, options: DataOptions): Promise<unknown> {
  const share = Math.ceil(statements / clients.length);
  return Promise.all(
    clients.map((client, index) => client.query(`call bench.run_sessions(${index}, ${share}, ${userCount(options)})`)),
  );
}

async function vacuumIfDue(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ due: boolean }>(
    `select n_dead_tup > 50 + 0.2 * n_live_tup as due
       from pg_stat_user_tables where relid = 'wizard_sessions'::regclass`,
  );
  if (!rows[0]?.due) return false;
  await client.query("vacuum (analyze) wizard_sessions");
  return true;
}
