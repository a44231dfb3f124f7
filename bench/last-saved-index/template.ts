import { type BenchCluster, TEMPLATE } from "../shared/cluster.ts";
import { begun, makeState, randomNumbers } from "../shared/states.ts";

export interface DataOptions {
  readonly rows: number;
  readonly stateBytes: number;
}

/** The number of different states in a table. Sharing saves no space. */
export const STATES = 256;
export const SAVES_PER_SESSION = 40;
const SESSIONS_PER_CONNECTION = 50;
const DRAFTS = 100;

/** The number of users, with twenty sessions each on average. */
export function userCount({ rows }: DataOptions): number {
  return Math.ceil(rows / 20);
}

/** The id of the user with this number, as SQL. */
export const userId = (number: string) => `md5('person ' || ${number})::uuid`;

/** Adds what every variant needs: users, states, and a procedure that runs sessions from start to completion. */
export async function prepareTemplate(cluster: BenchCluster, options: DataOptions): Promise<void> {
  const random = randomNumbers(2);
  const someState = () => makeState(options.stateBytes * (0.5 + random()), random);
  const drafts = Array.from({ length: DRAFTS }, (_, draft) => {
    const state = someState();
    return Array.from({ length: SAVES_PER_SESSION }, (_, index) => ({
      draft,
      saves: index + 1,
      state: JSON.parse(begun(state, (index + 1) / SAVES_PER_SESSION)),
    }));
  });
  await cluster.using(TEMPLATE, async (client) => {
    await client.query(`insert into profiles (id) select ${userId("n")} from generate_series(1, $1) n`, [
      userCount(options),
    ]);
    await client.query(`
      create extension pg_walinspect;
      create schema bench;
      create table bench.states (number serial primary key, state jsonb);
      create table bench.drafts (draft int, saves int, state jsonb, primary key (draft, saves));
      create table bench.open_sessions (connection int primary key, ids uuid[], drafts int[], saves int[]);
    `);
    await client.query("insert into bench.states (state) select value::jsonb from unnest($1::text[]) value", [
      Array.from({ length: STATES }, someState),
    ]);
    await client.query(
      `insert into bench.drafts
       select draft, saves, state from jsonb_to_recordset($1) as _ (draft int, saves int, state jsonb)`,
      [JSON.stringify(drafts.flat())],
    );
    await client.query("vacuum (analyze)");
    await client.query(RUN_SESSIONS);
  });
}

// Runs in the database, so that no time is spent in the client. Each statement is its own transaction, like an autosave.
// The next call continues with the open sessions.
const RUN_SESSIONS = `
create procedure bench.run_sessions(v_connection int, v_statements int, v_users int) as $$
declare
  v_ids    uuid[];
  v_drafts int[];
  v_saves  int[];
  v_state  jsonb;
  i        int;
begin
  select ids, drafts, saves into v_ids, v_drafts, v_saves from bench.open_sessions where connection = v_connection;
  if not found then
    v_saves := array_fill(-1, array[${SESSIONS_PER_CONNECTION}]);
    insert into bench.open_sessions (connection) values (v_connection);
  end if;
  for _ in 1 .. v_statements loop
    i := 1 + floor(random() * ${SESSIONS_PER_CONNECTION});
    v_saves[i] := v_saves[i] + 1;
    if v_saves[i] = 0 then
      v_ids[i] := gen_random_uuid();
      v_drafts[i] := floor(random() * ${DRAFTS});
      insert into wizard_sessions (id, user_id)
      values (v_ids[i], ${userId("(1 + floor(random() * v_users))::int")});
    elsif v_saves[i] <= ${SAVES_PER_SESSION} then
      select state into strict v_state from bench.drafts where draft = v_drafts[i] and saves = v_saves[i];
      update wizard_sessions set state = v_state where id = v_ids[i];
    else
      update wizard_sessions set status = 'completed' where id = v_ids[i];
      v_saves[i] := -1;
    end if;
    commit;
  end loop;
  update bench.open_sessions set ids = v_ids, drafts = v_drafts, saves = v_saves where connection = v_connection;
end
$$ language plpgsql`;
