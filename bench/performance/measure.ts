import type { BenchCluster } from "../shared/cluster.ts";
import { cpuSeconds, parentOf, postgresCpuSeconds, residentBytes } from "../shared/processes.ts";
import { sum } from "../shared/report.ts";
import { type Contestant, isRead } from "./contestants.ts";
import { countSaves, createDatabase, type FilledDatabase } from "./databases.ts";
import { type Load, startLoad, type Turn } from "./loadProcess.ts";
import { OPERATIONS } from "./operations.ts";
import type { ContestantResult, Round } from "./results.ts";
import { OUR_SERVER, type Server, startServer } from "./servers.ts";

export interface MeasureOptions {
  readonly users: number;
  readonly stateBytes: number;
  readonly connections: number;
  readonly rounds: number;
  readonly warmSeconds: number;
  readonly turn: Turn;
  readonly logFolder: string;
}

interface Entrant {
  readonly contestant: Contestant;
  readonly database: FilledDatabase;
  readonly server: Server;
  readonly load: Load;
  readonly rounds: Round[];
  answers: number;
}

/**
 * Starts and warms every contestant, then lets them take turns. Every second round has the opposite order.
 * @throws if an answer is not correct, or if the databases have another number of saves than there were answers.
 */
export async function measureContestants(
  cluster: BenchCluster,
  contestants: readonly Contestant[],
  options: MeasureOptions,
  progress: (line: string) => void,
): Promise<ContestantResult[]> {
  const entrants: Entrant[] = [];
  const observer = await openObserver(cluster);
  try {
    await cluster.withoutFsync(async () => {
      for (const contestant of contestants) {
        progress(`${contestant.key}: starting`);
        entrants.push(await enter(cluster, contestant, options));
      }
    });
    for (const entrant of entrants) {
      progress(`${entrant.contestant.key}: warming`);
      await takeTurn(entrant, { rampSeconds: 0, seconds: options.warmSeconds }, observer.observe);
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const entrant of round % 2 === 0 ? entrants : entrants.toReversed()) {
        const measured = await takeTurn(entrant, options.turn, observer.observe);
        entrant.rounds.push(measured);
        const speed = Math.round(measured.answers / measured.seconds);
        progress(`round ${round + 1} of ${options.rounds}: ${entrant.contestant.key}, ${speed} per second`);
      }
    }
  } finally {
    await observer.close();
    await Promise.all(entrants.flatMap(({ server, load }) => [server.stop(), load.stop()]));
  }
  const results: ContestantResult[] = [];
  for (const { contestant, database, answers, server, rounds } of entrants) {
    const saves = isRead(contestant) ? 0 : answers;
    const { written, inTitles } = await countSaves(cluster, contestant, database);
    if (written !== saves || inTitles !== saves) {
      throw new Error(
        `${contestant.key}: ${saves} saves were answered, but the database has ${written}, and ${inTitles} by their titles.`,
      );
    }
    results.push({ key: contestant.key, startSeconds: server.startSeconds, saves, rounds });
  }
  return results;
}

async function enter(cluster: BenchCluster, contestant: Contestant, options: MeasureOptions): Promise<Entrant> {
  const database = await createDatabase(cluster, contestant, options);
  const databaseUrl = cluster.url(contestant.role, database.name);
  const { peer } = contestant;
  const server = await startServer({
    file: peer ? `bench/peers/${peer}` : OUR_SERVER,
    settings: peer
      ? { DATABASE_URL: databaseUrl, ...contestant.settings }
      : { DATABASE_URL: cluster.url("stagekeep_owner", database.name), AUTH_DATABASE_URL: databaseUrl },
    logFolder: options.logFolder,
  });
  try {
    const load = await startLoad({
      url: server.url,
      operation: contestant.operation,
      connections: options.connections,
      watched: contestant.watched ?? false,
      sessions: database.sessions,
    });
    return { contestant, database, server, load, rounds: [], answers: 0 };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function takeTurn(entrant: Entrant, turn: Turn, observe: (pid: number) => Promise<Counters>): Promise<Round> {
  const { contestant, load, server } = entrant;
  const { window, totals, before, after } = await load.run(turn, () => observe(server.pid));
  if (totals.problem !== undefined) throw new Error(`${contestant.key}: ${totals.problem}`);
  const answers = totals.outcomes[OPERATIONS[contestant.operation].expected] ?? 0;
  entrant.answers += answers;
  return {
    ...window,
    serverCpuSeconds: after.server - before.server,
    postgresCpuSeconds: after.postgres - before.postgres,
    walBytes: after.wal - before.wal,
    residentBytes: residentBytes(server.pid),
    outcomes: totals.outcomes,
    ...(contestant.watched && { eventsPerSave: totals.events / sum(Object.values(totals.outcomes)) }),
  };
}

interface Counters {
  readonly server: number;
  readonly postgres: number;
  readonly wal: number;
}

/** Reads the counters of a server process and of PostgreSQL, on a connection that stays open. */
async function openObserver(cluster: BenchCluster) {
  const client = await cluster.connect("postgres");
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const postmaster = parentOf(rows[0]?.pid ?? 0);
  return {
    async observe(pid: number): Promise<Counters> {
      const times = { server: cpuSeconds(pid), postgres: postgresCpuSeconds(postmaster) };
      const { rows: positions } = await client.query<{ wal: number }>(
        "select (pg_current_wal_lsn() - '0/0')::float8 as wal",
      );
      return { ...times, wal: positions[0]?.wal ?? Number.NaN };
    },
    close: () => client.end(),
  };
}
