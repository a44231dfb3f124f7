import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { TEST_TOKENS, type TestApi, useTestApi } from "../testkit/api.ts";
import { type App, startApp } from "./app.ts";
import { makeLogger } from "./log.ts";
import { makeVerifyToken, TokenError, type TokenSettings } from "./tokens.ts";

const ADA = "ada00000-0000-4000-8000-00000000000a";
const CREATE = "mutation { createWizardSession(input: { wizardSession: {} }) { wizardSession { userId } } }";
const LIST = "{ wizardSessions { nodes { userId } } }";

const secret = new TextEncoder().encode(TEST_TOKENS.secret);
const now = () => Math.floor(Date.now() / 1000);
const goodClaims = () => ({ sub: ADA, role: "authenticated", aud: "authenticated", exp: now() + 3600 });

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Sends `document` with these Authorization headers. */
async function ask(url: string, authorization: readonly string[], document = "{ __typename }"): Promise<Answer> {
  const request = httpRequest(url, { method: "POST", headers: { "Content-Type": "application/json" } });
  if (authorization.length > 0) request.setHeader("Authorization", authorization);
  request.end(JSON.stringify({ query: document }));
  const [response] = await once(request, "response");
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(await text(response)) };
}

const ACCEPTED = { status: 200, body: { data: { __typename: "Query" } } };
const REFUSED = {
  status: 401,
  headers: { "www-authenticate": "Bearer" },
  body: {
    errors: [
      {
        message: "The token is missing, expired or invalid. Sign in again.",
        extensions: { code: "UNAUTHENTICATED" },
      },
    ],
  },
};

/** Signs any claims, valid or not. */
function sign(claims: object, header: object = { alg: "HS256" }, key: Uint8Array | string = secret): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

/** Valid claims, some of them changed or removed. */
function signWith(changes: object): string {
  return sign(JSON.parse(JSON.stringify({ ...goodClaims(), ...changes })));
}

