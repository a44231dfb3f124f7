import { type RequestHandler, Router } from "express";
import type { Pool } from "pg";

/** Whether the database that `pool` connects to has the tables that this server needs. */
export async function isMigrated(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ migrated: boolean }>(
    "select to_regclass('public.wizard_sessions') is not null as migrated",
  );
  return rows[0]?.migrated === true;
}

/** `/healthz`: this process answers. `/readyz`: its database answers, and has been migrated. */
export function health(pool: Pool): Router {
  const ready: RequestHandler = async (request, response) => {
    try {
      const migrated = await isMigrated(pool);
      const status = migrated ? "ready" : "the database is not migrated; run npm run db:migrate";
      response.status(migrated ? 200 : 503).json({ status });
    } catch (error) {
      request.log.warn({ err: error }, "the database can't be reached");
      response.status(503).json({ status: "the database can't be reached" });
    }
  };
  return Router()
    .get("/healthz", (_request, response) => {
      response.json({ status: "ok" });
    })
    .get("/readyz", ready);
}
