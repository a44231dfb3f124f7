import type { JsonObject } from "../../json/equality.ts";
import { applyPatch, pathsOf } from "../../json/mergePatch.ts";
import { memberAt, overlap, pointerTo } from "../../json/pointer.ts";
import { isClean, type Pending, type Save, shownState } from "../autosave/pending.ts";
import { plan } from "../autosave/plan.ts";
import { reduce } from "../autosave/reduce.ts";
import { blockedBy, type Effect, type Happening, initialState, type Request, type State } from "../autosave/state.ts";
import { TIMING } from "../autosave/timing.ts";
import { type SaveAnswer, SaveError, type Snapshot } from "../autosave/transport.ts";
import { statusOf } from "../autosave/view.ts";

/** A saver, its server, its journal and its user, small enough to try every order of events. */
export interface World {
  readonly saver: State;
  readonly now: number;
  readonly ids: number;
  readonly isOnline: boolean;
  readonly token: string | undefined;
  readonly server: Server;
  /** This tab's record in the journal. */
  readonly record: Pending | undefined;
  /** The records of closed tabs. */
  readonly left: Readonly<Record<string, Pending>>;
  /** Whether another tab has left a change, of the field `c`. */
  readonly hasLeft: boolean;
  readonly underWay: readonly UnderWay[];
  /** The last value typed into the field `a`, unless the user has given it up since. */
  readonly typed: string | undefined;
  /** The patch sent under each key. */
  readonly sent: Readonly<Record<string, string>>;
  /** How often each move may still be made. */
  readonly budget: Readonly<Record<Limited, number>>;
  readonly violations: readonly string[];
}

interface Server {
  /** By revision. */
  readonly states: readonly JsonObject[];
  readonly patches: readonly JsonObject[];
  readonly applied: readonly string[];
  readonly refusedTokens: readonly string[];
  readonly isCompleted: boolean;
}

type UnderWay =
  | { readonly type: "write"; readonly pending: Pending }
  | { readonly type: "turn" }
  | { readonly type: "readOrphan" | "removeOrphan"; readonly tab: string }
  | { readonly type: "request"; readonly request: Request; readonly token: string | undefined }
  | {
      readonly type: "keepalive";
      readonly save: Save;
      readonly baseRevision: number;
      readonly token: string | undefined;
    };

const LIMITED = [
  "edit",
  "loss",
  "elsewhere",
  "refusal",
  "expiry",
  "otherUser",
  "offline",
  "hide",
  "stop",
  "complete",
] as const;
type Limited = (typeof LIMITED)[number];
export type Budget = Readonly<Partial<Record<Limited, number>>>;

/** A move and the world after it. */
export type Move = readonly [name: string, world: World];

const isAdas = (token: string | undefined) => token?.startsWith("ada") ?? false;
const OTHER_TAB = "other";
const LEFT_VALUE = "left";

/** What another tab has left: a draft made on the first revision. */
export const LEFT: Pending = {
  base: { revision: 0, stage: 1, state: {} },
  saves: [],
  draft: { saveId: "left", patch: { c: LEFT_VALUE } },
  conflicts: [],
};

/** A tab whose session is loaded, at revision 0. Another tab may leave `left` in the journal when it is closed. */
export function firstWorld(budget: Budget, left?: Pending): World {
  const world: World = {
    saver: initialState({ userId: "ada", tab: "tab", timing: TIMING, readsToken: true, canWatch: false }),
    now: 0,
    ids: 0,
    isOnline: true,
    token: tokenOf("ada", 1),
    server: { states: [{}], patches: [{}], applied: [], refusedTokens: [], isCompleted: false },
    record: undefined,
    left: left ? { [OTHER_TAB]: left } : {},
    hasLeft: left !== undefined,
    underWay: [],
    typed: undefined,
    sent: {},
    budget: { ...(Object.fromEntries(LIMITED.map((name) => [name, 0])) as Record<Limited, number>), ...budget },
    violations: [],
  };
  return answerAll(load(world, []));
}

