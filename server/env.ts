import { resolve } from "node:path";
import { z } from "zod";
import { secondsIn } from "./interval.ts";
import { UserError } from "./userError.ts";

/** The settings of a process, read once from the environment. */
export interface Env {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  /** Connects as the owner. If absent, the embedded database is used. */
  readonly databaseUrl: string | undefined;
  /** Connects as authenticator. Present if `databaseUrl` is. */
  readonly authDatabaseUrl: string | undefined;
  readonly shadowDatabaseUrl: string | undefined;
  readonly rootDatabaseUrl: string | undefined;
  readonly jwtSecret: string | undefined;
  readonly jwksUrl: URL | undefined;
  readonly jwtIssuer: string | undefined;
  readonly jwtAudience: string;
  readonly jwtClaims: readonly string[];
  readonly graphiql: boolean;
  /** Origins of other sites that may call the API. */
  readonly corsOrigins: readonly string[];
  /** Absolute path. `dataDirChosen` is true if DATA_DIR is set. */
  readonly dataDir: string;
  readonly dataDirChosen: boolean;
  /** Whether the server also runs the worker. */
  readonly worker: boolean;
  /** Sessions in progress are abandoned this long after their last save: a PostgreSQL interval. */
  readonly abandonAfter: string;
  /** Abandoned sessions are deleted this long after their last save. */
  readonly purgeAfter: string;
  readonly logLevel: string;
}

/** Every invalid setting, one line each. */
export class EnvError extends UserError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The environment is not valid:\n${problems.map((problem) => `  - ${problem}`).join("\n")}\nSee .env.example.`,
    );
    this.problems = problems;
  }
}

const JWT_SECRET_BYTES = 32;
const ABANDON_AFTER = "30 days";
const PURGE_AFTER = "180 days";
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  hostname: /.*/,
  error: "expected a URL such as postgres://user:password@host:5432/database",
});

const interval = z
  .string()
  .refine(
    (text) => secondsIn(text) !== undefined,
    'expected a positive interval such as "30 days" or "1 year 6 months"',
  );

const schema = z.object({
  NODE_ENV: z.enum(["development", "production", "test"], "expected development, production or test").optional(),
  HOST: z.string().default("127.0.0.1"),
  PORT: z
    .string()
    .refine((port) => /^\d+$/.test(port) && Number(port) <= 65535, "expected a port number")
    .transform(Number)
    .default(5678),
  DATABASE_URL: postgresUrl.optional(),
  AUTH_DATABASE_URL: postgresUrl.optional(),
  SHADOW_DATABASE_URL: postgresUrl.optional(),
  ROOT_DATABASE_URL: postgresUrl.optional(),
  JWT_SECRET: z
    .string()
    .refine((secret) => Buffer.byteLength(secret) >= JWT_SECRET_BYTES, `expected at least ${JWT_SECRET_BYTES} bytes`)
    .optional(),
  JWKS_URL: z.url({ protocol: /^https?$/, error: "expected an http(s) URL" }).optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().default("authenticated"),
  JWT_CLAIMS: z
    .string()
    .transform((list) => list.split(",").map((name) => name.trim()))
    .refine((names) => !names.includes(""), "expected names of claims, separated by commas")
    .default([]),
  GRAPHIQL: z.enum(["0", "1"], "expected 0 or 1").optional(),
  CORS_ORIGINS: z
    .string()
    .transform((list) => list.split(",").map((origin) => origin.trim()))
    .refine(
      (origins) => origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
      "expected origins such as https://app.example, separated by commas",
    )
    .default([]),
  DATA_DIR: z.string().optional(),
  WORKER: z.enum(["0", "1"], "expected 0 or 1").default("1"),
  ABANDON_AFTER: interval.default(ABANDON_AFTER),
  PURGE_AFTER: interval.default(PURGE_AFTER),
  LOG_LEVEL: z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(", ")}`).default("info"),
});

/** The names of all settings. */
export const ENV_VARIABLES: readonly string[] = Object.keys(schema.shape);

/**
 * Reads and validates the environment. An empty variable counts as absent.
 * @throws {EnvError} with all invalid settings at once.
 */
export function readEnv(source: NodeJS.ProcessEnv = process.env): Env {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(given);
  const problems = parsed.error?.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) ?? [];

  const production = given.NODE_ENV === "production";
  if (given.DATABASE_URL && !given.AUTH_DATABASE_URL) {
    problems.push("AUTH_DATABASE_URL: missing; DATABASE_URL (the owner) needs it, to connect as authenticator");
  }
  if (!given.DATABASE_URL && given.AUTH_DATABASE_URL) {
    problems.push("DATABASE_URL: missing; AUTH_DATABASE_URL needs it");
  }
  if (given.JWT_SECRET && given.JWKS_URL) {
    problems.push("JWT_SECRET, JWKS_URL: set one of them, not both");
  }
  if (production && !given.JWT_SECRET && !given.JWKS_URL) {
    problems.push("JWT_SECRET or JWKS_URL: missing; production has no default");
  }
  const [abandonAfter, purgeAfter] = [given.ABANDON_AFTER ?? ABANDON_AFTER, given.PURGE_AFTER ?? PURGE_AFTER];
  if ((secondsIn(purgeAfter) ?? Infinity) < (secondsIn(abandonAfter) ?? 0)) {
    problems.push("PURGE_AFTER: shorter than ABANDON_AFTER; both are counted from the last save");
  }
  if (problems.length > 0 || !parsed.data) throw new EnvError(problems);

  const env = parsed.data;
  return {
    production,
    host: env.HOST,
    port: env.PORT,
    databaseUrl: env.DATABASE_URL,
    authDatabaseUrl: env.AUTH_DATABASE_URL,
    shadowDatabaseUrl: env.SHADOW_DATABASE_URL,
    rootDatabaseUrl: env.ROOT_DATABASE_URL,
    jwtSecret: env.JWT_SECRET,
    jwksUrl: env.JWKS_URL === undefined ? undefined : new URL(env.JWKS_URL),
    jwtIssuer: env.JWT_ISSUER,
    jwtAudience: env.JWT_AUDIENCE,
    jwtClaims: env.JWT_CLAIMS,
    graphiql: env.GRAPHIQL === undefined ? !production : env.GRAPHIQL === "1",
    corsOrigins: env.CORS_ORIGINS,
    dataDir: resolve(env.DATA_DIR ?? ".data"),
    dataDirChosen: env.DATA_DIR !== undefined,
    worker: env.WORKER === "1",
    abandonAfter: env.ABANDON_AFTER,
    purgeAfter: env.PURGE_AFTER,
    logLevel: env.LOG_LEVEL,
  };
}
