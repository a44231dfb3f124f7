import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "@jest/globals";
import fc from "fast-check";
import type { JsonObject } from "../json/equality.ts";
import { applyPatch, pathsOf } from "../json/mergePatch.ts";
import { memberAt, segmentsOf, valueAt, withValueAt } from "../json/pointer.ts";
import { useTestApi } from "../testkit/api.ts";
import { history } from "../testkit/saving.ts";
import { until } from "../testkit/until.ts";
import { openJournal, ownerOf } from "./autosave/journal.ts";
import type { AutosaverView } from "./autosave/view.ts";
import type { Fault } from "./testing/network.ts";
import { makeBrowser } from "./testing/page.ts";
import { type Tab, useTabs } from "./testing/tabs.ts";

const api = useTestApi();
const tabs = useTabs(api);

/** Two tabs of one browser, and another device. */
const TABS = 3;
const SHARED = ["/shared/a", "/shared/b", "/shared/deep/c", "/shared/deep", "/list"];

const tab = fc.nat(TABS - 1);
const faults = fc.constantFrom<Fault>("request lost", "answer lost", "answer lost", "overloaded", "held");
const steps = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant("own" as const), tab }) },
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant("shared" as const),
      tab,
      where: fc.constantFrom(...SHARED),
      what: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("go" as const), tab, stage: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("undo" as const), tab }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("pause" as const), ms: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("fault" as const), tab, fault: faults }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("release" as const), tab }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("online" as const), tab, online: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("token" as const), tab, good: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("hide" as const), tab }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("crash" as const), tab }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("resolve" as const), tab, yours: fc.boolean() }) },
);