function load(world: World, closedTabs: readonly string[]): World {
  return happen(run(world), { type: "journalOpened", isDurable: true, closedTabs, openTabs: [] });
}

/** Answers everything that is under way, until nothing is. */
function answerAll(world: World): World {
  const [first] = world.underWay;
  return first ? answerAll(finish(world, first)) : world;
}

/** Every move that is possible from here. */
export function movesFrom(world: World): Move[] {
  const { saver, underWay, server, budget } = world;
  const moves: Move[] = [];
  const add = (name: string, move: (world: World) => World, limit?: Limited) => {
    if (limit && budget[limit] === 0) return;
    moves.push([name, move(limit ? { ...world, budget: { ...budget, [limit]: budget[limit] - 1 } } : world)]);
  };
  for (const thing of underWay) {
    const name = thing.type === "request" ? thing.request.kind : thing.type;
    add(`${name} ends`, (now) => finish(now, thing));
    if (thing.type !== "request" && thing.type !== "keepalive") continue;
    add(`${name}: request lost`, (now) => lose(now, thing, false), "loss");
    add(`${name}: answer lost`, (now) => lose(now, thing, true), "loss");
    const refusal = new SaveError("STATE_TOO_LARGE", "It is too large.");
    if (name === "save" || name === "orphanSave") add(`${name} refused`, (now) => fail(now, thing, refusal), "refusal");
  }
  if (saver.isStopped) {
    if (saver.hasLetGo) add("reload", reload);
    return moves;
  }
  const next = plan(saver, world.now);
  if ("wakeAt" in next) add("time passes", (now) => happen({ ...now, now: next.wakeAt }, { type: "timerEnded" }));
  add("edit", edited, "edit");
  add("another device writes a", (now) => writtenElsewhere(now, { a: "theirs" }), "elsewhere");
  add("another device writes b", (now) => writtenElsewhere(now, { b: "theirs" }), "elsewhere");
  add("completed elsewhere", (now) => ({ ...now, server: { ...server, isCompleted: true } }), "complete");
  const newest = server.states.length - 1;
  if (newest > (saver.pending?.base.revision ?? 0) && !saver.readWanted) {
    add("news", (now) => happen(now, { type: "changeHeard", revision: newest, saveId: undefined }));
  }
  const refuses = (refused: string | undefined) => server.refusedTokens.includes(refused ?? "");
  if (isAdas(world.token) && !refuses(world.token)) {
    const refusedTokens = [...server.refusedTokens, world.token ?? ""];
    add("token expires", (now) => ({ ...now, server: { ...server, refusedTokens } }), "expiry");
    add("another user signs in", (now) => ({ ...now, token: tokenOf("ben", 1) }), "otherUser");
    add("signs out", (now) => ({ ...now, token: undefined }), "otherUser");
  } else add("signs in", (now) => ({ ...now, token: tokenOf("ada", server.refusedTokens.length + 1) }));
  if (world.left[OTHER_TAB] && !saver.orphans.some(({ tab }) => tab === OTHER_TAB)) {
    add("another tab is closed", (now) => happen(now, { type: "orphanFound", tab: OTHER_TAB }));
  }
  if (world.isOnline)
    add("goes offline", (now) => happen({ ...now, isOnline: false }, { type: "wentOffline" }), "offline");
  else add("comes online", (now) => happen({ ...now, isOnline: true }, { type: "cameOnline" }));
  add("page hidden", (now) => happen(now, { type: "hidden" }), "hide");
  add("page left", (now) => happen(now, { type: "stopped" }), "stop");
  add("tab crashes", crashed, "stop");
  if (saver.pending?.conflicts.length) {
    const pointers = saver.pending.conflicts.map(({ pointer }) => pointer);
    const choose = (now: World, choice: "yours" | "theirs") =>
      happen(now, { type: "conflictsResolved", choices: Object.fromEntries(pointers.map((each) => [each, choice])) });
    add("chooses yours", (now) => choose(now, "yours"));
    add("chooses theirs", (now) => choose({ ...now, typed: undefined }, "theirs"));
  }
  return moves;
}