describe("with a secret", () => {
  // One connection, so that anything a request leaves behind affects the next one.
  const api = useTestApi({ maximumConnections: 1 });
  const bearer = (token: string) => ask(api.url(), [`Bearer ${token}`]);
  const storedSessions = async () =>
    (await api.db.root.query("select user_id as sub from wizard_sessions order by started_at")).rows;

  it("accepts a request without a token, which can read no session", async () => {
    expect(await ask(api.url(), [])).toMatchObject(ACCEPTED);
    expect(await api.anon().refused(LIST)).toMatchObject({ extensions: { code: "FORBIDDEN" } });
  });

  it("runs a request without a token as the role anon", async () => {
    await api.db.root.query("grant select on wizard_sessions to anon");
    try {
      expect(await api.anon().ask(LIST)).toEqual({ wizardSessions: { nodes: [] } });
    } finally {
      await api.db.root.query("revoke select on wizard_sessions from anon");
    }
  });

  it.each(["Bearer", "bearer", "Bearer  "])("accepts a valid token after %j", async (scheme) => {
    expect(await ask(api.url(), [`${scheme} ${sign(goodClaims())}`])).toMatchObject(ACCEPTED);
  });

  it("accepts a token with several audiences", async () => {
    expect(await bearer(signWith({ aud: ["other", "authenticated"] }))).toMatchObject(ACCEPTED);
  });

  it("tolerates a clock that is a few seconds behind", async () => {
    expect(await bearer(signWith({ exp: now() - 1 }))).toMatchObject(ACCEPTED);
  });

  it("uses the role in the token", async () => {
    const ben = await api.user();
    await ben.ask(CREATE);
    const seenBy = (role: string) => ask(api.url(), [`Bearer ${signWith({ role })}`], LIST);
    expect((await seenBy("anon")).body).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
    expect((await seenBy("authenticated")).body).toEqual({ data: { wizardSessions: { nodes: [] } } });
    expect((await seenBy("service_role")).body).toEqual({ data: { wizardSessions: { nodes: [{ userId: ben.id }] } } });
  });

  describe("in SQL", () => {
    const withMetadata = useTestApi({ tokens: { ...TEST_TOKENS, claims: ["app_metadata", "absent"] } });
    const everything = () => ({
      ...goodClaims(),
      sub: randomUUID(),
      app_metadata: { plan: "«big»" },
      user_metadata: {},
    });

    /** What auth.jwt() returns to a save with a token of those claims. */
    async function seenInSql({ db, url }: TestApi, claims: object): Promise<unknown> {
      await db.root.query(`
        create table if not exists app_private.seen (claims jsonb);
        truncate app_private.seen;
        create or replace function app_private.see() returns trigger language plpgsql security definer as $$
          begin
            insert into app_private.seen values (auth.jwt());
            return NEW;
          end $$;
        create or replace trigger see before insert on wizard_sessions for each row execute function app_private.see()`);
      expect(await ask(url(), [`Bearer ${sign(claims)}`], CREATE)).toMatchObject({
        body: { data: { createWizardSession: {} } },
      });
      return (await db.root.query("select claims from app_private.seen")).rows[0].claims;
    }

    it("has the claims sub and role", async () => {
      const { sub, role, ...rest } = everything();
      expect(await seenInSql(api, { sub, role, ...rest })).toEqual({ sub, role });
    });

    it("has those that JWT_CLAIMS names too, if the token has them", async () => {
      const { sub, role, app_metadata, ...rest } = everything();
      expect(await seenInSql(withMetadata, { sub, role, app_metadata, ...rest })).toEqual({ sub, role, app_metadata });
    });

    it.each(["\u0000", "\ud800"])("is not disturbed by %j in other claims", async (text) => {
      const { sub, role, ...rest } = everything();
      const claims = { sub, role, ...rest, app_metadata: {}, user_metadata: { [text]: [text] } };
      expect(await seenInSql(withMetadata, claims)).toEqual({ sub, role, app_metadata: {} });
    });

    it.each(["\u0000", "\ud800"])(
      "never has %j: a token is refused if a claim that JWT_CLAIMS names has it",
      async (text) => {
        const claims = { ...everything(), app_metadata: { name: text } };
        expect(await ask(withMetadata.url(), [`Bearer ${sign(claims)}`], CREATE)).toMatchObject(REFUSED);
      },
    );
  });

  it("keeps no claims for the next request on the same connection", async () => {
    const [ada, ben] = [await api.user(), await api.user()];
    const backends = async () =>
      (
        await api.db.root.query(
          "select pid from pg_stat_activity where datname = current_database() and application_name = 'stagekeep'",
        )
      ).rows;
    await ada.ask(CREATE);
    const [backend] = await backends();
    const before = await storedSessions();

    expect(await api.anon().refused(CREATE)).toMatchObject({ extensions: { code: "FORBIDDEN" } });
    expect(await ben.ask(LIST)).toEqual({ wizardSessions: { nodes: [] } });
    // Also after a request that fails.
    const broken = "mutation { createWizardSession(input: { wizardSession: { stage: 7 } }) { clientMutationId } }";
    expect(await ada.refused(broken)).toMatchObject({ extensions: { code: "INVALID_INPUT" } });
    expect(await api.anon().refused(LIST)).toMatchObject({ extensions: { code: "FORBIDDEN" } });

    expect(await storedSessions()).toEqual(before);
    expect(before.filter(({ sub }) => sub === ada.id)).toHaveLength(1);
    expect(await backends()).toEqual([backend]);
  });

  const otherSecret = new TextEncoder().encode("another secret of 32 bytes or more, not ours");
  const good = () => sign(goodClaims());
  const bad: Record<string, () => readonly string[] | Promise<readonly string[]>> = {
    "an expired token": () => [`Bearer ${signWith({ exp: now() - 60 })}`],
    "a token that never expires": () => [`Bearer ${signWith({ exp: undefined })}`],
    "an expiry that is not a number": () => [`Bearer ${signWith({ exp: String(now() + 3600) })}`],
    "a token that is not valid yet": () => [`Bearer ${signWith({ nbf: now() + 3600 })}`],
    "another secret": () => [`Bearer ${sign(goodClaims(), { alg: "HS256" }, otherSecret)}`],
    "no signature": () => [`Bearer ${good().replace(/[^.]+$/, "")}`],
    "claims that were changed after signing": () => {
      const [header, , signature] = good().split(".");
      const [, claims] = signWith({ role: "service_role" }).split(".");
      return [`Bearer ${[header, claims, signature].join(".")}`];
    },
    "the algorithm none": () => [`Bearer ${sign(goodClaims(), { alg: "none" }).replace(/[^.]+$/, "")}`],
    "the algorithm None, signed": () => [`Bearer ${sign(goodClaims(), { alg: "None" })}`],
    "no algorithm": () => [`Bearer ${sign(goodClaims(), {})}`],
    "HS512 with the right secret": async () => [
      `Bearer ${await new SignJWT(goodClaims()).setProtectedHeader({ alg: "HS512" }).sign(secret)}`,
    ],
    "the algorithm RS256 with a signature by the secret": () => [`Bearer ${sign(goodClaims(), { alg: "RS256" })}`],
    "RS256 with a key of the caller's own, sent along": async () => {
      const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
      const header = { alg: "RS256", jwk: await exportJWK(publicKey) };
      return [`Bearer ${await new SignJWT(goodClaims()).setProtectedHeader(header).sign(privateKey)}`];
    },
    "an extension that has to be understood": () => [
      `Bearer ${sign(goodClaims(), { alg: "HS256", crit: ["x"], x: 1 })}`,
    ],
    "no subject": () => [`Bearer ${signWith({ sub: undefined })}`],
    "a subject that is not a UUID": () => [`Bearer ${signWith({ sub: "ada" })}`],
    "a subject that only begins as a UUID": () => [`Bearer ${signWith({ sub: `${ADA}'; --` })}`],
    "a subject that is not a string": () => [`Bearer ${signWith({ sub: { id: ADA } })}`],
    "no role": () => [`Bearer ${signWith({ role: undefined })}`],
    "the role postgres": () => [`Bearer ${signWith({ role: "postgres" })}`],
    "the role authenticator": () => [`Bearer ${signWith({ role: "authenticator" })}`],
    "the role stagekeep_owner": () => [`Bearer ${signWith({ role: "stagekeep_owner" })}`],
    "a role in other letters": () => [`Bearer ${signWith({ role: "Authenticated" })}`],
    "several roles": () => [`Bearer ${signWith({ role: ["authenticated"] })}`],
    "another audience": () => [`Bearer ${signWith({ aud: "other" })}`],
    "no audience": () => [`Bearer ${signWith({ aud: undefined })}`],
    "claims that are not an object": () => [`Bearer ${sign([goodClaims()])}`],
    "another scheme": () => [`Basic ${good()}`],
    "no scheme": () => [good()],
    "a scheme without a token": () => ["Bearer"],
    "an empty header": () => [""],
    garbage: () => ["Bearer a.b.c"],
    "something after the token": () => [`Bearer ${good()}, Basic x`],
    "two tokens in one header": () => [`Bearer ${good()} ${good()}`],
    "two tokens with a comma": () => [`Bearer ${good()},${good()}`],
    "two headers": () => [`Bearer ${good()}`, "Bearer a.b.c"],
  };

  it.each(Object.keys(bad))("refuses %s", async (what) => {
    const stored = await storedSessions();
    expect(await ask(api.url(), (await bad[what]?.()) ?? [], CREATE)).toMatchObject(REFUSED);
    expect(await storedSessions()).toEqual(stored);
  });

  it("answers each in the same way", async () => {
    const answers = new Set<string>();
    for (const headers of Object.values(bad)) {
      const answer = await ask(api.url(), await headers());
      const { date, "x-request-id": id, ...same } = answer.headers;
      expect({ date, id }).toEqual({ date: expect.any(String), id: expect.any(String) });
      answers.add(JSON.stringify({ ...answer, headers: same }));
    }
    expect([...answers]).toHaveLength(1);
  });

  it("refuses an invalid token before it reads the body", async () => {
    const headers = { authorization: "Bearer a.b.c", "content-type": "application/json" };
    const response = await fetch(api.url(), { method: "POST", headers, body: "{ not JSON" });
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 401, body: REFUSED.body });
  });
});

