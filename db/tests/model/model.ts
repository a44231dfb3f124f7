import {
  changedPaths,
  equal,
  fromPlain,
  isMap,
  type Json,
  type JsonMap,
  levels,
  mergePatch,
  pointer,
  storedText,
  valueAt,
} from "./json.ts";
import type { Answer, ClientOperation, Operation, Save } from "./operations.ts";
import {
  conflictsByHistory,
  conflictsByValue,
  isBuried,
  isCheckpoint,
  pruned,
  remembers,
  SWEEP_DAYS,
  stageAfterMerge,
  thinned,
} from "./rules.ts";
import { type Event, lastOf, type Revision, type Session, type Status, type World } from "./world.ts";

/** The world after an operation, and what the database must answer. */
export interface Result {
  readonly world: World;
  readonly answers: readonly Answer[];
}

/** The operation's result is not specified: a key may or may not be remembered after its time. */
export class Unspecified extends Error {}

/** Every result that is allowed: one, except for operations at once, which may run in either order. */
export function resultsOf(world: World, operation: Operation): Result[] {
  if (operation.does !== "together") {
    const [after, answer] = apply(world, operation);
    return [{ world: after, answers: [answer] }];
  }
  const [first, second] = operation.both;
  const inOrder = (one: Operation, other: Operation, skipped: readonly string[]): [World, Answer, Answer] => {
    const [between, answer] = apply(world, one, skipped);
    const [after, otherAnswer] = apply(between, other, skipped);
    return [after, answer, otherAnswer];
  };
  return skips(world, operation).flatMap((skipped) => {
    const [forth, a, b] = inOrder(first, second, skipped);
    const [back, d, c] = inOrder(second, first, skipped);
    return [
      { world: forth, answers: [a, b] },
      { world: back, answers: [c, d] },
    ];
  });
}

/** The sessions that a sweep may skip because another operation has locked them: none, one or all. */
function skips(world: World, { both, held }: Extract<Operation, { readonly does: "together" }>): string[][] {
  if (!both.some(({ does }) => does === "sweep")) return [[]];
  const locked = both.flatMap((one) => {
    if ("id" in one) return [one.id];
    // Deleting an event locks all its sessions.
    return "event" in one
      ? [...world.sessions.values()].filter(({ event }) => event === one.event).map(({ id }) => id)
      : [];
  });
  const all = [...new Set(held === null ? locked : [held, ...locked])];
  return [[], ...all.map((id) => [id]), all];
}

type Applied = [World, Answer];

function apply(world: World, operation: Operation, skipped: readonly string[] = []): Applied {
  switch (operation.does) {
    case "age":
      return [{ ...world, week: world.week + operation.weeks }, { outcome: "done" }];
    case "sweep":
      return sweep(world, operation.what, skipped);
    case "together":
      throw new Error("Only two operations can run at once.");
    case "start":
    case "insert":
      return start(world, operation);
    case "unpublish":
    case "cancel":
    case "deleteEvent":
    case "retitle":
      return changeEvent(world, operation);
    default:
      return changeSession(world, operation);
  }
}

const refused = (world: World, error: string): Applied => [world, { error }];

function withSession(world: World, session: Session): World {
  return { ...world, sessions: new Map(world.sessions).set(session.id, session) };
}

function withoutSession(world: World, id: string): World {
  const sessions = new Map(world.sessions);
  sessions.delete(id);
  return { ...world, sessions, deleted: new Map(world.deleted).set(id, world.week) };
}

/** Adds a revision, and deletes those that are pruned. */
function record(
  session: Session,
  by: {
    readonly week: number;
    readonly user: string | null;
    readonly saveId?: string | null;
    readonly request?: string;
    /** Abandoning a session is not a save of it. */
    readonly abandons?: boolean;
  },
): Session {
  const before = session.revisions.at(-1);
  const revision: Omit<Revision, "checkpoint"> = {
    revision: session.revisions.length,
    saveId: by.saveId ?? null,
    request: by.request ?? null,
    savedBy: by.user,
    stage: session.stage,
    status: session.status,
    state: session.state,
    changed: changedPaths(before?.state ?? new Map(), session.state),
    week: by.week,
    kept: true,
  };
  const revisions = [...session.revisions, { ...revision, checkpoint: isCheckpoint(before, revision) }];
  const left = before === undefined || by.abandons ? session.stagesLeft : [...session.stagesLeft, before.stage];
  return {
    ...session,
    lastSaveId: by.saveId ?? null,
    stagesLeft: [...new Set(left)].toSorted(),
    savedInWeek: by.abandons ? session.savedInWeek : by.week,
    revisions: pruned(revisions, revision.revision),
  };
}

type Doing<Does> = Extract<ClientOperation, { readonly does: Does }>;

