import { expect, it } from "@jest/globals";
import { ago } from "./ago.ts";

const NOW = new Date("2027-06-19T18:00:00Z");

it.each([
  ["2027-06-19T18:00:05Z", "just now"],
  ["2027-06-19T17:59:01Z", "just now"],
  ["2027-06-19T17:59:00Z", "1 minute ago"],
  ["2027-06-19T17:57:00Z", "3 minutes ago"],
  ["2027-06-19T17:00:01Z", "59 minutes ago"],
  ["2027-06-19T16:00:00Z", "2 hours ago"],
  ["2027-06-18T17:00:00Z", "yesterday"],
  ["2027-06-09T18:00:00Z", "10 days ago"],
])("formats %s as %s", (moment, words) => expect(ago(new Date(moment), NOW)).toBe(words));
