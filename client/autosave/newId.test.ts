import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { browserEnvironment } from "./environment.ts";
import { newId } from "./newId.ts";

it("makes version 7 UUIDs where crypto.randomUUID does not exist, as on a plain-http page", () => {
  const { crypto } = globalThis;
  const plainHttp = { getRandomValues: crypto.getRandomValues.bind(crypto) };
  Object.defineProperty(globalThis, "crypto", { value: plainHttp, configurable: true });
  try {
    const ids = Array.from({ length: 1_000 }, () => newId());
    ids.push(browserEnvironment({}).newId());
    for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    // The server remembers old saves by the last 8 bytes.
    expect(new Set(ids.map((id) => id.slice(19))).size).toBe(ids.length);
    expect(new Set(ids.map((id) => id[19]))).toEqual(new Set("89ab"));
  } finally {
    Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true });
  }
});

it("begins with the time, so that later ids sort after earlier ones", () => {
  const time = Date.parse("2027-06-19T18:00:00.123Z");
  expect(Number.parseInt(newId(time).slice(0, 13).replace("-", ""), 16)).toBe(time);
  expect(newId(0)).toMatch(/^00000000-0000-7/);
  expect(newId(time) < newId(time + 1)).toBe(true);
});

it("is the only way to make an id in client/ and web/", async () => {
  const files = (await Promise.all(["client", "web"].map(sourcesIn))).flat();
  expect(files).toContain(join("web", "pages", "DraftsPage.tsx"));
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")] as const));
  expect(texts.filter(([, text]) => /randomUUID\s*\(/.test(text)).map(([file]) => file)).toEqual([]);
});

/** The files that a browser loads. */
async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
    .filter((name) => !/^(testing|browser|dist)\b/.test(name))
    .map((name) => join(folder, name));
}