function start(world: World, operation: Doing<"start" | "insert">): Applied {
  const { id, user, does } = operation;
  const existing = world.sessions.get(id);
  if (does === "start" && existing?.user === user) return [world, { outcome: "STARTED", revision: lastOf(existing) }];
  const buried = world.deleted.get(id);
  if (buried !== undefined && isBuried(buried, world.week)) return refused(world, "NOT_FOUND");
  const event = does === "start" && operation.event !== null ? world.events.get(operation.event) : undefined;
  // Of a new session, the policies and constraints are checked before the id.
  if (does === "start" && operation.event !== null && event?.owner !== user) return refused(world, "NO_EVENT");
  if (existing) return refused(world, does === "start" ? "NOT_FOUND" : "ALREADY_EXISTS");
  const session = record(
    {
      ...{ id, user, number: world.started, status: "in_progress", lastSaveId: null, stagesLeft: [], revisions: [] },
      stage: does === "start" ? 1 : operation.stage,
      state: does === "start" ? (event?.answers ?? new Map()) : operation.state,
      event: does === "start" ? operation.event : null,
      eventBase: event?.answers ?? null,
      savedInWeek: world.week,
    },
    { week: world.week, user },
  );
  return [
    { ...withSession(world, session), started: world.started + 1 },
    { outcome: "STARTED", revision: 0 },
  ];
}

function changeSession(world: World, operation: Doing<"save" | "update" | "restore" | "complete" | "delete">): Applied {
  const session = world.sessions.get(operation.id);
  if (session?.user !== operation.user) return refused(world, "NOT_FOUND");
  switch (operation.does) {
    case "save":
      return save(world, session, operation);
    case "update":
      return update(world, session, operation);
    case "restore":
      return restore(world, session, operation);
    case "complete":
      return complete(world, session, operation);
    case "delete":
      return [withoutSession(world, session.id), { outcome: "DELETED" }];
  }
}

/** Whether the key was used for this request before; "reused" if it was used for another. */
function isRepeat(world: World, session: Session, saveId: string | null, request: string): boolean | "reused" {
  const earlier = session.revisions.find((revision) => saveId !== null && revision.saveId === saveId);
  if (!earlier) return false;
  if (!remembers(earlier, world.week)) throw new Unspecified();
  return earlier.request === request || "reused";
}

function save(world: World, session: Session, operation: Save & { readonly user: string }): Applied {
  const { saveId, base, patch, stage, baseValues, user } = operation;
  const revision = lastOf(session);
  const request = `save ${stage} ${storedText(patch)}`;
  const repeat = isRepeat(world, session, saveId, request);
  if (repeat === "reused") return refused(world, "SAVE_ID_REUSED");
  if (repeat) return [world, { outcome: "DUPLICATE", revision, conflicts: [] }];
  if (!isMap(patch) || (baseValues !== null && !isMap(baseValues))) return refused(world, "INVALID_INPUT");
  if (levels(patch) > 100 || base < 0 || base > revision) return refused(world, "INVALID_INPUT");
  if (session.status === "completed") return refused(world, "SESSION_COMPLETED");
  if (base < revision) {
    const conflicts =
      baseValues === null
        ? conflictsByHistory(session, base, patch)
        : conflictsByValue(session.state, patch, baseValues);
    if (conflicts.length > 0) {
      const text = (value: Json | undefined) => (value === undefined ? null : storedText(value));
      return [
        world,
        {
          outcome: "CONFLICT",
          revision,
          conflicts: conflicts.map(({ path, base, yours, theirs }) => [
            pointer(path),
            text(base),
            text(yours),
            text(theirs),
          ]),
        },
      ];
    }
  }
  const newStage = base < revision ? stageAfterMerge(session, base, stage) : (stage ?? session.stage);
  if (newStage < 1 || newStage > 6) return refused(world, "INVALID_INPUT");
  if (operation.lost === "rolledBack") return [world, { outcome: "ROLLED_BACK" }];
  const saved = record(
    {
      ...session,
      state: mergePatch(session.state, patch) as JsonMap,
      stage: newStage,
      status: "in_progress",
    },
    { week: world.week, user, saveId, request },
  );
  return [
    withSession(world, saved),
    { outcome: base < revision ? "MERGED" : "SAVED", revision: revision + 1, conflicts: [] },
  ];
}

