import { describe, expect, it } from "@jest/globals";
import { useTestDatabase } from "../testkit/database.ts";
import { secondsIn } from "./interval.ts";

const db = useTestDatabase();

describe("secondsIn", () => {
  it.each([
    "30 days",
    "1 day",
    "1 year 6 months",
    "2 Weeks",
    "12hours",
    " 1 month  1 day ",
    "90 minutes 1 second",
    "1000 years",
    "0 days 1 second",
  ])("reads %j as PostgreSQL does, which can count back that far", async (interval) => {
    const { rows } = await db.root.query(
      "select $1::interval = make_interval(secs => $2) as same, now() - $1::interval < now() as counted_back",
      [interval, secondsIn(interval)],
    );
    expect(rows).toEqual([{ same: true, counted_back: true }]);
  });

  it.each(["", "30", "days", "-30 days", "30 fortnights", "0 days", "0 seconds", "1 day ago", "P30D", "1001 years"])(
    "refuses %j",
    (interval) => {
      expect(secondsIn(interval)).toBeUndefined();
    },
  );
});
