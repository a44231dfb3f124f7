import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { readMigrations } from "../../server/database/migrationFiles.ts";
import { buildExport, exportPlaceholders, type SupabaseExportOptions } from "../../server/supabase/buildExport.ts";
import { refusal, type TestDatabase, useTestDatabase } from "../../testkit/database.ts";
import { complete } from "../../testkit/events.ts";
import { createEvent, singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { definitionsIn, grantsIn } from "../../testkit/schemaFacts.ts";
import { useSupabaseDatabase } from "../../testkit/supabase.ts";

const own = useTestDatabase();

async function exportFor(options: SupabaseExportOptions): Promise<string> {
  return buildExport(await readMigrations({ placeholders: exportPlaceholders(options) }), options);
}

/** Reads the privileges that the export must not change: of schemas, of auth functions and the default privileges. */
async function surroundings(db: TestDatabase): Promise<unknown[]> {
  const { rows } = await db.root.query(
    `select 'schema ' || nspname as what, nspacl::text as acl
       from pg_namespace where nspname not in ('app_private', 'pg_toast')
     union all
     select format('default %s %s %s', defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype), defaclacl::text
       from pg_default_acl
     union all
     select 'function ' || oid::regprocedure, proacl::text from pg_proc where pronamespace = 'auth'::regnamespace
     order by what`,
  );
  return rows;
}

/** Reads the grants that the migrations make. The export leaves out analyst, a role that a Supabase project lacks. */
async function ownGrants(): Promise<string[]> {
  return (await grantsIn(own.root)).filter((grant) => !/: analyst /.test(grant));
}

/** Adds users as Supabase's sign-up does. */
async function signUp(db: TestDatabase, ...subs: string[]): Promise<void> {
  await db.root.query("insert into auth.users (id) select unnest($1::uuid[])", [subs]);
}

describe("the Supabase export applied to a new project", () => {
  // As in older projects, which were upgraded from PostgreSQL 14.
  const project = useSupabaseDatabase("grant create on schema public to public");
  let before: unknown[];
  beforeAll(async () => {
    before = await surroundings(project);
    await project.apply(await exportFor({ existing: [] }));
  });

  it("creates everything that the migrations create", async () => {
    expect(await definitionsIn(project.root)).toEqual(await definitionsIn(own.root));
  });

  it("results in our grants, although the default privileges of the project grant everything", async () => {
    const grants = await grantsIn(project.root);
    expect(grants).toEqual(await ownGrants());
    // These catch a mistake that both lists share.
    expect(grants).toContain("wizard_sessions.revision: authenticated UPDATE");
    expect(grants.filter((grant) => /TRUNCATE|REFERENCES|TRIGGER|MAINTAIN|PUBLIC/.test(grant))).toEqual([]);
    // No role may execute trigger functions and their helpers.
    expect(
      grants.filter((grant) => /EXECUTE/.test(grant) && /tg_|prune|_timestamp\(|count_personal/.test(grant)),
    ).toEqual([]);
    expect(grants.filter((grant) => / anon /.test(grant))).toEqual([
      ...["event_tickets: anon SELECT", "events: anon SELECT", "published_event(text): anon EXECUTE"],
      "schema app_private: anon USAGE",
    ]);
  });

  it("leaves the privileges on schemas and auth functions and the default privileges unchanged", async () => {
    expect(await surroundings(project)).toEqual(before);
  });

  it("lets users create and save their own sessions", async () => {
    const ada = randomUUID();
    const { id } = await startSession(project, ada, { state: { basics: { title: "Summer party" } } });
    await project.asUser(ada, (client) =>
      client.query("update wizard_sessions set stage = 2, revision = 0 where id = $1", [id]),
    );
    expect(await storedSession(project, id)).toMatchObject({ user_id: ada, stage: 2, revision: 1 });
  });

  it("lets no user read, change or delete the session of another user", async () => {
    const [ada, ben] = [randomUUID(), randomUUID()];
    const session = await startSession(project, ada);
    const attempts = await project.asUser(ben, async (client) => [
      await client.query("select from wizard_sessions where id = $1", [session.id]),
      await client.query("update wizard_sessions set stage = 6 where id = $1", [session.id]),
      await client.query("delete from wizard_sessions where id = $1", [session.id]),
    ]);
    expect(attempts.map(({ rowCount }) => rowCount)).toEqual([0, 0, 0]);
    expect(await storedSession(project, session.id)).toEqual(session);
  });

  it("denies access to anonymous clients", async () => {
    const statements = [
      "select from wizard_sessions",
      "insert into wizard_sessions default values",
      "truncate wizard_sessions",
      "insert into events (title) values ('Mine')",
      "select from profiles",
    ];
    for (const statement of statements) {
      expect(await refusal(project.asAnon((client) => client.query(statement)))).toMatchObject({ code: "42501" });
    }
  });

  it("denies truncate, which policies do not restrict", async () => {
    for (const as of [project.asAnon, project.asService, project.asUser.bind(project, randomUUID())]) {
      const attempt = as((client) => client.query("truncate wizard_sessions, events, profiles"));
      expect(await refusal(attempt)).toMatchObject({ code: "42501" });
    }
  });

  it("rejects an update with a revision that is not current", async () => {
    const ada = randomUUID();
    const session = await startSession(project, ada);
    const stale = project.asUser(ada, (client) =>
      client.query("update wizard_sessions set stage = 3, revision = 4 where id = $1", [session.id]),
    );
    expect(await refusal(stale)).toMatchObject({ code: "WZ409" });
    expect(await storedSession(project, session.id)).toEqual(session);
  });

  it("rejects an event of another user and accepts one of the same user", async () => {
    const [ada, ben] = [randomUUID(), randomUUID()];
    const [adas, bens] = [await createEvent(project, ada), await createEvent(project, ben)];
    expect(await refusal(startSession(project, ada, { event_id: bens }))).toMatchObject({ code: "42501" });
    expect(await startSession(project, ada, { event_id: adas })).toMatchObject({ event_id: adas });
  });

  it("fails when it is applied again, and changes nothing", async () => {
    const session = await startSession(project, randomUUID());
    const again = project.apply(await exportFor({ existing: [] }));
    expect(await refusal(again)).toMatchObject({ code: "42P06", message: 'schema "app_private" already exists' });
    expect(await storedSession(project, session.id)).toEqual(session);
    expect(await definitionsIn(project.root)).toEqual(await definitionsIn(own.root));
  });
});

describe("the Supabase export of the funnel and the functions for user data", () => {
  const project = useSupabaseDatabase();
  const [ada, ben] = [randomUUID(), randomUUID()];
  const funnel = "select started from unnest(wizard_funnel(now() - interval '1 day', now() + interval '1 day'))";
  beforeAll(async () => {
    await project.apply(await exportFor({ existing: [] }));
    await startSession(project, ada);
    await startSession(project, ben);
  });

  it("does not need the analyst role, which a project lacks", async () => {
    expect(await exportFor({ existing: [] })).not.toMatch(/\banalyst\b/);
  });

  it("lets service_role read the funnel, and analyst once the project grants it", async () => {
    const { rows } = await project.asService((client) => client.query(funnel));
    expect(rows[0]).toEqual({ started: 2 });
    expect(await refusal(project.asAnalyst((client) => client.query(funnel)))).toMatchObject({ code: "42501" });
    await project.apply("grant execute on function wizard_funnel(timestamptz, timestamptz) to analyst");
    expect((await project.asAnalyst((client) => client.query(funnel))).rows[0]).toEqual({ started: 2 });
    expect(await refusal(project.asUser(ada, (client) => client.query(funnel)))).toMatchObject({ code: "42501" });
  });

  it("lets a user export and erase their own data", async () => {
    const { rows } = await project.asUser(ada, (client) =>
      client.query("select export_my_data() -> 'tables' -> 'wizard_sessions' as sessions, erase_me($1) as erased", [
        ada,
      ]),
    );
    expect(rows).toEqual([
      {
        sessions: [expect.objectContaining({ user_id: ada })],
        erased: {
          ...{ profiles: 1, events: 0, event_tickets: 0, event_private_details: 0 },
          ...{ wizard_sessions: 1, wizard_session_event_bases: 0, wizard_session_revisions: 1 },
        },
      },
    ]);
    const left = await project.root.query("select user_id from wizard_sessions");
    expect(left.rows).toEqual([{ user_id: ben }]);
  });
});

describe("the Supabase export applied to a project that does not expose new tables by default", () => {
  // The default for projects created since May 2026: https://supabase.com/changelog (28 April 2026).
  const project = useSupabaseDatabase(`
    alter default privileges in schema public
      revoke select, insert, update, delete on tables from anon, authenticated, service_role;
    alter default privileges in schema public revoke usage, select on sequences from anon, authenticated, service_role;
    alter default privileges in schema public revoke execute on functions from anon, authenticated, service_role;`);

  it("results in the same grants", async () => {
    await project.apply(await exportFor({ existing: [] }));
    expect(await grantsIn(project.root)).toEqual(await ownGrants());
  });
});

const OWN_PROFILES = `
  create table profiles (id uuid primary key references auth.users on delete cascade, username text unique);
  alter table profiles enable row level security;
  create policy "Profiles are public." on profiles for select using (true);`;
const OWN_EVENTS = `
  create table events (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users, name text);
  alter table events enable row level security;
  create policy "Users manage their events." on events for all using (auth.uid() = user_id);`;

describe("the Supabase export applied to a project with its own profiles and events", () => {
  const project = useSupabaseDatabase(OWN_PROFILES + OWN_EVENTS);
  const theirs = (facts: string[]) =>
    facts.filter((fact) => /(^|^table |^column | on (public\.)?)(profiles|events)\b/i.test(fact));
  const [ada, ben] = [randomUUID(), randomUUID()];
  let before: unknown[];
  const describeTheirs = async () => [
    await surroundings(project),
    theirs(await definitionsIn(project.root)),
    theirs(await grantsIn(project.root)),
  ];
  const makeTheirEvent = async (sub: string): Promise<string> => {
    const { rows } = await project.asUser(sub, (client) =>
      client.query<{ id: string }>("insert into events (user_id) values (auth.uid()) returning id"),
    );
    return singleRow(rows).id;
  };

  beforeAll(async () => {
    await signUp(project, ada, ben);
    before = await describeTheirs();
    await project.apply(await exportFor({ existing: ["profiles", "events"], eventsOwnerColumn: "user_id" }));
  });

  it("leaves the columns, grants, policies and triggers of those tables unchanged", async () => {
    expect(before.flat()).toContain("events: anon TRUNCATE");
    expect(before.flat()).toContain("constraint profiles_pkey on profiles: PRIMARY KEY (id), comment ");
    expect(await describeTheirs()).toEqual(before);
  });

  it("results in our grants on the objects that it creates", async () => {
    const ours = (grants: string[]) => grants.filter((grant) => /wizard_|app_private|export_my_data/.test(grant));
    expect(ours(await grantsIn(project.root))).toEqual(ours(await ownGrants()));
  });

  it("creates a profile with the first session of a user", async () => {
    await startSession(project, ada);
    const { rows } = await project.root.query("select * from profiles where id = $1", [ada]);
    expect(rows).toEqual([{ id: ada, username: null }]);
  });

  it("leaves an existing profile unchanged", async () => {
    await project.root.query("insert into profiles (id, username) values ($1, 'ben') on conflict do nothing", [ben]);
    await startSession(project, ben);
    const { rows } = await project.root.query("select username from profiles where id = $1", [ben]);
    expect(rows).toEqual([{ username: "ben" }]);
  });

  it("rejects an event of another user, by the given owner column, and accepts one of the same user", async () => {
    const [adas, bens] = [await makeTheirEvent(ada), await makeTheirEvent(ben)];
    expect(await refusal(startSession(project, ada, { event_id: bens }))).toMatchObject({ code: "42501" });
    expect(await startSession(project, ada, { event_id: adas })).toMatchObject({ event_id: adas });
  });

  it("starts a session for an event with an empty state, because it can't translate the event into answers", async () => {
    const [id, event] = [randomUUID(), await makeTheirEvent(ada)];
    await project.asUser(ada, (client) => client.query("select start_wizard_session($1, $2)", [id, event]));
    expect(await storedSession(project, id)).toMatchObject({ event_id: event, state: {} });
  });

  it("can't complete a session until write_event is written, and can with the example in docs/supabase.md", async () => {
    const state = { basics: { title: "Summer party" } };
    const session = await startSession(project, ada, { state });
    const options = { id: session.id, base: 0, answers: state };
    expect(await refusal(complete(project, ada, options))).toMatchObject({
      code: "0A000",
      message: expect.stringContaining("app_private.write_event"),
    });
    expect(await storedSession(project, session.id)).toEqual(session);

    const documentation = await readFile(new URL("../../docs/supabase.md", import.meta.url), "utf8");
    const [, example = ""] =
      /```sql\n(create or replace function app_private\.write_event[\s\S]*?)```/.exec(documentation) ?? [];
    await project.apply(example);
    const { event_id } = await complete(project, ada, options);
    const { rows } = await project.root.query("select user_id, name from events where id = $1", [event_id]);
    expect(rows).toEqual([{ user_id: ada, name: "Summer party" }]);
  });

  it("exports the rows of those tables that belong to the user and that the user may read", async () => {
    const user = randomUUID();
    await signUp(project, user);
    await startSession(project, user);
    const event = await makeTheirEvent(user);
    const { rows } = await project.asUser(user, (client) =>
      client.query("select export_my_data() -> 'tables' as tables"),
    );
    expect(singleRow(rows).tables).toMatchObject({
      profiles: [{ id: user, username: null }],
      events: [{ id: event, user_id: user }],
      wizard_sessions: [{ user_id: user }],
      wizard_session_revisions: [{ revision: 0 }],
    });
  });

  it("has no erase_me, because the project decides how a profile is deleted", async () => {
    const { rows } = await project.root.query(
      "select proname from pg_proc where proname in ('erase_me', 'count_personal_rows')",
    );
    expect(rows).toEqual([]);
  });

  it("rejects a session of a user who is not in auth.users", async () => {
    expect(await refusal(startSession(project, randomUUID()))).toMatchObject({ code: "23503" });
  });
});

describe("the Supabase export applied to a project with its own events only", () => {
  const project = useSupabaseDatabase(OWN_EVENTS);
  const ada = randomUUID();
  beforeAll(async () => {
    await project.apply(await exportFor({ existing: ["events"], eventsOwnerColumn: "user_id" }));
    await signUp(project, ada);
  });

  it("lets a user erase profile and sessions, and neither erases nor counts the events of the project", async () => {
    await project.asUser(ada, (client) => client.query("insert into events (user_id) values (auth.uid())"));
    await startSession(project, ada);
    const { rows } = await project.asUser(ada, (client) => client.query("select erase_me($1) as erased", [ada]));
    expect(rows).toEqual([
      {
        erased: {
          ...{ profiles: 1, events: 0 },
          ...{ wizard_sessions: 1, wizard_session_event_bases: 0, wizard_session_revisions: 1 },
        },
      },
    ]);
    expect((await project.root.query("select user_id from events")).rows).toEqual([{ user_id: ada }]);
  });
});

describe("the Supabase export applied to a project whose profiles have another required column", () => {
  const project = useSupabaseDatabase(`${OWN_PROFILES} alter table profiles alter column username set not null;`);
  const ada = randomUUID();
  beforeAll(async () => {
    await project.apply(await exportFor({ existing: ["profiles"] }));
    await signUp(project, ada);
  });

  it("rejects the first session of a user without a profile, by the foreign key", async () => {
    expect(await refusal(startSession(project, ada))).toMatchObject({
      code: "23503",
      constraint: "wizard_sessions_user_id_fkey",
    });
    expect((await project.root.query("select from profiles")).rowCount).toBe(0);
  });

  it("accepts the session once the profile exists", async () => {
    await project.root.query("insert into profiles (id, username) values ($1, 'ada')", [ada]);
    expect(await startSession(project, ada)).toMatchObject({ user_id: ada });
  });
});

describe("the Supabase export applied to a project that already has an object with the same name", () => {
  const project = useSupabaseDatabase(OWN_PROFILES + OWN_EVENTS);

  it.each([
    ["profiles", []],
    ["events", ["profiles"]],
  ] as const)("fails for the table %s if it is not listed as existing, and keeps its rows", async (table, existing) => {
    const user = randomUUID();
    await signUp(project, user);
    await project.root.query("insert into profiles (id) values ($1)", [user]);
    await project.root.query("insert into events (user_id) values ($1)", [user]);

    expect(await refusal(project.apply(await exportFor({ existing })))).toMatchObject({
      code: "42P07",
      message: `relation "${table}" already exists`,
    });

    const { rows } = await project.root.query(
      `select (select count(*)::int from profiles where id = $1) as profiles,
              (select count(*)::int from events where user_id = $1) as events, to_regnamespace('app_private') as made`,
      [user],
    );
    expect(rows).toEqual([{ profiles: 1, events: 1, made: null }]);
  });

  it("fails if the schema is app_private", async () => {
    const applied = project.apply(
      `create schema app_private; ${await exportFor({ existing: ["profiles", "events"], eventsOwnerColumn: "user_id" })}`,
    );
    expect(await refusal(applied)).toMatchObject({ code: "42P06" });
  });

  it("fails instead of replacing a function", async () => {
    const theirs = "create function update_wizard_session_timestamp() returns int return 1;";
    const options: SupabaseExportOptions = { existing: ["profiles", "events"], eventsOwnerColumn: "user_id" };
    expect(await refusal(project.apply(theirs + (await exportFor(options))))).toMatchObject({ code: "42723" });
  });

  it("checks every function that it creates in public before it creates anything", async () => {
    const { rows } = await own.root.query<{ name: string }>(
      "select distinct proname as name from pg_proc where pronamespace = 'public'::regnamespace order by proname",
    );
    const prelude = await readFile(new URL("../../server/supabase/prelude.sql", import.meta.url), "utf8");
    const [, list = ""] = /p\.proname in \(([^)]*)\)/.exec(prelude) ?? [];
    expect(list.match(/\w+/g)).toEqual(rows.map(({ name }) => name));
  });

  it("fails if the events table lacks the owner column", async () => {
    expect(await refusal(project.apply(await exportFor({ existing: ["profiles", "events"] })))).toMatchObject({
      code: "42703",
    });
  });
});