function update(world: World, session: Session, operation: Doing<"update">): Applied {
  const { revision, stage = session.stage, state = session.state, user } = operation;
  if (operation.state !== undefined && levels(state) > 100) return refused(world, "INVALID_INPUT");
  if (session.status === "completed") return refused(world, "SESSION_COMPLETED");
  if (revision !== undefined && revision !== lastOf(session)) return refused(world, "REVISION_CONFLICT");
  const event = operation.event === undefined ? session.event : operation.event;
  const answers = event === null ? null : (world.events.get(event)?.answers ?? null);
  if (operation.status === "completed" && !isComplete(state)) return refused(world, "INCOMPLETE");
  if (operation.event && world.events.get(operation.event)?.owner !== user) return refused(world, "NO_EVENT");
  if (stage < 1 || stage > 6) return refused(world, "INVALID_INPUT");
  let status: Status = operation.status ?? session.status;
  const saves = operation.state !== undefined || operation.stage !== undefined;
  if (saves && session.status === "abandoned" && status === "abandoned") status = "in_progress";
  const onlyAbandons =
    session.status === "in_progress" &&
    status === "abandoned" &&
    stage === session.stage &&
    event === session.event &&
    equal(state, session.state);
  const saved = record(
    {
      ...{ ...session, stage, state, status, event },
      eventBase: event === session.event || status === "completed" ? session.eventBase : answers,
    },
    { week: world.week, user, abandons: onlyAbandons },
  );
  return [withSession(world, saved), { outcome: "UPDATED", revision: lastOf(saved) }];
}

function restore(world: World, session: Session, operation: Doing<"restore">): Applied {
  const { revision, base, saveId, user } = operation;
  const request = `restore ${revision}`;
  const repeat = isRepeat(world, session, saveId, request);
  if (repeat === "reused") return refused(world, "SAVE_ID_REUSED");
  if (repeat) return [world, { outcome: "RESTORED", revision: lastOf(session) }];
  const earlier = session.revisions[revision];
  if (!earlier?.kept) return refused(world, "NOT_FOUND");
  if (session.status === "completed") return refused(world, "SESSION_COMPLETED");
  if (base !== null && base !== lastOf(session)) return refused(world, "REVISION_CONFLICT");
  const { state, stage } = earlier;
  const saved = record(
    { ...session, state, stage, status: "in_progress" },
    { week: world.week, user, saveId, ...(saveId === null ? {} : { request }) },
  );
  return [withSession(world, saved), { outcome: "RESTORED", revision: lastOf(saved) }];
}

// Events

export const STAGE_KEYS = ["basics", "schedule", "location", "tickets", "page", "publish"];

const isBlank = (value: Json | undefined) => value === undefined || value === null || value === "";
const same = (a: Json | undefined, b: Json | undefined) => equal(a, b) || (isBlank(a) && isBlank(b));

/** `theirs` with what `yours` changed since `base`, and whether both changed a field. */
function mergeAnswers(base: Json | undefined, yours: JsonMap, theirs: JsonMap): { merged: JsonMap; conflict: boolean } {
  const merged = new Map<string, Json>();
  let conflict = false;
  for (const key of new Set([...yours.keys(), ...theirs.keys()])) {
    const [b, y, t] = [valueAt(base, [key]), yours.get(key), theirs.get(key)];
    let value: Json | undefined;
    if (isMap(y) && isMap(t)) {
      const inner = mergeAnswers(b, y, t);
      value = inner.merged;
      conflict ||= inner.conflict;
    } else {
      value = same(y, b) ? t : y;
      conflict ||= !same(y, b) && !same(t, b) && !same(y, t);
    }
    if (value !== undefined) merged.set(key, value);
  }
  return { merged, conflict };
}

/** The answers that completing a session publishes, or why it can't. */
export function answersToPublish(
  world: World,
  session: Session,
  { asNewEvent, overwrite }: { readonly asNewEvent: boolean; readonly overwrite: boolean },
): JsonMap | "EVENT_DELETED" | "EVENT_CONFLICT" {
  if (session.eventBase === null || (session.event === null && asNewEvent)) return session.state;
  const event = session.event === null ? undefined : world.events.get(session.event);
  if (!event) return "EVENT_DELETED";
  if (equal(event.answers, session.eventBase)) return session.state;
  const { merged, conflict } = mergeAnswers(session.eventBase, session.state, event.answers);
  return conflict && !overwrite ? "EVENT_CONFLICT" : merged;
}

const contains = (whole: Json | undefined, part: Json): boolean =>
  isMap(part) && isMap(whole)
    ? [...part].every(([key, member]) => contains(whole.get(key), member))
    : whole !== undefined && equal(whole, part);

/** Whether the answers that the generator can leave out are there. */
function isComplete(answers: JsonMap): boolean {
  const hasTexts = [
    ["basics", "title"],
    ["page", "slug"],
  ].every((path) => !isBlank(valueAt(answers, path)));
  return (
    hasTexts && STAGE_KEYS.every((key) => answers.has(key)) && valueAt(answers, ["publish", "acceptTerms"]) === true
  );
}

