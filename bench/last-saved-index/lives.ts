import type pg from "pg";
import type { BenchCluster } from "../shared/cluster.ts";
import { observe, type Work } from "../shared/counters.ts";
import { type Sizes, sizesOf } from "./sizes.ts";
import { type DataOptions, peopleOf, SAVES_PER_LIFE } from "./template.ts";
import { GROWN_VARIANTS, type Variant } from "./variants.ts";

const CONNECTIONS = 2;
const STATEMENTS_PER_TURN = 4_000;
/** A beginning, the saves, and the completion. */
const STATEMENTS_PER_LIFE = SAVES_PER_LIFE + 2;

export interface LivesResult {
  readonly variant: Variant;
  readonly turns: readonly Work[];
  readonly vacuums: number;
  readonly after: Sizes;
}

/**
 * Lets tables grow from nothing by sessions that begin empty, grow with each save and are completed. The variants
 * take turns. Each is vacuumed when autovacuum, as PostgreSQL sets it, would have seen to it.
 */
export async function measureLives(
  cluster: BenchCluster,
  options: DataOptions & { readonly lives: number },
  progress: (line: string) => void,
): Promise<LivesResult[]> {
  const turns = Math.ceil((options.lives * STATEMENTS_PER_LIFE) / STATEMENTS_PER_TURN);
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
          await observe(clients, STATEMENTS_PER_TURN, () => live(clients, STATEMENTS_PER_TURN, options)),
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

/** Lives some sessions in a table that is there already. */
export async function liveSome(
  cluster: BenchCluster,
  variant: Variant,
  options: DataOptions & { readonly lives: number },
): Promise<void> {
  const clients = await connectAll(cluster, variant);
  try {
    await live(clients, options.lives * STATEMENTS_PER_LIFE, options);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

async function connectAll(cluster: BenchCluster, { database }: Variant): Promise<[pg.Client, ...pg.Client[]]> {
  const connect = async () => {
    const client = await cluster.connect(database);
    // Waiting for the disk would hide what differs.
    await client.query("set synchronous_commit = off");
    return client;
  };
  return [await connect(), ...(await Promise.all(Array.from({ length: CONNECTIONS - 1 }, connect)))];
}

function live(clients: readonly pg.Client[], statements: number, options: DataOptions): Promise<unknown> {
  const share = Math.ceil(statements / clients.length);
  return Promise.all(
    clients.map((client, index) => client.query(`call bench.live(${index}, ${share}, ${peopleOf(options)})`)),
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
