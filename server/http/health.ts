import { type RequestHandler, Router } from "express";
import type { Pool } from "pg";
import { isMigrated } from "../database/pool.ts";

/** `/healthz`: the process answers. `/readyz`: the database answers too, and is migrated. */
export function health(pool: Pool): Router {
  const ready: RequestHandler = async (request, response) => {
    try {
      const migrated = await isMigrated(pool);
      const status = migrated ? "ready" : "the database is not migrated; run npm run db:migrate";
      response.status(migrated ? 200 : 503).json({ status });
    } catch (error) {
      request.log.warn({ err: error }, "cannot connect to the database");
      response.status(503).json({ status: "can't connect to the database" });
    }
  };
  return Router()
    .get("/healthz", (_request, response) => {
      response.json({ status: "ok" });
    })
    .get("/readyz", ready);
}
