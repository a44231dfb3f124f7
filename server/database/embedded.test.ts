import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import pg from "pg";
import { startEmbeddedDatabase } from "./embedded.ts";

it("the embedded database compresses the page images in its write-ahead log", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "stagekeep-embedded-"));
  // As root, PostgreSQL runs as another user, which needs access.
  await chmod(dataDir, 0o755);
  const { connections, stop } = await startEmbeddedDatabase(dataDir);
  const client = new pg.Client({ connectionString: connections.databaseUrl });
  try {
    await client.connect();
    expect((await client.query("show wal_compression")).rows).toEqual([{ wal_compression: "pglz" }]);
  } finally {
    await client.end();
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
