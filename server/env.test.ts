import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { PROJECT_ROOT } from "./database/migrate.ts";
import { ENV_VARIABLES, EnvError, readEnv } from "./env.ts";
import { UserError } from "./userError.ts";

type Variables = Record<string, string>;

const OWNER_URL = "postgres://owner:word@db.example:5432/stagekeep";
const AUTH_URL = "postgres://authenticator:word@db.example:5432/stagekeep";
const SECRET = "x".repeat(32);

/** The problems of an invalid environment. */
function problemsOf(variables: Variables): readonly string[] {
  try {
    readEnv(variables);
  } catch (error) {
    if (error instanceof EnvError) return error.problems;
    throw error;
  }
  throw new Error("No fault was found in this.");
}

const DEFAULTS = {
  production: false,
  host: "127.0.0.1",
  port: 5678,
  databaseUrl: undefined,
  authDatabaseUrl: undefined,
  shadowDatabaseUrl: undefined,
  rootDatabaseUrl: undefined,
  jwtSecret: undefined,
  jwksUrl: undefined,
  jwtIssuer: undefined,
  jwtAudience: "authenticated",
  jwtClaims: [],
  graphiql: true,
  corsOrigins: [],
  dataDir: resolve(".data"),
  dataDirChosen: false,
  worker: true,
  abandonAfter: "30 days",
  purgeAfter: "180 days",
  logLevel: "info",
};

describe("readEnv", () => {
  it("has defaults for development", () => {
    expect(readEnv({})).toEqual(DEFAULTS);
  });

  it("treats an empty variable as absent", () => {
    expect(readEnv(Object.fromEntries(ENV_VARIABLES.map((name) => [name, ""])))).toEqual(DEFAULTS);
  });

  it("ignores other variables", () => {
    expect(readEnv({ PGHOST: "elsewhere", SECRET_KEY: "x" })).toEqual(DEFAULTS);
  });

  it("reads every variable", () => {
    const env = readEnv({
      NODE_ENV: "production",
      HOST: "0.0.0.0",
      PORT: "80",
      DATABASE_URL: OWNER_URL,
      AUTH_DATABASE_URL: AUTH_URL,
      SHADOW_DATABASE_URL: "postgresql://owner@db.example/shadow?sslmode=require",
      ROOT_DATABASE_URL: "postgres:///postgres",
      JWKS_URL: "https://issuer.example/keys",
      JWT_ISSUER: "https://issuer.example",
      JWT_AUDIENCE: "stagekeep",
      JWT_CLAIMS: "app_metadata, email",
      GRAPHIQL: "1",
      CORS_ORIGINS: "http://localhost:5173, https://app.example",
      DATA_DIR: "/var/lib/stagekeep",
      WORKER: "0",
      ABANDON_AFTER: "2 weeks",
      PURGE_AFTER: "1 year 6 months",
      LOG_LEVEL: "debug",
    });
    expect(env).toEqual({
      production: true,
      host: "0.0.0.0",
      port: 80,
      databaseUrl: OWNER_URL,
      authDatabaseUrl: AUTH_URL,
      shadowDatabaseUrl: "postgresql://owner@db.example/shadow?sslmode=require",
      rootDatabaseUrl: "postgres:///postgres",
      jwtSecret: undefined,
      jwksUrl: new URL("https://issuer.example/keys"),
      jwtIssuer: "https://issuer.example",
      jwtAudience: "stagekeep",
      jwtClaims: ["app_metadata", "email"],
      graphiql: true,
      corsOrigins: ["http://localhost:5173", "https://app.example"],
      dataDir: "/var/lib/stagekeep",
      dataDirChosen: true,
      worker: false,
      abandonAfter: "2 weeks",
      purgeAfter: "1 year 6 months",
      logLevel: "debug",
    });
  });

  it("makes DATA_DIR absolute, and marks it as chosen even if it equals the default", () => {
    expect(readEnv({ DATA_DIR: ".data" })).toEqual({ ...DEFAULTS, dataDirChosen: true });
  });

  it("reports all invalid variables at once, by name", () => {
    const problems = problemsOf({
      NODE_ENV: "staging",
      PORT: "http",
      DATABASE_URL: "localhost:5432/stagekeep",
      SHADOW_DATABASE_URL: "mysql://localhost/shadow",
      ROOT_DATABASE_URL: "postgres",
      JWT_SECRET: "short",
      JWKS_URL: "issuer.example/keys",
      GRAPHIQL: "yes",
      CORS_ORIGINS: "https://app.example/page",
      WORKER: "no",
      ABANDON_AFTER: "0 days",
      PURGE_AFTER: "soon",
      LOG_LEVEL: "loud",
    });
    const url = "expected a URL such as postgres://user:password@host:5432/database";
    const interval = 'expected a positive interval such as "30 days" or "1 year 6 months"';
    expect(problems).toEqual([
      "NODE_ENV: expected development, production or test",
      "PORT: expected a port number",
      `DATABASE_URL: ${url}`,
      `SHADOW_DATABASE_URL: ${url}`,
      `ROOT_DATABASE_URL: ${url}`,
      "JWT_SECRET: expected at least 32 bytes",
      "JWKS_URL: expected an http(s) URL",
      "GRAPHIQL: expected 0 or 1",
      "CORS_ORIGINS: expected origins such as https://app.example, separated by commas",
      "WORKER: expected 0 or 1",
      `ABANDON_AFTER: ${interval}`,
      `PURGE_AFTER: ${interval}`,
      "LOG_LEVEL: expected one of fatal, error, warn, info, debug, trace, silent",
      "AUTH_DATABASE_URL: missing; DATABASE_URL (the owner) needs it, to connect as authenticator",
      "JWT_SECRET, JWKS_URL: set one of them, not both",
    ]);
  });

  it("throws one readable error", () => {
    const error = new EnvError(["PORT: expected a port number", "GRAPHIQL: expected 0 or 1"]);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe(
      "The environment is not valid:\n" +
        "  - PORT: expected a port number\n" +
        "  - GRAPHIQL: expected 0 or 1\n" +
        "See .env.example.",
    );
  });

  it("does not print values, which may be secrets", () => {
    const problems = problemsOf({ JWT_SECRET: "hunter2", DATABASE_URL: "hunter2", AUTH_DATABASE_URL: "hunter2" });
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain("hunter2");
  });

  it.each(["-1", "65536", "80.5", "1e9", "5678x", "0x50", "5e3", " "])("refuses the port %j", (port) => {
    expect(problemsOf({ PORT: port })).toEqual(["PORT: expected a port number"]);
  });

  it.each([
    ["0", 0],
    ["65535", 65535],
  ])("accepts the port %s", (port, number) => {
    expect(readEnv({ PORT: port }).port).toBe(number);
  });

  it("counts the bytes of a secret, not its characters", () => {
    expect(readEnv({ JWT_SECRET: "é".repeat(16) }).jwtSecret).toBe("é".repeat(16));
    expect(problemsOf({ JWT_SECRET: "x".repeat(31) })).toEqual(["JWT_SECRET: expected at least 32 bytes"]);
  });

  it("serves GraphiQL outside production unless GRAPHIQL is 0", () => {
    expect(readEnv({ GRAPHIQL: "0" }).graphiql).toBe(false);
    expect(readEnv({ NODE_ENV: "test" }).graphiql).toBe(true);
  });

  it("requires both connections or neither", () => {
    expect(problemsOf({ AUTH_DATABASE_URL: AUTH_URL })).toEqual(["DATABASE_URL: missing; AUTH_DATABASE_URL needs it"]);
    expect(readEnv({ DATABASE_URL: OWNER_URL, AUTH_DATABASE_URL: AUTH_URL })).toMatchObject({
      databaseUrl: OWNER_URL,
      authDatabaseUrl: AUTH_URL,
    });
  });

  it("refuses a PURGE_AFTER shorter than ABANDON_AFTER", () => {
    const words = "PURGE_AFTER: shorter than ABANDON_AFTER; both are counted from the last save";
    expect(problemsOf({ ABANDON_AFTER: "1 year" })).toEqual([words]);
    expect(problemsOf({ PURGE_AFTER: "29 days 23 hours" })).toEqual([words]);
    expect(readEnv({ ABANDON_AFTER: "1 year", PURGE_AFTER: "12 months" })).toMatchObject({ purgeAfter: "12 months" });
  });

  describe("in production", () => {
    const production = { NODE_ENV: "production" };

    it("requires a secret or a key set", () => {
      expect(problemsOf(production)).toEqual(["JWT_SECRET or JWKS_URL: missing; production has no default"]);
      expect(problemsOf({ ...production, JWT_SECRET: "" })).toHaveLength(1);
    });

    it("reports everything that is missing or weak at once", () => {
      expect(problemsOf({ ...production, JWT_SECRET: "short", DATABASE_URL: OWNER_URL })).toEqual([
        "JWT_SECRET: expected at least 32 bytes",
        "AUTH_DATABASE_URL: missing; DATABASE_URL (the owner) needs it, to connect as authenticator",
      ]);
    });

    it("accepts a secret or a key set, with the embedded database", () => {
      expect(readEnv({ ...production, JWT_SECRET: SECRET })).toEqual({
        ...DEFAULTS,
        production: true,
        graphiql: false,
        jwtSecret: SECRET,
      });
      const { jwksUrl } = readEnv({ ...production, JWKS_URL: "https://issuer.example/keys" });
      expect(jwksUrl?.href).toBe("https://issuer.example/keys");
    });

    it("serves GraphiQL only if GRAPHIQL is 1", () => {
      const graphiql = (value: string) => readEnv({ ...production, JWT_SECRET: SECRET, GRAPHIQL: value }).graphiql;
      expect([graphiql(""), graphiql("0"), graphiql("1")]).toEqual([false, false, true]);
    });
  });
});