/** Another server on the same database, with other token settings. */
function useServer(authUrl: () => string, tokens: () => TokenSettings): () => string {
  let app: App;
  beforeEach(async () => {
    app = await startApp({
      authDatabaseUrl: authUrl(),
      tokens: tokens(),
      logger: makeLogger({ logLevel: "silent", production: true }),
      host: "127.0.0.1",
      port: 0,
      graphiql: false,
      development: false,
    });
  });
  afterEach(() => app.stop());
  return () => `${app.url}/graphql`;
}

describe("a token that was verified", () => {
  const start = Date.now();
  beforeEach(() => {
    // Only the clocks: signing needs the others.
    jest.useFakeTimers({ now: start, doNotFake: ["nextTick", "setImmediate", "queueMicrotask"] });
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it("is not verified again for a minute", async () => {
    const verify = jest.spyOn(globalThis.crypto.subtle, "verify");
    const verifyToken = makeVerifyToken(TEST_TOKENS);
    const token = signWith({});
    const claims = await verifyToken(token);
    jest.advanceTimersByTime(59_000);
    expect(await verifyToken(token)).toBe(claims);
    expect(verify).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(2_000);
    expect(await verifyToken(token)).toEqual(claims);
    expect(verify).toHaveBeenCalledTimes(2);
  });

  it("is refused once it has expired, and not mistaken for another", async () => {
    const verifyToken = makeVerifyToken(TEST_TOKENS);
    const token = signWith({ exp: Math.floor(start / 1000) + 10 });
    expect(await verifyToken(token)).toMatchObject({ sub: ADA });
    jest.advanceTimersByTime(12_000);
    expect(await verifyToken(token)).toMatchObject({ sub: ADA });
    jest.advanceTimersByTime(5_000);
    await expect(verifyToken(token)).rejects.toThrow(TokenError);
    const other = randomUUID();
    expect(await verifyToken(signWith({ sub: other }))).toMatchObject({ sub: other });
    await expect(verifyToken(`${signWith({})}x`)).rejects.toThrow(TokenError);
  });
});

describe("with an issuer", () => {
  const api = useTestApi();
  const issuer = "https://issuer.example";
  const url = useServer(
    () => api.db.authUrl,
    () => ({ ...TEST_TOKENS, issuer }),
  );

  it("accepts its tokens and refuses those of others", async () => {
    const answerTo = (iss: unknown) => ask(url(), [`Bearer ${signWith({ iss })}`]);
    expect(await answerTo(issuer)).toMatchObject(ACCEPTED);
    expect(await answerTo("https://other.example")).toMatchObject(REFUSED);
    expect(await answerTo(`${issuer}/`)).toMatchObject(REFUSED);
    expect(await answerTo(undefined)).toMatchObject(REFUSED);
  });
});

describe("with a key set", () => {
  interface Key {
    readonly alg: string;
    readonly jwk: JWK;
    readonly privateKey: CryptoKey;
    readonly publicKey: CryptoKey;
  }

  async function makeKey(alg: string): Promise<Key> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    return { alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid: randomUUID(), use: "sig" } };
  }

  function signWithKey({ alg, jwk: { kid }, privateKey }: Key, claims: object = goodClaims()): Promise<string> {
    return new SignJWT({ ...claims }).setProtectedHeader({ alg, kid }).sign(privateKey);
  }

  // The issuer's server: its response, and the number of requests.
  const issuer = { answer: { status: 200, body: "" }, asked: 0, url: new URL("http://127.0.0.1") };
  const publish = (...keys: Key[]) => {
    issuer.answer = { status: 200, body: JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }) };
  };
  const keyServer = createServer((_request, response) => {
    issuer.asked++;
    response.writeHead(issuer.answer.status, { "Content-Type": "application/json" }).end(issuer.answer.body);
  });
  const listen = async () => {
    await once(keyServer.listen(Number(issuer.url.port), "127.0.0.1"), "listening");
    issuer.url = new URL(`http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys`);
  };
  const stopListening = async () => {
    keyServer.closeAllConnections();
    await new Promise((resolve) => keyServer.close(resolve));
  };

  let keys: { RS256: Key; ES256: Key; EdDSA: Key };
  beforeAll(async () => {
    await listen();
    const [RS256, ES256, EdDSA] = await Promise.all([makeKey("RS256"), makeKey("ES256"), makeKey("EdDSA")]);
    keys = { RS256, ES256, EdDSA };
  });
  afterAll(stopListening);
  beforeEach(() => {
    issuer.asked = 0;
    publish(keys.RS256, keys.ES256, keys.EdDSA);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const api = useTestApi();
  const url = useServer(
    () => api.db.authUrl,
    () => ({ jwksUrl: issuer.url, audience: "authenticated" }),
  );
  const answerTo = async (token: string | Promise<string>) => ask(url(), [`Bearer ${await token}`]);

  it.each(["RS256", "ES256", "EdDSA"] as const)("accepts %s", async (alg) => {
    expect(await answerTo(signWithKey(keys[alg]))).toMatchObject(ACCEPTED);
  });

  it("fetches the keys once for many tokens", async () => {
    for (let count = 0; count < 3; count++) expect(await answerTo(signWithKey(keys.ES256))).toMatchObject(ACCEPTED);
    expect(issuer.asked).toBe(1);
  });

  it("accepts a key that is published later, and fetches unknown keys at most twice a minute", async () => {
    const later = await makeKey("ES256");
    expect(await answerTo(signWithKey(keys.ES256))).toMatchObject(ACCEPTED);
    expect(await answerTo(signWithKey(later))).toMatchObject(REFUSED);
    expect(await answerTo(signWithKey(later))).toMatchObject(REFUSED);
    expect(issuer.asked).toBe(1);

    publish(later);
    const realNow = Date.now;
    jest.spyOn(Date, "now").mockImplementation(() => realNow() + 31_000);
    expect(await answerTo(signWithKey(later))).toMatchObject(ACCEPTED);
    expect(issuer.asked).toBe(2);
    // The old key is no longer published.
    expect(await answerTo(signWithKey(keys.ES256))).toMatchObject(REFUSED);
  });

  it("refuses a key that was not published", async () => {
    const foreign = await makeKey("ES256");
    const { kid } = keys.ES256.jwk;
    expect(await answerTo(signWithKey(foreign))).toMatchObject(REFUSED);
    // Also with the id of a published key.
    expect(await answerTo(signWithKey({ ...foreign, jwk: { kid } }))).toMatchObject(REFUSED);
  });

  it.each(["PS256", "RS512", "ES384"])("refuses %s even when its key is published", async (alg) => {
    const key = await makeKey(alg);
    publish(key);
    expect(await answerTo(signWithKey(key))).toMatchObject(REFUSED);
  });

  it("refuses HS256 with the public key as the secret", async () => {
    const { jwk, publicKey } = keys.RS256;
    const header = { alg: "HS256", kid: jwk.kid };
    for (const text of [await exportSPKI(publicKey), JSON.stringify(jwk), jwk.n ?? ""]) {
      expect(await answerTo(sign(goodClaims(), header, text))).toMatchObject(REFUSED);
    }
  });

  it("refuses the algorithm none", async () => {
    const header = { alg: "none", kid: keys.RS256.jwk.kid };
    expect(await answerTo(sign(goodClaims(), header).replace(/[^.]+$/, ""))).toMatchObject(REFUSED);
  });

  it("checks the claims as with a secret", async () => {
    const answerToClaims = (changes: object) => answerTo(signWithKey(keys.EdDSA, { ...goodClaims(), ...changes }));
    expect(await answerToClaims({})).toMatchObject(ACCEPTED);
    expect(await answerToClaims({ exp: now() - 60 })).toMatchObject(REFUSED);
    expect(await answerToClaims({ exp: undefined })).toMatchObject(REFUSED);
    expect(await answerToClaims({ aud: "other" })).toMatchObject(REFUSED);
    expect(await answerToClaims({ role: "postgres" })).toMatchObject(REFUSED);
    expect(await answerToClaims({ sub: "ada" })).toMatchObject(REFUSED);
  });

  describe("that is unavailable", () => {
    const UNAVAILABLE = {
      status: 503,
      headers: { "retry-after": "1" },
      body: {
        errors: [
          {
            message: "Tokens can't be verified right now. Try again in a moment.",
            extensions: { code: "OVERLOADED" },
          },
        ],
      },
    };

    it.each([
      ["an error", 500, "{}"],
      ["a body that is not JSON", 200, "<html>"],
      ["JSON that is not a key set", 200, '{"keys":"none"}'],
    ])("answers 503 if the issuer answers with %s, and recovers", async (_, status, body) => {
      issuer.answer = { status, body };
      expect(await answerTo(signWithKey(keys.ES256))).toMatchObject(UNAVAILABLE);
      publish(keys.ES256);
      expect(await answerTo(signWithKey(keys.ES256))).toMatchObject(ACCEPTED);
    });

    it("answers 503 if the issuer is down, and still serves requests without a token", async () => {
      await stopListening();
      try {
        expect(await answerTo(signWithKey(keys.ES256))).toMatchObject(UNAVAILABLE);
        expect(await ask(url(), [])).toMatchObject(ACCEPTED);
      } finally {
        await listen();
      }
      expect(await answerTo(signWithKey(keys.ES256))).toMatchObject(ACCEPTED);
    });

    it("accepts known keys while the issuer is down", async () => {
      expect(await answerTo(signWithKey(keys.ES256))).toMatchObject(ACCEPTED);
      issuer.answer = { status: 500, body: "" };
      expect(await answerTo(signWithKey(keys.ES256))).toMatchObject(ACCEPTED);
    });
  });
});
