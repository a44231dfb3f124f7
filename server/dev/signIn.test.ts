import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { useTestApi } from "../../testkit/api.ts";
import { DEMO_USERS } from "./demoUsers.ts";

const CREATE = "mutation { createWizardSession(input: { wizardSession: {} }) { wizardSession { userId } } }";
const COUNT = "{ wizardSessions { totalCount } }";
const FUNNEL = `{ wizardFunnel(from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z") { stage } }`;
const NOTHING_HERE = { errors: [{ message: "Nothing is served at this path.", extensions: { code: "NOT_FOUND" } }] };

interface SignedIn {
  readonly token: string;
  readonly user: unknown;
}

async function answerOf(url: string, method = "GET", headers = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { method, headers: { Accept: "application/json", ...headers } });
  return { status: response.status, body: await response.json() };
}

async function pageOf(url: string): Promise<{ status: number; type: string | null; text: string }> {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

describe("in development", () => {
  const api = useTestApi({ development: true, graphiql: true });

  it("lists the demo users", async () => {
    expect(await answerOf(api.url("/dev/sign-in"))).toEqual({ status: 200, body: { users: [...DEMO_USERS] } });
    expect(DEMO_USERS.map(({ name }) => name)).toEqual(["Ada", "Ben", "Cleo"]);
  });

  const organizers = DEMO_USERS.filter(({ role }) => role === "authenticated");
  it.each(organizers)("signs $name in with a token for their own sessions only", async (user) => {
    const { status, body } = await answerOf(api.url(`/dev/sign-in/${user.key}`), "POST");
    expect({ status, body }).toEqual({ status: 200, body: { token: expect.any(String), user } });
    const caller = api.withAuthorization(`Bearer ${(body as SignedIn).token}`);
    expect(await caller.ask(COUNT)).toEqual({ wizardSessions: { totalCount: 0 } });
    expect(await caller.ask(CREATE)).toEqual({ createWizardSession: { wizardSession: { userId: user.id } } });
    expect(await caller.ask(COUNT)).toEqual({ wizardSessions: { totalCount: 1 } });
  });

  it("signs Cleo in as an analyst, who can read the funnel but no session", async () => {
    const { body } = await answerOf(api.url("/dev/sign-in/cleo"), "POST");
    const caller = api.withAuthorization(`Bearer ${(body as SignedIn).token}`);
    expect(await caller.ask(FUNNEL)).toEqual({ wizardFunnel: expect.arrayContaining([{ stage: 1 }, { stage: 6 }]) });
    expect(await caller.refused(CREATE)).toMatchObject({ extensions: { code: "FORBIDDEN" } });
    expect(await caller.refused(COUNT)).toMatchObject({ extensions: { code: "FORBIDDEN" } });
  });

  it.each(["eve", "Ada", "ada00000-0000-4000-8000-000000000001", "ada%20", "constructor"])(
    "answers 404 for the unknown user %s",
    async (key) => {
      expect(await answerOf(api.url(`/dev/sign-in/${key}`), "POST")).toEqual({
        status: 404,
        body: { errors: [{ message: "This demo user does not exist.", extensions: { code: "NOT_FOUND" } }] },
      });
    },
  );

  it("does not sign in on GET, which a link or an image could send", async () => {
    expect(await answerOf(api.url("/dev/sign-in/ada"))).toEqual({ status: 404, body: NOTHING_HERE });
  });

  it("does not let other origins read the token", async () => {
    const response = await fetch(api.url("/dev/sign-in/ada"), {
      method: "POST",
      headers: { Origin: "https://elsewhere.example" },
    });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("adds the demo user menu to GraphiQL, and serves its script", async () => {
    const page = await pageOf(api.url("/graphiql"));
    expect(page).toMatchObject({ status: 200, type: expect.stringContaining("text/html") });
    const [tag] = /<script src="\/dev\/graphiql-user\.js"[^>]*>/.exec(page.text) ?? [];
    expect(tag).toContain('data-sign-in-path="/dev/sign-in"');
    expect(tag).toContain('data-graphql-path="/graphql"');
    // Before any script that sends a request, so that the first one has the token.
    expect(page.text.indexOf(tag ?? "")).toBeLessThan(page.text.indexOf('<script type="module"'));

    const script = await pageOf(api.url("/dev/graphiql-user.js"));
    expect(script).toMatchObject({ status: 200, type: expect.stringContaining("javascript") });
    expect(() => new Function(script.text)).not.toThrow();
  });
});

describe("in development with an issuer's key set", () => {
  const api = useTestApi({
    development: true,
    graphiql: true,
    tokens: { jwksUrl: new URL("http://127.0.0.1:1/keys"), audience: "authenticated" },
  });

  it("has no sign-in, because only the issuer can sign tokens", async () => {
    expect(await answerOf(api.url("/dev/sign-in"))).toEqual({ status: 404, body: NOTHING_HERE });
    expect(await answerOf(api.url("/dev/sign-in/ada"), "POST")).toEqual({ status: 404, body: NOTHING_HERE });
    expect((await pageOf(api.url("/graphiql"))).text).not.toContain("graphiql-user.js");
  });
});

describe("in production", () => {
  let nodeEnv: string | undefined;
  // The options decide, not the environment.
  beforeAll(() => {
    nodeEnv = process.env.NODE_ENV;
    process.env.NODE_ENV = "development";
  });
  afterAll(() => {
    process.env.NODE_ENV = nodeEnv;
  });
  const api = useTestApi({ development: false, graphiql: true });

  it.each([
    ["GET", "/dev/sign-in"],
    ["POST", "/dev/sign-in"],
    ["POST", "/dev/sign-in/ada"],
    ["GET", "/dev/graphiql-user.js"],
  ])("has no %s %s", async (method, path) => {
    expect(await answerOf(api.url(path), method)).toEqual({ status: 404, body: NOTHING_HERE });
  });

  it("does not change GraphiQL", async () => {
    const page = await pageOf(api.url("/graphiql"));
    expect(page).toMatchObject({ status: 200, type: expect.stringContaining("text/html") });
    expect(page.text).not.toContain("/dev/");
  });
});

describe("without GraphiQL", () => {
  const api = useTestApi({ development: true, graphiql: false });

  it.each(["/graphiql", "/", "/graphql"])("serves no page at %s", async (path) => {
    const page = await pageOf(api.url(path));
    expect(page.status).toBeGreaterThanOrEqual(404);
    expect(page.type).toContain("application/json");
  });
});
