import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "@jest/globals";
import { buildPage } from "./build.ts";

// Not the folder that servers of other tests use.
const parent = await mkdtemp(join(tmpdir(), "stagekeep-page-"));
const folder = join(parent, "dist");
afterAll(() => rm(parent, { recursive: true, force: true }));

async function isBuilt(): Promise<boolean> {
  let built = false;
  await buildPage(() => {
    built = true;
  }, folder);
  return built;
}

const BUILDS_MS = 60_000;

it(
  "builds the page if it is missing or its sources have changed",
  async () => {
    expect([await isBuilt(), await isBuilt()]).toEqual([true, false]);
    await writeFile(join(folder, "sources.sha256"), "of other sources");
    expect([await isBuilt(), await isBuilt()]).toEqual([true, false]);
  },
  BUILDS_MS,
);

it(
  "leaves no temporary folder behind after two builds at the same time",
  async () => {
    await writeFile(join(folder, "sources.sha256"), "of other sources");
    expect(await Promise.all([isBuilt(), isBuilt()])).toEqual([true, true]);
    expect((await readdir(folder)).toSorted()).toEqual(["assets", "index.html", "sources.sha256"]);
    expect(await readdir(parent)).toEqual(["dist"]);
  },
  BUILDS_MS,
);

it("builds a page that its Content-Security-Policy allows", async () => {
  const page = await readFile(join(folder, "index.html"), "utf8");
  // No inline scripts or styles. The server replaces the nonce in each response.
  expect(page.match(/<script\b[^>]*>[^<]+/g)).toBeNull();
  expect(page).not.toMatch(/<style|style=|data:/);
  expect(page).toMatch(/<meta property="csp-nonce" nonce="NONCE_OF_THIS_ANSWER">/);
});
