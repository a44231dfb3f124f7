import { readFile } from "node:fs/promises";
import { expect, it } from "@jest/globals";
import { BLOCKS, type Effect, type Happening } from "./state.ts";
import type { SaveStatus } from "./status.ts";

// The compiler checks that these are complete.
const EVENTS: Record<Happening["type"], true> = {
  fieldsSet: true,
  stageChosen: true,
  conflictsResolved: true,
  undone: true,
  flushCalled: true,
  taskCalled: true,
  stopped: true,
  cameOnline: true,
  wentOffline: true,
  shown: true,
  hidden: true,
  timerEnded: true,
  changeHeard: true,
  tabHeard: true,
  tabClosed: true,
  orphanFound: true,
  effectStarted: true,
  journalOpened: true,
  journalWritten: true,
  orphanRead: true,
  orphanRemoved: true,
  turnTaken: true,
  snapshotAnswered: true,
  saveAnswered: true,
  completeAnswered: true,
  requestFailed: true,
  keepaliveAnswered: true,
  keepaliveFailed: true,
};
const EFFECTS: Record<Effect["type"], true> = {
  openJournal: true,
  writeJournal: true,
  readOrphan: true,
  removeOrphan: true,
  request: true,
  takeTurn: true,
  releaseTurn: true,
  keepalive: true,
  closeDraft: true,
  watch: true,
  watchTab: true,
  post: true,
  reply: true,
  letGo: true,
};
const PHASES: Record<SaveStatus["phase"], true> = {
  loading: true,
  editing: true,
  saving: true,
  saved: true,
  kept: true,
  signIn: true,
  conflict: true,
  completed: true,
  refused: true,
  missing: true,
};

/** The cells of the rows of the table under a heading. */
async function tableUnder(heading: string): Promise<string[][]> {
  const text = await readFile("docs/autosave.md", "utf8");
  const section = text.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).toSorted();

it("docs/autosave.md says what every event does in every state", async () => {
  const rows = await tableUnder("States and events");
  expect(rows.map(([event]) => event).toSorted()).toEqual(quoted(Object.keys(EVENTS)));
  for (const row of rows) {
    expect(row).toHaveLength(10);
    expect(row).not.toContain("");
  }
});

it("docs/autosave.md lists every block in order, every status and every effect", async () => {
  const rows = await tableUnder("What blocks sending");
  expect(rows.map(([block]) => block)).toEqual(BLOCKS.map((block) => `\`${block}\``));
  const text = await readFile("docs/autosave.md", "utf8");
  for (const name of quoted([...Object.keys(PHASES), ...Object.keys(EFFECTS)])) expect(text).toContain(name);
});
