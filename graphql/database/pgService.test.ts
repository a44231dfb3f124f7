import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import pg from "pg";
import type { WithPgClient } from "postgraphile/@dataplan/pg";
import { useTestDatabase } from "../../testkit/database.ts";
import { startSession, storedSession } from "../../testkit/rows.ts";
import { until } from "../../testkit/until.ts";
import { type Claims, pgSettingsFor } from "../claims.ts";
import { makeSingleTripService } from "./pgService.ts";

const db = useTestDatabase();
let pool: pg.Pool;
let withPgClient: WithPgClient;

beforeAll(async () => {
  pool = new pg.Pool({ connectionString: db.authUrl, max: 4 });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  withPgClient = await clientsOf(pool);
});
afterAll(() => pool.end());
beforeEach(() => {
  jest.restoreAllMocks();
});

/** The function through which PostGraphile gets its clients. */
async function clientsOf(connections: pg.Pool): Promise<WithPgClient> {
  const { adaptor, adaptorSettings } = makeSingleTripService(connections);
  return (await adaptor.createWithPgClient(adaptorSettings as never)) as unknown as WithPgClient;
}

type Row = Record<string, unknown>;
const claimsOf = (sub: string, role: Claims["role"] = "authenticated"): Claims => ({ sub, role, exp: 4102444800 });
const settingsOf = (claims: Claims | undefined) => pgSettingsFor(claims);
const run = async (claims: Claims | undefined, text: string, values: unknown[] = []): Promise<Row[]> =>
  withPgClient(settingsOf(claims), async (client) => [...(await client.query<Row>({ text, values })).rows]);
const WHOAMI = "select current_user::text as role, auth.uid() as sub";
const refusalOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => "no error",
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
const backends = async () => {
  const { rows } = await db.root.query<{ pid: number; state: string; role: string | null }>(
    `select pid, state from pg_stat_activity where datname = current_database() and usename = 'authenticator'`,
  );
  return rows;
};

describe("a statement", () => {
  it("runs with the role and the claims of its caller, in one query of the client", async () => {
    const ada = randomUUID();
    await run(claimsOf(ada), WHOAMI);
    const query = jest.spyOn(pg.Client.prototype, "query");
    expect(await run(claimsOf(ada), WHOAMI)).toEqual([{ role: "authenticated", sub: ada }]);
    expect(query).toHaveBeenCalledTimes(1);
  });

  it("leaves no role and no claims behind on its connection, whether it succeeds or fails", async () => {
    const ada = randomUUID();
    await run(claimsOf(ada), WHOAMI);
    await refusalOf(run(claimsOf(ada), "select 1 / 0"));
    const clients = await Promise.all(Array.from({ length: 4 }, () => pool.connect()));
    for (const client of clients) {
      const { rows } = await client.query(
        "select current_user::text as role, current_setting('request.jwt.claims', true) as claims",
      );
      expect(rows).toEqual([{ role: "authenticator", claims: expect.not.stringContaining("sub") }]);
      client.release();
    }
  });

  it("is rolled back when it fails after it wrote", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const before = await storedSession(db, id);
    const text = `with saved as (update wizard_sessions set stage = 2 where id = $1 returning stage)
                  select 1 / (stage - stage) from saved`;
    expect(await refusalOf(run(claimsOf(ada), text, [id]))).toBe("22012");
    expect(await storedSession(db, id)).toEqual(before);
  });

  it("is answered only after its commit, so an error at the commit rejects it", async () => {
    await db.root.query(
      `create table if not exists public.late (n int);
       grant select, insert on public.late to authenticated;
       create or replace function public.refuse_late() returns trigger language plpgsql as
         $$ begin raise exception 'too late' using errcode = 'WZ400'; end $$;
       drop trigger if exists late on public.late;
       create constraint trigger late after insert on public.late deferrable initially deferred
         for each row execute function public.refuse_late()`,
    );
    expect(await refusalOf(run(claimsOf(randomUUID()), "insert into public.late values (1) returning n"))).toBe(
      "WZ400",
    );
    expect((await db.root.query("select from public.late")).rowCount).toBe(0);
    await db.root.query("drop table public.late; drop function public.refuse_late()");
  });

  it("does not run if its settings are refused", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const before = await storedSession(db, id);
    const settings = { ...settingsOf(claimsOf(ada)), role: "postgres" };
    const save = withPgClient(settings, (client) =>
      client.query({ text: "update wizard_sessions set stage = 3 where id = $1", values: [id] }),
    );
    expect(await refusalOf(save)).toBe("42501");
    expect(await storedSession(db, id)).toEqual(before);
    expect(await run(claimsOf(ada), WHOAMI)).toEqual([{ role: "authenticated", sub: ada }]);
  });

  it("returns values, arrays of values, and rowCount as the pg module does", async () => {
    const ada = claimsOf(randomUUID());
    const result = await withPgClient(settingsOf(ada), (client) =>
      client.query({
        text: "select $1::int as a, null as b, $2::jsonb as c",
        values: [1, "[1, null]"],
        arrayMode: true,
      }),
    );
    expect(result).toMatchObject({ rows: [[1, null, [1, null]]], rowCount: 1 });
    expect(await run(ada, "select where false")).toEqual([]);
  });
});

