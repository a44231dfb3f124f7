import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { PROJECT_ROOT } from "../database/migrate.ts";
import { Fault } from "../fault.ts";

export const WEB_FOLDER = join(PROJECT_ROOT, "web");
/** Where the built page is: `index.html`, and `assets/` under names that change with their content. */
export const PAGE_FOLDER = join(WEB_FOLDER, "dist");
export const VITE = join(PROJECT_ROOT, "node_modules/vite/bin/vite.js");

// What the page is made of. The lock file stands for the libraries.
const SOURCE_FOLDERS = ["web", "client", "wizard", "json"];
const LOCK_FILE = "package-lock.json";
const IS_NO_SOURCE = /^(?:web|client)[\\/]dist\b|^web[\\/]browser\b|\.test\.tsx?$/;
const STAMP_FILE = "sources.sha256";

/**
 * Builds the page unless it has been built from these very sources. `onBuild` is called before it begins, since it
 * takes some seconds.
 * @throws {Fault} with what Vite says, when it can't be built.
 */
export async function buildPage(onBuild: () => void, folder = PAGE_FOLDER): Promise<void> {
  const stamp = await stampOfSources();
  if ((await readFile(join(folder, STAMP_FILE), "utf8").catch(() => "")) === stamp) return;
  onBuild();
  // Two programs may start at the same time: each builds a folder of its own, and the last one puts its into place.
  const made = await mkdtemp(`${folder}-`);
  const old = `${made}-old`;
  try {
    await chmod(made, 0o755);
    await runVite(["build", WEB_FOLDER, "--outDir", made, "--emptyOutDir", "--logLevel", "warn"]);
    await writeFile(join(made, STAMP_FILE), stamp);
    await rename(folder, old).catch(ignoreMissing);
    await rename(made, folder).catch(ignoreOther);
  } finally {
    await Promise.all([made, old].map((path) => rm(path, { recursive: true, force: true })));
  }
}

async function runVite(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [VITE, ...args], {
    cwd: PROJECT_ROOT,
    // The page is the same for everybody: React's build for production, whatever the server runs as.
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Fault(`The page could not be built:\n${said.trim()}`);
}

/** A digest of the sources' names and contents; a copy or a checkout changes nothing about it. */
async function stampOfSources(): Promise<string> {
  const lists = await Promise.all(SOURCE_FOLDERS.map(filesIn));
  const files = [...lists.flat().sort(), LOCK_FILE];
  const contents = await Promise.all(files.map((file) => readFile(join(PROJECT_ROOT, file))));
  const hash = createHash("sha256");
  for (const [place, content] of contents.entries())
    hash.update(`${files[place]}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(PROJECT_ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(PROJECT_ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !IS_NO_SOURCE.test(file));
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

/** Somebody else has just put the same page there. */
function ignoreOther(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
}
