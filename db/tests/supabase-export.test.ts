import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { readMigrations } from "../../server/database/migrationFiles.ts";
import { buildExport, exportPlaceholders, type SupabaseExportOptions } from "../../server/supabase/buildExport.ts";
import { refusal, type TestDatabase, useTestDatabase } from "../../testkit/database.ts";
import { complete } from "../../testkit/events.ts";
import { createEvent, only, startSession, storedSession } from "../../testkit/rows.ts";
import { definitionsIn, grantsIn } from "../../testkit/schemaFacts.ts";
import { useSupabaseDatabase } from "../../testkit/supabase.ts";

const own = useTestDatabase();

async function exportFor(options: SupabaseExportOptions): Promise<string> {
  return buildExport(await readMigrations({ placeholders: exportPlaceholders(options) }), options);
}

/** What the export is not about: who may do what around it. */
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

/** The grants that the migrations make. The role analyst is ours: no project has it, and no export names it. */
async function ownGrants(): Promise<string[]> {
  return (await grantsIn(own.root)).filter((grant) => !/: analyst /.test(grant));
}

/** Users as Supabase's sign-up makes them. */
async function signUp(db: TestDatabase, ...subs: string[]): Promise<void> {
  await db.root.query("insert into auth.users (id) select unnest($1::uuid[])", [subs]);
}

