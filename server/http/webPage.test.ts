import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { useTestApi } from "../../testkit/api.ts";

// Like Vite's output, but smaller.
const PAGE = `<!doctype html><html><head><script type="module" src="/assets/a-1.js" nonce="NONCE_OF_THIS_ANSWER"></script></head></html>`;
const LONG_SCRIPT = "// A comment.\n".repeat(1000);
const NOTHING_HERE = { errors: [{ message: "Nothing is served at this path.", extensions: { code: "NOT_FOUND" } }] };

const folder = await mkdtemp(join(tmpdir(), "stagekeep-page-"));
await mkdir(join(folder, "assets"));
await Promise.all([
  writeFile(join(folder, "index.html"), PAGE),
  writeFile(join(folder, "sources.sha256"), "stamp"),
  writeFile(join(folder, "assets/a-1.js"), "export {};"),
  writeFile(join(folder, "assets/long-1.js"), LONG_SCRIPT),
]);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("in development", () => {
  const api = useTestApi({ development: true, pageFolder: folder });
  const get = (path: string, method = "GET") => fetch(api.url(path), { method });

  it.each(["/", "/sessions/5e550000-0000-4000-8000-000000000001", "/e/summer-party", "/funnel"])(
    "serves the page at %s",
    async (path) => {
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(await response.text()).toContain('<meta name="demo-sign-in" content="/dev/sign-in" />');
    },
  );

  it("allows the page only its own scripts, and no inline ones", async () => {
    const response = await get("/");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).not.toMatch(/unsafe|data:/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("uses a new nonce in each response, in the header and the page, and prevents caching", async () => {
    const nonces = await Promise.all(
      [get("/"), get("/")].map(async (answer) => {
        const response = await answer;
        expect(response.headers.get("cache-control")).toBe("no-store");
        expect(response.headers.get("etag")).toBeNull();
        const [, nonce] = /'nonce-([^']+)'/.exec(response.headers.get("content-security-policy") ?? "") ?? [];
        expect(await response.text()).toContain(`nonce="${nonce}"`);
        return nonce;
      }),
    );
    expect(new Set(nonces).size).toBe(2);
  });

  it("compresses long assets", async () => {
    const response = await get("/assets/long-1.js");
    expect(response.headers.get("content-encoding")).toMatch(/^(br|gzip)$/);
    expect(await response.text()).toBe(LONG_SCRIPT);
  });

  it("lets browsers cache assets, whose names contain a hash", async () => {
    const response = await get("/assets/a-1.js");
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(response.headers.get("content-type")).toContain("javascript");
  });

  it.each([
    ["GET", "/nothing"],
    ["GET", "/sessions"],
    ["GET", "/sessions/a/b"],
    ["GET", "/index.html"],
    ["GET", "/sources.sha256"],
    ["GET", "/assets/gone.js"],
    ["GET", "/assets/"],
    ["GET", "/assets/..%2fsources.sha256"],
    ["POST", "/"],
  ])("answers 404 for %s %s", async (method, path) => {
    const response = await get(path, method);
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 404, body: NOTHING_HERE });
  });
});

describe("in production", () => {
  const api = useTestApi({ development: false, pageFolder: folder });

  it("does not offer demo users", async () => {
    const response = await fetch(api.url("/"));
    expect({ status: response.status, page: await response.text() }).toEqual({
      status: 200,
      page: expect.not.stringContaining("demo"),
    });
  });
});
