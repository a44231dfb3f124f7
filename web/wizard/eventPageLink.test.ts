import { expect, it } from "@jest/globals";
import { eventPageOf, eventPageOfDraft } from "./eventPageLink.ts";

const NOW = new Date("2027-03-01T08:00:00Z");
const page = (publish: object) => eventPageOfDraft({ page: { slug: "fete" }, publish }, NOW);

it("links to an event page that is already visible", () => {
  expect(page({ visibility: "public" })).toEqual({ kind: "open", path: "/e/fete" });
  expect(page({ visibility: "unlisted", publishAt: "2027-03-01T09:00:00+01:00" })).toMatchObject({ kind: "open" });
  expect(page({ visibility: "public", publishAt: "" })).toMatchObject({ kind: "open" });
});

it("returns the time at which the event page becomes visible", () => {
  expect(page({ visibility: "public", publishAt: "2027-03-01T09:00:01+01:00" })).toEqual({
    kind: "later",
    path: "/e/fete",
    publishAt: "2027-03-01T09:00:01+01:00",
  });
});

it("has no link for a private event", () => {
  expect(page({ visibility: "private" })).toEqual({ kind: "private" });
});

it("has no link without a page address", () => {
  expect(eventPageOfDraft({ publish: { visibility: "public" } }, NOW)).toEqual({ kind: "none" });
});

it("uses the current event if there is one", () => {
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
