// What the peers have in common: the settings, the pool, the token and, for those without a framework, the HTTP server.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { jwtVerify } from "jose";
import pg from "pg";

const { DATABASE_URL, JWT_SECRET, PORT } = process.env;
if (!DATABASE_URL || !JWT_SECRET || !PORT) throw new Error("DATABASE_URL, JWT_SECRET and PORT are required.");

export const port = Number(PORT);
export const host = "127.0.0.1";
// As many connections as Stagekeep's server has.
export const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20 });

const key = new TextEncoder().encode(JWT_SECRET);

/** Verifies the bearer token of a request. */
export async function claimsOf(header: string | null | undefined): Promise<{ sub: string; role: string }> {
  const { payload } = await jwtVerify(header?.replace(/^Bearer /, "") ?? "", key, {
    algorithms: ["HS256"],
    audience: "authenticated",
    requiredClaims: ["exp", "sub", "role"],
  });
  return { sub: String(payload.sub), role: String(payload.role) };
}

/**
 * Serves one SQL statement without a framework. Each request runs begin, set_config, the statement and commit, one after
 * another, and is answered with the statement's first row.
 */
export function serveStatement(sql: string, parametersOf: (url: string, body: Record<string, unknown>) => unknown[]) {
  const answer = async (request: IncomingMessage): Promise<unknown> => {
    const claims = await claimsOf(request.headers.authorization);
    const body = (await json(request)) as Record<string, unknown>;
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
        claims.role,
        JSON.stringify(claims),
      ]);
      const { rows } = await client.query(sql, parametersOf(request.url ?? "", body));
      await client.query("commit");
      client.release();
      return rows[0];
    } catch (error) {
      client.release(true);
      throw error;
    }
  };
  const send = (response: ServerResponse, status: number, body: unknown) => {
    const text = JSON.stringify(body);
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
  };
  createServer((request, response) => {
    answer(request).then(
      (row) => (row ? send(response, 200, row) : send(response, 404, { error: "not found" })),
      (error: Error) => send(response, 500, { error: error.message }),
    );
  }).listen(port, host);
}