/** The event's answers after these were published: without the acceptance of the terms, which is not stored. */
function storedAnswers(answers: JsonMap): JsonMap {
  return mergePatch(answers, fromPlain({ publish: { acceptTerms: null } })) as JsonMap;
}

function complete(world: World, session: Session, operation: Doing<"complete">): Applied {
  const { base, answers, user } = operation;
  if (session.status === "completed") return [world, { outcome: "COMPLETED", revision: lastOf(session) }];
  if (base !== lastOf(session)) return refused(world, "REVISION_CONFLICT");
  const expected = answersToPublish(world, session, operation);
  if (typeof expected === "string") return refused(world, expected);
  if (!contains(expected, answers)) return refused(world, "INVALID_INPUT");
  const name = session.event ?? `event of session ${session.number}`;
  const slug = valueAt(answers, ["page", "slug"]);
  // Only an event with an event page has its address for itself.
  const hasPage = (event: Pick<Event, "status" | "answers">) =>
    event.status === "published" &&
    ["public", "unlisted"].includes(String(valueAt(event.answers, ["publish", "visibility"])));
  const isTaken =
    hasPage({ status: "published", answers }) &&
    [...world.events].some(
      ([other, event]) => other !== name && hasPage(event) && equal(valueAt(event.answers, ["page", "slug"]), slug),
    );
  if (world.events.get(name)?.status === "cancelled") return refused(world, "INCOMPLETE");
  const has = (...path: string[]) => !isBlank(valueAt(answers, path));
  if (!STAGE_KEYS.every((key) => has(key)) || !has("basics", "title") || slug === undefined) {
    return refused(world, "INVALID_INPUT");
  }
  if (isTaken) return refused(world, "INCOMPLETE");
  if (valueAt(answers, ["publish", "acceptTerms"]) !== true) return refused(world, "INVALID_INPUT");
  const event: Event = { owner: user, status: "published", answers: storedAnswers(answers) };
  const completed = record(
    { ...session, status: "completed", event: name, eventBase: null },
    { week: world.week, user },
  );
  return [
    withSession({ ...world, events: new Map(world.events).set(name, event) }, completed),
    { outcome: "COMPLETED", revision: lastOf(completed) },
  ];
}

function changeEvent(world: World, operation: Doing<"unpublish" | "cancel" | "deleteEvent" | "retitle">): Applied {
  const { does, event: name, user } = operation;
  const event = world.events.get(name);
  if (event?.owner !== user) return refused(world, "NOT_FOUND");
  const done: Answer = { outcome: "done" };
  const withEvent = (changed: Partial<Event>): Applied => [
    { ...world, events: new Map(world.events).set(name, { ...event, ...changed }) },
    done,
  ];
  switch (does) {
    case "unpublish":
      if (event.status === "cancelled") return refused(world, "EVENT_STATUS");
      return withEvent({ status: "draft" });
    case "cancel":
      if (event.status === "draft") return refused(world, "EVENT_STATUS");
      return withEvent({ status: "cancelled" });
    case "retitle":
      return withEvent({
        answers: mergePatch(event.answers, fromPlain({ basics: { title: operation.title } })) as JsonMap,
      });
    case "deleteEvent": {
      if (event.status === "published") return refused(world, "EVENT_STATUS");
      const events = new Map(world.events);
      events.delete(name);
      // Sessions lose their event without a new revision.
      const sessions = [...world.sessions].map(
        ([id, session]) => [id, session.event === name ? { ...session, event: null } : session] as const,
      );
      return [{ ...world, events, sessions: new Map(sessions) }, done];
    }
  }
}

function sweep(world: World, what: "abandon" | "purge" | "thin" | "forget", skipped: readonly string[]): Applied {
  const unsavedFor = (session: Session, days: number) => (world.week - session.savedInWeek) * 7 >= days;
  let after = world;
  let rows = 0;
  for (const session of world.sessions.values()) {
    if (skipped.includes(session.id)) continue;
    if (what === "abandon" && session.status === "in_progress" && unsavedFor(session, SWEEP_DAYS.abandon)) {
      after = withSession(
        after,
        record({ ...session, status: "abandoned" }, { week: world.week, user: null, abandons: true }),
      );
      rows += 1;
    } else if (what === "purge" && session.status === "abandoned" && unsavedFor(session, SWEEP_DAYS.purge)) {
      after = withoutSession(after, session.id);
      rows += 1;
    } else if (what === "thin") {
      const revisions = thinned(session.revisions, world.week);
      after = withSession(after, { ...session, revisions });
      rows += revisions.filter((revision, index) => revision !== session.revisions[index]).length;
    }
  }
  // How many keys are forgotten is not specified.
  return [after, what === "forget" ? { outcome: what } : { outcome: what, rows }];
}
