import { expect, it } from "@jest/globals";
import { useTestApi } from "../db/tests/support/api.ts";

const api = useTestApi();

it("answers", async () => {
  const ada = await api.user();
  expect(await ada.ask("{ wizardSessions { totalCount } }")).toEqual({ wizardSessions: { totalCount: 0 } });
});
