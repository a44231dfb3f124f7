import { randomUUID } from "node:crypto";
import type pg from "pg";
import { type BenchCluster, TEMPLATE } from "../shared/cluster.ts";
import { observe, type Work } from "../shared/counters.ts";
import { makeNoise, makeState, pick, randomNumbers } from "../shared/states.ts";
import { type Session, VARIANTS, type Variant } from "./variants.ts";

// The distance between two checkpoints of the history, so each turn includes one.
const SAVES_PER_TURN = 50;
const READS = 15;
const USER = "ada00000-0000-4000-8000-000000000000";
const TITLES = ["Summer party", "Summer parties", "Summer fête", "A party in summer", "The party of the summer"];

export interface RecordingOptions {
  /** Approximate sizes of the states, in bytes of JSON text. */
  readonly sizes: readonly number[];
  readonly text: "words" | "noise";
  readonly rounds: number;
  readonly savesPerRound: number;
}

export interface RecordingResult {
  readonly bytes: number;
  readonly variant: Variant;
  readonly turns: readonly Work[];
  readonly savesPerSession: number;
  /** Disk space of the revisions per session, including indexes and TOAST. */
  readonly historyBytes: number;
  /** Seconds to read a checkpoint, and the revision that is farthest from one. */
  readonly reads: { readonly whole: readonly number[]; readonly folded: readonly number[] } | undefined;
}

/** Saves one session per database. The databases take turns, starting with another one each round. */
export async function measureRecording(
  cluster: BenchCluster,
  { sizes, text, rounds, savesPerRound }: RecordingOptions,
  progress: (line: string) => void,
): Promise<RecordingResult[]> {
  await cluster.using(TEMPLATE, async (client) => {
    await client.query("create extension pg_walinspect");
    await client.query("insert into profiles (id) values ($1)", [USER]);
  });
  const results: RecordingResult[] = [];
  for (const bytes of sizes) {
    const participants: Participant[] = [];
    try {
      for (const variant of VARIANTS) participants.push(await participate(cluster, variant, bytes));
      for (let round = 0; round < rounds; round++) {
        progress(`states of ${bytes} bytes: round ${round + 1} of ${rounds}`);
        const state = (text === "words" ? makeState : makeNoise)(bytes, randomNumbers(round));
        await saveInTurns(participants, { state, round, turns: Math.ceil(savesPerRound / SAVES_PER_TURN) });
      }
      for (const participant of participants) results.push(await resultOf(participant, bytes, rounds));
    } finally {
      for (const { admin, saver } of participants) await Promise.all([admin.end(), saver.end()]);
    }
  }
  return results;
}

interface Participant {
  readonly variant: Variant;
  /** Reads the results, and cleans up. */
  readonly admin: pg.Client;
  readonly saver: pg.Client;
  readonly turns: Work[];
  last: Session | undefined;
}

async function participate(cluster: BenchCluster, variant: Variant, bytes: number): Promise<Participant> {
  const database = `recording_${VARIANTS.indexOf(variant)}_${bytes}`;
  await cluster.using("postgres", (client) => client.query(`create database ${database} template ${TEMPLATE}`));
  const [admin, saver] = [await cluster.connect(database), await cluster.connect(database)];
  for (const table of ["wizard_sessions", "wizard_session_revisions"]) {
    // It would run during a measurement.
    await admin.query(`alter table ${table} set (autovacuum_enabled = off, toast.autovacuum_enabled = off)`);
  }
  if (!variant.recorded) {
    await admin.query("drop trigger _500_record_start on wizard_sessions");
    await admin.query("drop trigger _510_record_save on wizard_sessions");
  }
  // Waiting for the disk would hide the differences.
  await saver.query("set synchronous_commit = off");
  await saver.query("select set_config('request.jwt.claims', $1, false)", [JSON.stringify({ sub: USER })]);
  await saver.query("set role authenticated");
  return { variant, admin, saver, turns: [], last: undefined };
}

async function saveInTurns(
  participants: readonly Participant[],
  { state, round, turns }: { readonly state: string; readonly round: number; readonly turns: number },
): Promise<void> {
  const sessions = await Promise.all(
    participants.map(async (participant) => {
      const session: Session = { id: randomUUID(), state: JSON.parse(state), revision: 0 };
      await participant.saver.query("insert into wizard_sessions (id, state) values ($1, $2)", [session.id, state]);
      participant.last = session;
      return session;
    }),
  );
  const random = randomNumbers(1000 + round);
  for (let turn = 0; turn < turns; turn++) {
    const titles = Array.from({ length: SAVES_PER_TURN }, (_, save) => `${pick(TITLES, random)} ${turn}/${save}`);
    for (let place = 0; place < participants.length; place++) {
      const index = (place + turn) % participants.length;
      const { variant, admin, saver, turns } = participants[index] as Participant;
      const session = sessions[index] as Session;
      turns.push(
        await observe([admin, saver], SAVES_PER_TURN, async () => {
          for (const title of titles) await variant.save(saver, session, title);
        }),
      );
    }
  }
  // As autovacuum would: makes the space of pruned rows reusable.
  for (const { admin } of participants) await admin.query("vacuum wizard_sessions, wizard_session_revisions");
}

async function resultOf(participant: Participant, bytes: number, rounds: number): Promise<RecordingResult> {
  const { variant, admin, turns } = participant;
  const { rows } = await admin.query<{ bytes: number }>(
    "select pg_total_relation_size('wizard_session_revisions')::float8 as bytes",
  );
  return {
    bytes,
    variant,
    turns,
    savesPerSession: (turns.length * SAVES_PER_TURN) / rounds,
    historyBytes: (rows[0]?.bytes ?? 0) / rounds,
    reads: variant.recorded ? await readBack(participant) : undefined,
  };
}

async function readBack({ admin, saver, last }: Participant): Promise<RecordingResult["reads"]> {
  const { rows } = await admin.query<{ whole: number; folded: number }>(
    `select checkpoint as whole, revision as folded
       from (
         select revision, max(revision) filter (where snapshot is not null) over (order by revision) as checkpoint
           from wizard_session_revisions where session_id = $1
       ) _
      order by revision - checkpoint desc, revision desc limit 1`,
    [last?.id],
  );
  const reads = { whole: [] as number[], folded: [] as number[] };
  for (let read = 0; read < READS; read++) {
    for (const [kind, revision] of Object.entries(rows[0] ?? {})) {
      const started = performance.now();
      await saver.query({
        name: "read",
        text: "select * from wizard_session_at($1, $2)",
        values: [last?.id, revision],
      });
      reads[kind as keyof typeof reads].push((performance.now() - started) / 1000);
    }
  }
  return reads;
}