describe("many users at the same time", () => {
  it("never get an answer under another user's claims, between failing statements of 32 users, roles and anon", async () => {
    const callers: (Claims | undefined)[] = Array.from({ length: 32 }, (_, n) =>
      n % 8 === 7 ? undefined : claimsOf(randomUUID(), n % 8 === 6 ? "service_role" : "authenticated"),
    );
    const FAILING = [
      "select 1 / 0",
      "select from no_such_table",
      "select 'x'::uuid",
      "syntax error",
      "select pg_sleep(-1), 1 / 0",
    ];
    const answers = await Promise.all(
      callers.flatMap((claims, n) =>
        Array.from({ length: 40 }, async (_, k) => {
          if ((n + k) % 3 === 0) {
            expect(await refusalOf(run(claims, FAILING[(n + k) % FAILING.length] ?? ""))).toMatch(
              /^(22012|42P01|22P02|42601)$/,
            );
          }
          return { claims, rows: await run(claims, k % 2 ? WHOAMI : `${WHOAMI}, ${n} as n`) };
        }),
      ),
    );
    expect(answers).toHaveLength(32 * 40);
    for (const { claims, rows } of answers) {
      expect(rows).toMatchObject([{ role: claims?.role ?? "anon", sub: claims?.sub ?? null }]);
    }
  });

  it("save their own sessions exactly once, between failing statements and lost connections", async () => {
    const users = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const user = claimsOf(randomUUID());
        return { user, id: (await startSession(db, user.sub)).id, saved: 0 };
      }),
    );
    const cut = setInterval(
      () =>
        void db.root.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator' and datname = current_database() order by random() limit 1",
        ),
      15,
    );
    let lost = 0;
    await Promise.all(
      users.map(async (session) => {
        const save = "select outcome, revision from save_wizard_session($1, $2, $3, $4)";
        for (let n = 1; n <= 40; n++) {
          const values = [session.id, randomUUID(), session.saved, { n }];
          // Repeats a lost save with the same key until there is an answer, as a client does.
          for (;;) {
            try {
              const [row] = await run(session.user, save, values);
              expect(row).toMatchObject({ revision: n, outcome: expect.stringMatching(/^(SAVED|DUPLICATE)$/) });
              session.saved = n;
              break;
            } catch (error) {
              if ((error as { matcherResult?: unknown }).matcherResult) throw error;
              lost++;
            }
          }
          await refusalOf(run(session.user, "select 1 / 0"));
        }
      }),
    );
    clearInterval(cut);
    expect(lost).toBeGreaterThan(0);
    for (const { id } of users) expect(await storedSession(db, id)).toMatchObject({ revision: 40, state: { n: 40 } });
  });

  it("don't wait for a row lock of another user while there is a free connection", async () => {
    const [ada, ben] = [claimsOf(randomUUID()), claimsOf(randomUUID())];
    const { id } = await startSession(db, ada.sub);
    const holder = await db.root.connect();
    await holder.query("begin");
    await holder.query("select from wizard_sessions where id = $1 for update", [id]);
    const waiting = Array.from({ length: 3 }, () =>
      run(ada, "update wizard_sessions set stage = 2 where id = $1", [id]),
    );
    expect(await run(ben, WHOAMI)).toMatchObject([{ sub: ben.sub }]);
    await holder.query("rollback");
    holder.release();
    await Promise.all(waiting);
  });
});