describe("applied to a fresh Supabase project", () => {
  // Older projects, upgraded from PostgreSQL 14, let everybody create in public; newer ones don't.
  const project = useSupabaseDatabase("grant create on schema public to public");
  let before: unknown[];
  beforeAll(async () => {
    before = await surroundings(project);
    await project.apply(await exportFor({ existing: [] }));
  });

  it("makes everything that the migrations make", async () => {
    expect(await definitionsIn(project.root)).toEqual(await definitionsIn(own.root));
  });

  it("ends with our grants, though the project's defaults grant everything on new tables and functions", async () => {
    const grants = await grantsIn(project.root);
    expect(grants).toEqual(await ownGrants());
    // Said outright too, so that the two can't be wrong alike.
    expect(grants).toContain("wizard_sessions.revision: authenticated UPDATE");
    expect(grants.filter((grant) => /TRUNCATE|REFERENCES|TRIGGER|MAINTAIN|PUBLIC/.test(grant))).toEqual([]);
    // What triggers run, and what runs within them, is for nobody else.
    expect(
      grants.filter((grant) => /EXECUTE/.test(grant) && /tg_|prune|_timestamp\(|count_personal/.test(grant)),
    ).toEqual([]);
    expect(grants.filter((grant) => / anon /.test(grant))).toEqual([
      ...["event_tickets: anon SELECT", "events: anon SELECT", "published_event(text): anon EXECUTE"],
      "schema app_private: anon USAGE",
    ]);
  });

  it("leaves the project's schemas, its auth functions and its default privileges as they were", async () => {
    expect(await surroundings(project)).toEqual(before);
  });

  it("lets users make and save sessions of their own", async () => {
    const ada = randomUUID();
    const { id } = await startSession(project, ada, { state: { basics: { title: "Summer party" } } });
    await project.asUser(ada, (client) =>
      client.query("update wizard_sessions set stage = 2, revision = 0 where id = $1", [id]),
    );
    expect(await storedSession(project, id)).toMatchObject({ user_id: ada, stage: 2, revision: 1 });
  });

  it("hides a session from others, who can't change it either", async () => {
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

  it("refuses whoever is not signed in", async () => {
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

  it("refuses to empty a table, which no policy would stop", async () => {
    for (const as of [project.asAnon, project.asService, project.asUser.bind(project, randomUUID())]) {
      const attempt = as((client) => client.query("truncate wizard_sessions, events, profiles"));
      expect(await refusal(attempt)).toMatchObject({ code: "42501" });
    }
  });

  it("refuses a save onto another revision", async () => {
    const ada = randomUUID();
    const session = await startSession(project, ada);
    const stale = project.asUser(ada, (client) =>
      client.query("update wizard_sessions set stage = 3, revision = 4 where id = $1", [session.id]),
    );
    expect(await refusal(stale)).toMatchObject({ code: "WZ409" });
    expect(await storedSession(project, session.id)).toEqual(session);
  });

  it("refuses another user's event and takes the user's own", async () => {
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

describe("what is about the funnel and about a user's data", () => {
  const project = useSupabaseDatabase();
  const [ada, ben] = [randomUUID(), randomUUID()];
  const funnel = "select started from unnest(wizard_funnel(now() - interval '1 day', now() + interval '1 day'))";
  beforeAll(async () => {
    await project.apply(await exportFor({ existing: [] }));
    await startSession(project, ada);
    await startSession(project, ben);
  });

  it("asks for no role that a project does not have", async () => {
    expect(await exportFor({ existing: [] })).not.toMatch(/\banalyst\b/);
  });

  it("gives the funnel to a trusted back end, and to an analyst once the project says so", async () => {
    const { rows } = await project.asService((client) => client.query(funnel));
    expect(rows[0]).toEqual({ started: 2 });
    expect(await refusal(project.asAnalyst((client) => client.query(funnel)))).toMatchObject({ code: "42501" });
    await project.apply("grant execute on function wizard_funnel(timestamptz, timestamptz) to analyst");
    expect((await project.asAnalyst((client) => client.query(funnel))).rows[0]).toEqual({ started: 2 });
    expect(await refusal(project.asUser(ada, (client) => client.query(funnel)))).toMatchObject({ code: "42501" });
  });

  it("exports and erases what is a user's", async () => {
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
          ...{ wizard_sessions: 1, wizard_session_revisions: 1 },
        },
      },
    ]);
    const left = await project.root.query("select user_id from wizard_sessions");
    expect(left.rows).toEqual([{ user_id: ben }]);
  });
});

describe("applied to a project whose new tables are not exposed by default", () => {
  // What Supabase projects made since May 2026 start with: https://supabase.com/changelog (28 April 2026).
  const project = useSupabaseDatabase(`
    alter default privileges in schema public
      revoke select, insert, update, delete on tables from anon, authenticated, service_role;
    alter default privileges in schema public revoke usage, select on sequences from anon, authenticated, service_role;
    alter default privileges in schema public revoke execute on functions from anon, authenticated, service_role;`);

  it("ends with the same grants", async () => {
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

describe("applied to a project with its own profiles and events", () => {
  const project = useSupabaseDatabase(OWN_PROFILES + OWN_EVENTS);
  const theirs = (facts: string[]) =>
    facts.filter((fact) => /(^|^table |^column | on (public\.)?)(profiles|events)\b/i.test(fact));
  const [ada, ben] = [randomUUID(), randomUUID()];
  let before: unknown[];
  const everythingTheirs = async () => [
    await surroundings(project),
    theirs(await definitionsIn(project.root)),
    theirs(await grantsIn(project.root)),
  ];
  const makeTheirEvent = async (sub: string): Promise<string> => {
    const { rows } = await project.asUser(sub, (client) =>
      client.query<{ id: string }>("insert into events (user_id) values (auth.uid()) returning id"),
    );
    return only(rows).id;
  };

  beforeAll(async () => {
    await signUp(project, ada, ben);
    before = await everythingTheirs();
    await project.apply(await exportFor({ existing: ["profiles", "events"], eventsOwnerColumn: "user_id" }));
  });

  it("leaves their columns, grants, policies and triggers as they were", async () => {
    expect(before.flat()).toContain("events: anon TRUNCATE");
    expect(before.flat()).toContain("constraint profiles_pkey on profiles: PRIMARY KEY (id), comment ");
    expect(await everythingTheirs()).toEqual(before);
  });

  it("ends with our grants on what it made", async () => {
    const ours = (grants: string[]) => grants.filter((grant) => /wizard_|app_private|export_my_data/.test(grant));
    expect(ours(await grantsIn(project.root))).toEqual(ours(await ownGrants()));
  });

  it("makes the profile with a user's first session", async () => {
    await startSession(project, ada);
    const { rows } = await project.root.query("select * from profiles where id = $1", [ada]);
    expect(rows).toEqual([{ id: ada, username: null }]);
  });

  it("keeps to a profile that is there", async () => {
    await project.root.query("insert into profiles (id, username) values ($1, 'ben') on conflict do nothing", [ben]);
    await startSession(project, ben);
    const { rows } = await project.root.query("select username from profiles where id = $1", [ben]);
    expect(rows).toEqual([{ username: "ben" }]);
  });

  it("refuses another user's event, told by the column that was named, and takes the user's own", async () => {
    const [adas, bens] = [await makeTheirEvent(ada), await makeTheirEvent(ben)];
    expect(await refusal(startSession(project, ada, { event_id: bens }))).toMatchObject({ code: "42501" });
    expect(await startSession(project, ada, { event_id: adas })).toMatchObject({ event_id: adas });
  });

  it("begins a session for an event with nothing, since it does not know how theirs reads as answers", async () => {
    const [id, event] = [randomUUID(), await makeTheirEvent(ada)];
    await project.asUser(ada, (client) => client.query("select start_wizard_session($1, $2)", [id, event]));
    expect(await storedSession(project, id)).toMatchObject({ event_id: event, state: {} });
  });

  it("says what to write before a session can be completed, and then completes it", async () => {
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

  it("exports a user's rows of theirs too, as far as the user may read them", async () => {
    const user = randomUUID();
    await signUp(project, user);
    await startSession(project, user);
    const event = await makeTheirEvent(user);
    const { rows } = await project.asUser(user, (client) =>
      client.query("select export_my_data() -> 'tables' as tables"),
    );
    expect(only(rows).tables).toMatchObject({
      profiles: [{ id: user, username: null }],
      events: [{ id: event, user_id: user }],
      wizard_sessions: [{ user_id: user }],
      wizard_session_revisions: [{ revision: 0 }],
    });
  });

  it("leaves the end of a profile to the project", async () => {
    const { rows } = await project.root.query(
      "select proname from pg_proc where proname in ('erase_me', 'count_personal_rows')",
    );
    expect(rows).toEqual([]);
  });

  it("refuses a user whom the project does not know", async () => {
    expect(await refusal(startSession(project, randomUUID()))).toMatchObject({ code: "23503" });
  });
});

describe("applied to a project with its own events alone", () => {
  const project = useSupabaseDatabase(OWN_EVENTS);
  const ada = randomUUID();
  beforeAll(async () => {
    await project.apply(await exportFor({ existing: ["events"], eventsOwnerColumn: "user_id" }));
    await signUp(project, ada);
  });

  it("erases a user's profile and sessions, and does not say that it erased the project's events", async () => {
    await project.asUser(ada, (client) => client.query("insert into events (user_id) values (auth.uid())"));
    await startSession(project, ada);
    const { rows } = await project.asUser(ada, (client) => client.query("select erase_me($1) as erased", [ada]));
    expect(rows).toEqual([{ erased: { profiles: 1, events: 0, wizard_sessions: 1, wizard_session_revisions: 1 } }]);
    expect((await project.root.query("select user_id from events")).rows).toEqual([{ user_id: ada }]);
  });
});

describe("applied to a project whose profiles ask for more", () => {
  const project = useSupabaseDatabase(`${OWN_PROFILES} alter table profiles alter column username set not null;`);
  const ada = randomUUID();
  beforeAll(async () => {
    await project.apply(await exportFor({ existing: ["profiles"] }));
    await signUp(project, ada);
  });

  it("refuses a first session by the foreign key, as long as there is no profile", async () => {
    expect(await refusal(startSession(project, ada))).toMatchObject({
      code: "23503",
      constraint: "wizard_sessions_user_id_fkey",
    });
    expect((await project.root.query("select from profiles")).rowCount).toBe(0);
  });

  it("takes it once the profile is there", async () => {
    await project.root.query("insert into profiles (id, username) values ($1, 'ada')", [ada]);
    expect(await startSession(project, ada)).toMatchObject({ user_id: ada });
  });
});

describe("applied to a project that has what the export would make", () => {
  const project = useSupabaseDatabase(OWN_PROFILES + OWN_EVENTS);

  it.each([
    ["profiles", []],
    ["events", ["profiles"]],
  ] as const)("fails over the table %s that was not named, and keeps its rows", async (table, existing) => {
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

  it("fails over a schema app_private of the project's own rather than open it", async () => {
    const applied = project.apply(
      `create schema app_private; ${await exportFor({ existing: ["profiles", "events"], eventsOwnerColumn: "user_id" })}`,
    );
    expect(await refusal(applied)).toMatchObject({ code: "42P06" });
  });

  it("fails over a function of the project's own rather than replace it", async () => {
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

  it("fails over an owner's column that is not there", async () => {
    expect(await refusal(project.apply(await exportFor({ existing: ["profiles", "events"] })))).toMatchObject({
      code: "42703",
    });
  });
});
