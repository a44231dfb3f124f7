import { describe, expect, it } from "@jest/globals";
import { useTestApi } from "../../testkit/api.ts";

const FRONT_END = "http://localhost:5173";
const api = useTestApi({ corsOrigins: [FRONT_END, "https://app.example"] });

const preflight = (origin: string) =>
  fetch(api.url(), {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization,content-type",
    },
  });

describe("a page on another origin", () => {
  it("can send a token if its origin is listed", async () => {
    const response = await preflight(FRONT_END);
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe(FRONT_END);
    expect(response.headers.get("access-control-allow-headers")).toBe("authorization,content-type");
  });

  it.each(["http://localhost:5174", "https://app.example.evil.example", "null"])("can't from %s", async (origin) => {
    expect((await preflight(origin)).headers.has("access-control-allow-origin")).toBe(false);
  });

  it("can read the refusal of its token", async () => {
    const headers = { Origin: FRONT_END, Authorization: "Bearer nonsense", "Content-Type": "application/json" };
    const response = await fetch(api.url(), { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(401);
    expect(response.headers.get("access-control-allow-origin")).toBe(FRONT_END);
    expect(response.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
  });
});