it('loses no edit, overwrites nothing unseen, and is never falsely "saved"', async () => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 8, maxLength: 40 }), async (script) => {
      const ada = await tabs.newUser();
      const browsers = [makeBrowser(), makeBrowser()] as const;
      const goodToken = Array<boolean>(TABS).fill(true);
      /** The last value of each tab's own field, which only that tab writes. */
      const own = new Map<number, string>();
      /** The states shown in a browser, and the same with the other value of each conflict. */
      const seen = browsers.map(() => new Map<string, JsonObject>());
      const claims: { readonly revision: number; readonly state: unknown }[] = [];
      const browserOf = new Map<string, number>();
      let counter = 0;

      const note = (browser: number, { status, state, conflicts }: AutosaverView) => {
        outcomes.add(status.phase);
        if (status.phase === "saved") claims.push({ revision: status.revision, state });
        const theirs = conflicts.reduce(
          (doc, conflict) => withValueAt(doc, segmentsOf(conflict.pointer), conflict.theirs ?? undefined),
          state,
        );
        for (const doc of [state, theirs]) seen[browser]?.set(JSON.stringify(doc), doc);
      };
      const open = (n: number): Tab => {
        const browser = n === TABS - 1 ? 1 : 0;
        const token = () => (goodToken[n] ? ada.authorization() : "Bearer spoilt");
        const opened = tabs.open({
          ...ada,
          authorization: token,
          getToken: () => token()?.slice("Bearer ".length),
          browser: browsers[browser],
          requestTimeoutMs: 500,
        });
        opened.saver.subscribe(() => note(browser, opened.saver.getView()));
        networks.push({ network: opened.network, browser });
        return opened;
      };
      const networks: { readonly network: Tab["network"]; readonly browser: number }[] = [];
      const all = Array.from({ length: TABS }, (_, n) => open(n));
      for (const one of all) await one.saved();
      const resolveAll = (one: Tab, choice: "yours" | "theirs") =>
        one.saver.resolve(Object.fromEntries(one.saver.getView().conflicts.map(({ pointer }) => [pointer, choice])));

      for (const step of script) {
        if (step.does === "pause") {
          await pause(step.ms);
          continue;
        }
        const one = all[step.tab] as Tab;
        // A page has no form before the session is loaded.
        if (one.saver.getView().revision === undefined && ["own", "shared", "go", "undo"].includes(step.does)) continue;
        counter += 1;
        if (step.does === "own") {
          own.set(step.tab, `v${counter}`);
          one.saver.setField(`/own/t${step.tab}`, `v${counter}`);
        } else if (step.does === "shared") {
          const list = step.where === "/list" ? [`v${counter}`] : `v${counter}`;
          const value = [`v${counter}`, undefined, list, { c: `v${counter}` }][step.what];
          one.saver.setField(step.where, value);
        } else if (step.does === "go") one.saver.goTo(step.stage);
        else if (step.does === "undo") {
          // Undo must not change a tab's own field, so that its last value stays known.
          const before = valueAt(one.saver.getView().state as never, ["own", `t${step.tab}`]);
          one.saver.undo();
          const after = valueAt(one.saver.getView().state as never, ["own", `t${step.tab}`]);
          if (before !== after) one.saver.setField(`/own/t${step.tab}`, before);
        } else if (step.does === "fault") one.network.fail("SaveWizardSession", step.fault);
        else if (step.does === "release") void one.network.release();
        else if (step.does === "online") one.page.setOnline(step.online);
        else if (step.does === "token") goodToken[step.tab] = step.good;
        else if (step.does === "hide") one.page.happen("hidden");
        else if (step.does === "resolve") resolveAll(one, step.yours ? "yours" : "theirs");
        else {
          await one.crash();
          all[step.tab] = open(step.tab);
        }
      }

      // All faults end, and all conflicts are resolved.
      goodToken.fill(true);
      for (const { network } of networks) {
        network.heal();
        await network.release();
      }
      for (const one of all) one.page.setOnline(true);
      await until(
        async () => {
          for (const one of all) {
            resolveAll(one, "yours");
            one.page.happen("visible");
          }
          for (const { name } of browsers) {
            const journal = await openJournal(name);
            const left = await journal.all(ownerOf(ada.userId, ada.sessionId));
            journal.close();
            if (left.length > 0) return false;
          }
          const { revision } = await tabs.stored(ada.sessionId).catch(() => ({ revision: -1 }));
          return all.every(({ saver }) => {
            const view = saver.getView();
            return view.status.phase === "saved" && view.revision === revision;
          });
        },
        () => `rest: ${JSON.stringify(all.map(({ saver }) => [saver.getView().status, saver.getView().revision]))}`,
      );

      const { state } = await tabs.stored(ada.sessionId);
      for (const { saver } of all) expect(saver.getView().state).toEqual(state);
      for (const [n, value] of own) expect(memberAt(state, ["own", `t${n}`])).toBe(value);

      // Each state that was "saved" is what the server had as that revision.
      const rows = await history(api.db, ada.sessionId);
      const states: unknown[] = [{}];
      for (const { patch } of rows.slice(1)) states.push(applyPatch(states.at(-1), patch));
      for (const claim of claims) expect(claim.state).toEqual(states[claim.revision]);

      // Each value that was overwritten had been shown in that browser.
      for (const { network, browser } of networks) {
        for (const { variables } of network.sent) {
          if (variables.input?.saveId) browserOf.set(variables.input.saveId, browser);
        }
      }
      for (const { revision, save_id, patch } of rows.slice(1)) {
        for (const path of pathsOf(patch)) {
          const over = memberAt(states[revision - 1], path);
          const docs = [{}, ...(seen[browserOf.get(String(save_id)) ?? -1]?.values() ?? [])];
          expect(docs.map((doc) => memberAt(doc, path))).toContainEqual(over);
        }
      }
    }),
    { numRuns: 60, endOnFailure: true },
  );
  // Otherwise the script has tried nothing.
  for (const phase of ["editing", "saving", "saved"]) expect(outcomes).toContain(phase);
  // Which faults occur is random, but some have to.
  expect(["kept", "conflict", "signIn"].filter((phase) => outcomes.has(phase))).not.toEqual([]);
}, 240_000);
