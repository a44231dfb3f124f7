import type pg from "pg";
import type { BenchCluster } from "../shared/cluster.ts";
import { observe, type Work } from "../shared/counters.ts";
import { edit, pick, randomNumbers } from "../shared/states.ts";
import { type Sizes, sizesOf } from "./sizes.ts";
import { SAVED_VARIANTS, type Variant } from "./variants.ts";

const CONNECTIONS = 8;
/** The sessions that users still work on: 3,400 of a million. */
const ACTIVE = "status = 'in_progress' and started_at > now() - interval '25 days'";

export interface SavesOptions {
  readonly rounds: number;
  /** The number of saves per variant and round, for each kind of commit. */
  readonly savesPerTurn: number;
}

export interface SavesResult {
  readonly variant: Variant;
  readonly durable: readonly Work[];
  readonly asynchronous: readonly Work[];
  readonly before: Sizes;
  readonly after: Sizes;
}

/** Saves to each variant in turns. Each turn starts with a checkpoint. */
export async function measureSaves(
  cluster: BenchCluster,
  { rounds, savesPerTurn }: SavesOptions,
  progress: (line: string) => void,
): Promise<SavesResult[]> {
  const participants = await Promise.all(
    SAVED_VARIANTS.map((variant) =>
      cluster.using(variant.database, async (client) => ({
        variant,
        editors: makeEditors(await activeSessions(client)),
        durable: [] as Work[],
        asynchronous: [] as Work[],
        before: await sizesOf(client),
      })),
    ),
  );
  for (let round = 0; round < rounds; round++) {
    progress(`saving to the full tables: round ${round + 1} of ${rounds}`);
    for (let place = 0; place < participants.length; place++) {
      // Each round starts with another variant, so that none always follows the same one.
      const { variant, editors, durable, asynchronous } = pickAt(participants, place + 2 * round);
      durable.push(await takeTurn(cluster, variant, editors, "on", savesPerTurn));
      asynchronous.push(await takeTurn(cluster, variant, editors, "off", savesPerTurn));
    }
  }
  return Promise.all(
    participants.map(async (participant) => ({
      ...participant,
      after: await cluster.using(participant.variant.database, sizesOf),
    })),
  );
}

type Editor = (client: pg.Client) => Promise<unknown>;

async function takeTurn(
  cluster: BenchCluster,
  { database }: Variant,
  editors: readonly Editor[],
  commit: "on" | "off",
  saves: number,
): Promise<Work> {
  const clients = await Promise.all(editors.map(() => cluster.connect(database)));
  try {
    for (const client of clients) await client.query(`set synchronous_commit = ${commit}`);
    await clients[0]?.query("checkpoint");
    let left = saves;
    return await observe(clients, saves, () =>
      Promise.all(
        clients.map(async (client, index) => {
          while (left-- > 0) await editors[index]?.(client);
        }),
      ),
    );
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

interface Session {
  readonly id: string;
  state: string;
}

async function activeSessions(client: pg.Client): Promise<Session[]> {
  const { rows } = await client.query<Session>(
    `select id, state::text from wizard_sessions where ${ACTIVE} order by started_at`,
  );
  return rows;
}

/** Autosaves of full states: each connection changes one word in one of the active sessions. */
function makeEditors(active: readonly Session[]): Editor[] {
  return Array.from({ length: CONNECTIONS }, (_, connection) => {
    const random = randomNumbers(100 + connection);
    // No two connections save the same session, because lock waits are not measured.
    const own = active.filter((_, index) => index % CONNECTIONS === connection);
    return (client) => {
      const session = pick(own, random);
      session.state = edit(session.state, random);
      return client.query({
        name: "save",
        text: "update wizard_sessions set state = $2 where id = $1",
        values: [session.id, session.state],
      });
    };
  });
}

function pickAt<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}
