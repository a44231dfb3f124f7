import { expect, it } from "@jest/globals";
import { publishedPage } from "./publishedPage.ts";

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
