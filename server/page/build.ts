import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { PROJECT_ROOT } from "../database/migrate.ts";
import { UserError } from "../userError.ts";

export const WEB_FOLDER = join(PROJECT_ROOT, "web");
/** The folder of the built page: `index.html`, and `assets/` with a content hash in each file name. */
export const PAGE_FOLDER = join(WEB_FOLDER, "dist");
export const VITE = join(PROJECT_ROOT, "node_modules/vite/bin/vite.js");

// The sources of the page. The lock file covers its libraries.
const SOURCE_FOLDERS = ["web", "client", "wizard", "json"];
const LOCK_FILE = "package-lock.json";
const NOT_A_SOURCE = /^(?:web|client)[\\/]dist\b|^web[\\/]browser\b|\.test\.tsx?$/;
const HASH_FILE = "sources.sha256";

/**
 * Builds the page, unless it was already built from the current sources. A build takes some seconds, so `onBuild` is called
 * before it starts.
 * @throws {UserError} with the output of Vite, if the build fails.
 */
export async function buildPage(onBuild: () => void, folder = PAGE_FOLDER): Promise<void> {
  const hash = await hashOfSources();
  if ((await readFile(join(folder, HASH_FILE), "utf8").catch(() => "")) === hash) return;
  onBuild();
  // Two servers may start at the same time. Each builds into a folder of its own; the last one to finish replaces the page.
  const built = await mkdtemp(`${folder}-`);
  const old = `${built}-old`;
  try {
    await chmod(built, 0o755);
    await runVite(["build", WEB_FOLDER, "--outDir", built, "--emptyOutDir", "--logLevel", "warn"]);
    await writeFile(join(built, HASH_FILE), hash);
    await rename(folder, old).catch(ignoreMissing);
    await rename(built, folder).catch(ignoreExisting);
  } finally {
    await Promise.all([built, old].map((path) => rm(path, { recursive: true, force: true })));
  }
}

async function runVite(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [VITE, ...args], {
    cwd: PROJECT_ROOT,
    // Always bundle the production build of React, even for a development server.
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = await once(child, "close");
  if (code !== 0) throw new UserError(`The page could not be built:\n${output.trim()}`);
}

/** A digest of the names and contents of the sources. File times do not matter. */
async function hashOfSources(): Promise<string> {
  const lists = await Promise.all(SOURCE_FOLDERS.map(filesIn));
  const files = [...lists.flat().sort(), LOCK_FILE];
  const contents = await Promise.all(files.map((file) => readFile(join(PROJECT_ROOT, file))));
  const hash = createHash("sha256");
  for (const [index, content] of contents.entries())
    hash.update(`${files[index]}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(PROJECT_ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(PROJECT_ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !NOT_A_SOURCE.test(file));
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

/** Another server has just put the same page there. */
function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
}
