import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import express from "express";
import { VITE } from "../../../server/page/build.ts";

const SOURCES = fileURLToPath(new URL(".", import.meta.url));

export interface ServedPage {
  /** Differs from the origin of the API. */
  readonly origin: string;
  stop(): Promise<void>;
}

/** Builds the front end and serves it on a port of its own. */
export async function servePlainApollo(): Promise<ServedPage> {
  const folder = await mkdtemp(join(tmpdir(), "stagekeep-plain-apollo-"));
  // Vite does not run inside Jest, so it gets its own process.
  await promisify(execFile)(process.execPath, [VITE, "build", SOURCES, "--outDir", folder, "--logLevel", "warn"]);
  const server = express().use(express.static(folder)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true });
    },
  };
}
