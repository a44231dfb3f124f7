import { expect, it } from "@jest/globals";
import { eventPageOf, eventPageOfDraft } from "./eventPageLink.ts";

const NOW = new Date("2027-03-01T08:00:00Z");
const page = (publish: object) => eventPageOfDraft({ page: { slug: "fete" }, publish }, NOW);

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
  expect(eventPageOfDraft({ publish: { visibility: "public" } }, NOW)).toEqual({ kind: "none" });
});

it("goes by the event where there is one", () => {
  const event = { id: "1", slug: "fete", visibility: "PUBLIC", publishAt: null, status: "PUBLISHED" } as const;
  expect(eventPageOf(event, NOW)).toEqual({ kind: "open", path: "/e/fete" });
  expect(eventPageOf({ ...event, publishAt: "2027-03-01T08:00:01.000000+00:00" }, NOW)).toMatchObject({
    kind: "later",
  });
  expect(eventPageOf({ ...event, visibility: "PRIVATE" }, NOW)).toEqual({ kind: "private" });
  for (const other of [null, { ...event, slug: null }, { ...event, status: "CANCELLED" } as const]) {
    expect(eventPageOf(other, NOW)).toEqual({ kind: "none" });
  }
});