function edited(world: World): World {
  if (!world.saver.pending || world.saver.terminal?.phase === "completed") return world;
  const typed = `v${world.budget.edit}`;
  return happen({ ...world, typed }, { type: "fieldsSet", changes: [{ path: ["a"], value: typed }] });
}

function writtenElsewhere(world: World, patch: JsonObject): World {
  return { ...world, server: written(world.server, patch, "elsewhere") };
}

function reload(world: World): World {
  const left = world.record ? { ...world.left, [world.saver.config.tab]: world.record } : world.left;
  const saver = initialState({ ...world.saver.config, tab: "reloaded" });
  return load({ ...world, saver, underWay: [], record: undefined, left }, Object.keys(left));
}

/** The tab ends at once, and its page is opened again. Changes that no journal has are lost. */
function crashed(world: World): World {
  const records = [world.record, ...Object.values(world.left)];
  const isKept = records.some((each) => each && shownState(each).a === world.typed);
  // A keepalive request may have sent a draft whose older content is in the journal, under the same key.
  const keys = records.flatMap((each) => each?.saves.map(({ saveId }) => saveId) ?? []);
  const sent = Object.fromEntries(Object.entries(world.sent).filter(([key]) => keys.includes(key)));
  return reload({ ...world, sent, typed: isKept ? world.typed : undefined });
}

// The saver

function happen(world: World, happening: Happening): World {
  const stamp = { at: world.now, isOnline: world.isOnline, token: world.token, id: `id${world.ids}`, random: 0 };
  const saver = reduce(world.saver, { ...happening, ...stamp });
  return checked(run({ ...world, saver, ids: world.ids + 1 }));
}

/** As `createAutosaver` does it. */
function run(before: World): World {
  let world = before;
  for (let n = 0; ; n++) {
    if (n > 50)
      throw new Error(`The saver starts effects without end: ${JSON.stringify(plan(world.saver, world.now))}`);
    const next = plan(world.saver, world.now);
    if (!("effect" in next)) return world;
    const { effect } = next;
    const stamp = { at: world.now, isOnline: world.isOnline, token: world.token, id: "unused", random: 0 };
    const saver = reduce(world.saver, { type: "effectStarted", effect, ...stamp });
    world = begin({ ...world, saver }, effect);
  }
}

function begin(world: World, effect: Effect): World {
  const { token } = world;
  switch (effect.type) {
    case "writeJournal":
      return { ...world, underWay: [...world.underWay, { type: "write", pending: effect.pending }] };
    case "takeTurn":
      return { ...world, underWay: [...world.underWay, { type: "turn" }] };
    case "readOrphan":
    case "removeOrphan":
      return { ...world, underWay: [...world.underWay, effect] };
    case "request":
      return sends({ ...world, underWay: [...world.underWay, { ...effect, token }] }, effect.request);
    case "keepalive":
      return sends({ ...world, underWay: [...world.underWay, { ...effect, token }] }, { kind: "save", ...effect });
    default:
      return world;
  }
}

/** What must be true of each request when it goes out. */
function sends(world: World, request: Request): World {
  const found: string[] = [];
  if (!isAdas(world.token)) found.push(`${request.kind} was sent with the token ${world.token}`);
  const count = (type: string) => world.underWay.filter((thing) => thing.type === type).length;
  if (count("request") > 1 || count("keepalive") > 1)
    found.push(`${request.kind} was sent while another one was in flight`);
  if (request.kind !== "save" && request.kind !== "orphanSave")
    return { ...world, violations: [...world.violations, ...found] };
  const { save, baseRevision } = request;
  const content = JSON.stringify([save.patch, save.stage, baseRevision]);
  const before = world.sent[save.saveId];
  if (before !== undefined && before !== content) found.push(`${save.saveId} was sent as ${before} and as ${content}`);
  const isOrdinary = world.underWay.at(-1)?.type === "request";
  if (isOrdinary && request.kind === "save" && !world.record?.saves.some(({ saveId }) => saveId === save.saveId)) {
    found.push(`${save.saveId} was sent before the journal had it`);
  }
  return { ...world, sent: { ...world.sent, [save.saveId]: content }, violations: [...world.violations, ...found] };
}