describe(".env.example", () => {
  const read = () => readFile(resolve(PROJECT_ROOT, ".env.example"), "utf8");
  const settingsIn = (example: string) => [...example.matchAll(/^# ([A-Z_]+)=(.*)$/gm)];

  it("lists exactly the variables that are read, each with a description", async () => {
    const example = await read();
    expect(settingsIn(example).map(([, name]) => name)).toEqual(ENV_VARIABLES);
    for (const paragraph of example.trim().split("\n\n").slice(1)) {
      expect(paragraph).toMatch(/^(# .*\n)+# [A-Z_]+=.*$/);
    }
  });

  it("has every setting commented out", async () => {
    expect((await read()).split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
  });

  it("shows the real defaults and valid examples", async () => {
    const shown = Object.fromEntries(settingsIn(await read()).map(([, name = "", value = ""]) => [name, value]));
    expect(readEnv(shown)).toEqual({
      ...DEFAULTS,
      dataDirChosen: true,
      databaseUrl: shown.DATABASE_URL,
      authDatabaseUrl: shown.AUTH_DATABASE_URL,
      shadowDatabaseUrl: shown.SHADOW_DATABASE_URL,
      rootDatabaseUrl: shown.ROOT_DATABASE_URL,
      jwksUrl: new URL(shown.JWKS_URL ?? ""),
      jwtIssuer: shown.JWT_ISSUER,
      jwtClaims: shown.JWT_CLAIMS?.split(","),
      corsOrigins: shown.CORS_ORIGINS?.split(","),
    });
  });
});
