import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isObject } from "../json/equality.ts";
import { DEFINITION_VERSION, MIGRATIONS, type Migration, upgradeState } from "./migrations.ts";
import { problemsOf } from "./problems.ts";
import { COMPLETE_STATE } from "./testing/completeState.ts";

/** As if version 0 had called the title "name". */
const NAME_BECAME_TITLE: Migration = {
  to: 1,
  change: (state) => {
    if (!isObject(state.basics) || !Object.hasOwn(state.basics, "name")) return state;
    const { name, ...basics } = state.basics;
    return { ...state, basics: { title: name, ...basics } };
  },
};

const { title, ...basics } = COMPLETE_STATE.basics;
const OLD_STATE = { ...COMPLETE_STATE, basics: { ...basics, name: title } };

describe("upgradeState", () => {
  it("upgrades a state of an older version", () => {
    expect(problemsOf(OLD_STATE).map(({ pointer, code }) => `${pointer} ${code}`)).toEqual(["/basics/title required"]);
    const before = structuredClone(OLD_STATE);
    const state = upgradeState(OLD_STATE, 0, [NAME_BECAME_TITLE]);
    expect(state).toEqual(COMPLETE_STATE);
    expect(problemsOf(state)).toEqual([]);
    expect(OLD_STATE).toEqual(before);
  });

  it.each([DEFINITION_VERSION, DEFINITION_VERSION + 1, 99])("does not change a state of version %i", (version) => {
    expect(upgradeState(OLD_STATE, version, [NAME_BECAME_TITLE])).toBe(OLD_STATE);
  });

  it("runs the migrations in order, from the version of the state on", () => {
    const step = (to: number): Migration => ({ to, change: (state) => ({ path: `${state.path}${to}` }) });
    const steps = [step(3), step(1), step(10), step(2)];
    expect(upgradeState({ path: "" }, 0, steps)).toEqual({ path: "12310" });
    expect(upgradeState({ path: "" }, 2, steps)).toEqual({ path: "310" });
    expect(upgradeState({ path: "" }, 10, steps)).toEqual({ path: "" });
  });
});

describe("the migrations", () => {
  it("are sorted and lead to existing versions", () => {
    const versions = MIGRATIONS.map(({ to }) => to);
    expect(versions).toEqual([...new Set(versions)].toSorted((one, other) => one - other));
    expect(versions.filter((to) => !Number.isInteger(to) || to < 1 || to > DEFINITION_VERSION)).toEqual([]);
  });

  it.each([NAME_BECAME_TITLE, ...MIGRATIONS])("accept any saved state: to version $to", ({ change }) => {
    const basics = fc.oneof(
      fc.jsonValue(),
      fc.record({ name: fc.jsonValue(), title: fc.jsonValue() }, { requiredKeys: [] }),
    );
    fc.assert(
      fc.property(fc.record({ basics, rest: fc.jsonValue() }, { requiredKeys: [] }), (state) => {
        const before = JSON.stringify(state);
        expect(isObject(change(state))).toBe(true);
        expect(JSON.stringify(state)).toBe(before);
      }),
    );
  });
});