// What is under way

function without(world: World, thing: UnderWay): World {
  return { ...world, underWay: world.underWay.filter((other) => other !== thing) };
}

function finish(before: World, thing: UnderWay): World {
  const world = without(before, thing);
  switch (thing.type) {
    case "write": {
      const record = isClean(thing.pending) ? undefined : thing.pending;
      return happen(
        { ...world, record },
        { type: "journalWritten", pending: thing.pending, isDurable: true, hasFailed: false },
      );
    }
    case "turn":
      return happen(world, { type: "turnTaken" });
    case "readOrphan":
      return happen(world, { type: "orphanRead", tab: thing.tab, pending: world.left[thing.tab] });
    case "removeOrphan":
      return happen({ ...world, left: withoutTab(world.left, thing.tab) }, { type: "orphanRemoved", tab: thing.tab });
    default:
      return answer(world, thing);
  }
}

function withoutTab(left: World["left"], tab: string): World["left"] {
  return Object.fromEntries(Object.entries(left).filter(([other]) => other !== tab));
}

type Sent = Extract<UnderWay, { type: "request" | "keepalive" }>;

function answer(world: World, sent: Sent): World {
  const { server, happening } = served(world, sent);
  return happen({ ...world, server }, happening);
}

/** The server may have done what it was asked to; the answer does not arrive. */
function lose(before: World, sent: Sent, isServed: boolean): World {
  const world = without(before, sent);
  const { server } = isServed ? served(world, sent) : world;
  return fail({ ...world, server }, sent, new SaveError("NETWORK", "There was no answer."));
}

function fail(before: World, sent: Sent, error: SaveError): World {
  const world = without(before, sent);
  if (sent.type === "keepalive") return happen(world, { type: "keepaliveFailed", save: sent.save, error });
  return happen(world, { type: "requestFailed", request: sent.request, error });
}

function served(world: World, sent: Sent): { readonly server: Server; readonly happening: Happening } {
  const { server } = world;
  const failure = (code: string) => {
    const error = new SaveError(code, code);
    const happening: Happening =
      sent.type === "keepalive"
        ? { type: "keepaliveFailed", save: sent.save, error }
        : { type: "requestFailed", request: sent.request, error };
    return { server, happening };
  };
  if (sent.token === undefined || server.refusedTokens.includes(sent.token)) return failure("UNAUTHENTICATED");
  if (sent.type === "request" && (sent.request.kind === "start" || sent.request.kind === "read")) {
    const { request } = sent;
    return { server, happening: { type: "snapshotAnswered", request, snapshot: snapshotOf(server) } };
  }
  const { save, baseRevision } =
    sent.type === "keepalive" ? sent : (sent.request as Extract<Request, { kind: "save" }>);
  if (server.isCompleted) return failure("SESSION_COMPLETED");
  const after = saved(server, save, baseRevision);
  const happening: Happening =
    sent.type === "keepalive"
      ? { type: "keepaliveAnswered", save, answer: after.answer }
      : { type: "saveAnswered", request: sent.request, answer: after.answer };
  return { server: after.server, happening };
}