describe("a connection", () => {
  it("prepares its statements again after they were deallocated", async () => {
    const ada = claimsOf(randomUUID());
    await Promise.all(Array.from({ length: 4 }, () => run(ada, WHOAMI)));
    const clients = await Promise.all(Array.from({ length: 4 }, () => pool.connect()));
    for (const client of clients) {
      await client.query("discard all");
      client.release();
    }
    for (let n = 0; n < 8; n++) expect(await run(ada, WHOAMI)).toMatchObject([{ sub: ada.sub }]);
  });

  it("prepares a statement again when a migration changes what it returns", async () => {
    await db.root.query("create table public.changing (a int); grant select on public.changing to authenticated");
    const ada = claimsOf(randomUUID());
    const read = "select * from public.changing";
    await Promise.all(Array.from({ length: 8 }, () => run(ada, read)));
    await db.root.query("alter table public.changing add column b int; insert into public.changing values (1, 2)");
    for (let n = 0; n < 8; n++) expect(await run(ada, read)).toEqual([{ a: 1, b: 2 }]);
    await db.root.query("drop table public.changing");
  });

  it("keeps at most 100 statements prepared, and still knows the ones that are used", async () => {
    const one = new pg.Pool({ connectionString: db.authUrl, max: 1 });
    const withOne = await clientsOf(one);
    const ada = settingsOf(claimsOf(randomUUID()));
    const ask = (text: string) => withOne(ada, (client) => client.query<Row>({ text }));
    for (let n = 0; n < 150; n++) {
      expect((await ask(`select ${n} as n`)).rows).toEqual([{ n }]);
      await ask("select 'often used'");
    }
    const { rows } = await ask(
      "select count(*)::int as n, count(*) filter (where statement like '%often%')::int as often from pg_prepared_statements",
    );
    expect(rows).toEqual([{ n: expect.any(Number), often: 1 + 1 }]);
    expect((rows[0] as { n: number }).n).toBeLessThanOrEqual(102);
    await one.end();
  });

  it("compiles no plan, and keeps no text of a statement that it has dropped", async () => {
    const one = new pg.Pool({ connectionString: db.authUrl, max: 1 });
    const withOne = await clientsOf(one);
    const ask = (text: string) => withOne(settingsOf(claimsOf(randomUUID())), (client) => client.query<Row>({ text }));
    const { rows } = await ask("select current_setting('jit_optimize_above_cost') as cost");
    expect(rows).toEqual([{ cost: "-1" }]);
    for (let n = 0; n < 150; n++) await ask(`select ${n} as n`);
    const client = (await one.connect()) as pg.PoolClient & { connection: { parsedStatements: object } };
    expect(Object.keys(client.connection.parsedStatements).length).toBeLessThanOrEqual(101);
    client.release();
    await one.end();
  });

  it("is usable after its statement was cancelled or ran into the time limit", async () => {
    const ada = claimsOf(randomUUID());
    const slow = refusalOf(run(ada, "select pg_sleep(60)"));
    await until(async () => {
      const { rowCount } = await db.root.query(
        "select pg_cancel_backend(pid) from pg_stat_activity where usename = 'authenticator' and query = 'select pg_sleep(60)' and state = 'active'",
      );
      return rowCount === 1;
    });
    expect(await slow).toBe("57014");
    for (let n = 0; n < 8; n++) expect(await run(ada, WHOAMI)).toMatchObject([{ sub: ada.sub }]);
    expect((await backends()).every(({ state }) => state === "idle")).toBe(true);
  });
});

describe("withTransaction", () => {
  it("runs all its statements with the claims, and rolls all back when one fails", async () => {
    const ada = claimsOf(randomUUID());
    const { id } = await startSession(db, ada.sub);
    const before = await storedSession(db, id);
    const save = (stage: number) => ({
      text: "update wizard_sessions set stage = $2 where id = $1",
      values: [id, stage],
    });
    const failing = withPgClient(settingsOf(ada), (client) =>
      client.withTransaction(async (inside) => {
        await inside.query(save(2));
        expect((await inside.query<Row>({ text: WHOAMI })).rows).toEqual([{ role: "authenticated", sub: ada.sub }]);
        await inside.query({ text: "select 1 / 0" });
      }),
    );
    expect(await refusalOf(failing)).toBe("22012");
    expect(await storedSession(db, id)).toEqual(before);
    await withPgClient(settingsOf(ada), (client) =>
      client.withTransaction(async (inside) => {
        await inside.query(save(3));
        await inside.query(save(4));
      }),
    );
    expect(await storedSession(db, id)).toMatchObject({ stage: 4, revision: 2 });
  });
});
