import { expect, it } from "@jest/globals";
import { pageOfEvent, publishedPage } from "./publishedPage.ts";

const NOW = new Date("2027-03-01T08:00:00Z");
const page = (publish: object) => publishedPage({ page: { slug: "fete" }, publish }, NOW);

it("is there at once, unless it was to wait", () => {
  expect(page({ visibility: "public" })).toEqual({ kind: "open", path: "/e/fete" });
  expect(page({ visibility: "unlisted", publishAt: "2027-03-01T09:00:00+01:00" })).toMatchObject({ kind: "open" });
  expect(page({ visibility: "public", publishAt: "" })).toMatchObject({ kind: "open" });
});

it("comes later where a time was chosen", () => {
  expect(page({ visibility: "public", publishAt: "2027-03-01T09:00:01+01:00" })).toEqual({
    kind: "later",
    path: "/e/fete",
    publishAt: "2027-03-01T09:00:01+01:00",
  });
});

it("is not there for a private event", () => {
  expect(page({ visibility: "private" })).toEqual({ kind: "private" });
});

it("has no address where the answers name none", () => {
  expect(publishedPage({ publish: { visibility: "public" } }, NOW)).toEqual({ kind: "none" });
});

it("goes by the event where there is one", () => {
  const event = { id: "1", slug: "fete", visibility: "PUBLIC", publishAt: null, status: "PUBLISHED" } as const;
  expect(pageOfEvent(event, NOW)).toEqual({ kind: "open", path: "/e/fete" });
  expect(pageOfEvent({ ...event, publishAt: "2027-03-01T08:00:01.000000+00:00" }, NOW)).toMatchObject({
    kind: "later",
  });
  expect(pageOfEvent({ ...event, visibility: "PRIVATE" }, NOW)).toEqual({ kind: "private" });
  for (const other of [null, { ...event, slug: null }, { ...event, status: "CANCELLED" } as const]) {
    expect(pageOfEvent(other, NOW)).toEqual({ kind: "none" });
  }
});