/** As `save_wizard_session` does it. */
function saved(server: Server, { saveId, patch }: Save, baseRevision: number): { server: Server; answer: SaveAnswer } {
  if (server.applied.includes(saveId)) {
    return { server, answer: { outcome: "DUPLICATE", session: snapshotOf(server), conflicts: [] } };
  }
  const since = server.patches.slice(baseRevision + 1);
  const now = server.states.at(-1) ?? {};
  const next = applyPatch(now, patch);
  const meets = pathsOf(patch).filter((path) =>
    since.some((other) => pathsOf(other).some((theirs) => overlap(path, theirs))),
  );
  const conflicts = meets
    .filter((path) => memberAt(next, path) !== memberAt(now, path))
    .map((path) => ({
      pointer: pointerTo(path),
      base: memberAt(server.states[baseRevision], path) ?? null,
      yours: memberAt(next, path) ?? null,
      theirs: memberAt(now, path) ?? null,
    }));
  if (conflicts.length > 0) return { server, answer: { outcome: "CONFLICT", session: snapshotOf(server), conflicts } };
  const after = written(server, patch, saveId);
  const outcome = since.length > 0 ? "MERGED" : "SAVED";
  return { server: after, answer: { outcome, session: snapshotOf(after), conflicts: [] } };
}

function written(server: Server, patch: JsonObject, saveId: string): Server {
  return {
    ...server,
    states: [...server.states, applyPatch(server.states.at(-1) ?? {}, patch)],
    patches: [...server.patches, patch],
    applied: [...server.applied, saveId],
  };
}

function snapshotOf({ states, isCompleted }: Server): Snapshot {
  return {
    revision: states.length - 1,
    stage: 1,
    state: states.at(-1) ?? {},
    completed: isCompleted,
    eventId: null,
    lastSavedAt: new Date(0).toISOString(),
    problems: [],
    progress: [],
  };
}

// What must be true after each event

function checked(world: World): World {
  const found = [...violationsOf(world)];
  return found.length > 0 ? { ...world, violations: [...world.violations, ...found] } : world;
}

function* violationsOf({ saver, server, typed, record, left, hasLeft, now }: World): Generator<string> {
  const { pending } = saver;
  const { isCompleted } = server;
  const records = [record, ...Object.values(left)];
  const isOnServer = typed === undefined || server.states.some(({ a }) => a === typed);
  const isJournaled = records.some((each) => each && shownState(each).a === typed);
  const isInState = pending && !saver.isStopped && shownState(pending).a === typed;
  const mayBeLost = isCompleted || (saver.isStopped && !saver.hasLetGo);
  if (!mayBeLost && !isOnServer && !isJournaled && !isInState) yield `${typed} is lost`;
  const isLeft = [...records, pending].some((each) => each && shownState(each).c === LEFT_VALUE);
  if (hasLeft && !isCompleted && !isLeft && !server.states.some(({ c }) => c === LEFT_VALUE)) {
    yield "the change of another tab is lost";
  }
  const status = statusOf(saver, now);
  if (status.phase === "saved") {
    if (!isOnServer) yield `"saved" was shown, but the server does not have ${typed}`;
    if (pending && (!isClean(pending) || saver.orphans.length > 0)) yield `"saved" was shown with unsaved changes`;
    const shown = JSON.stringify(pending && shownState(pending));
    if (shown !== JSON.stringify(server.states[status.revision])) {
      yield `"saved" was shown of ${shown}, which is not revision ${status.revision}`;
    }
  }
  if (status.phase === "kept" && !isOnServer && !isJournaled)
    yield `"kept" was shown, but the journal does not have ${typed}`;
  const next = plan(saver, now);
  if ("wakeAt" in next && next.wakeAt <= now) yield "the next wake-up is in the past";
  const isUnsaved = pending !== undefined && !isClean(pending);
  if (isUnsaved && blockedBy(saver, now).length === 0 && "isIdle" in next) yield `unsaved changes wait for nothing`;
}

function tokenOf(user: string, n: number): string {
  return `${user}.${btoa(JSON.stringify({ sub: user }))}.${n}`;
}
