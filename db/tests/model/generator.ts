import { ExactNumber, fromPlain, isMap, type Json, type JsonMap, throughJavaScript } from "./json.ts";
import { answersToPublish, STAGE_KEYS } from "./model.ts";
import type { Answer, ClientOperation, Operation, Save } from "./operations.ts";
import type { Random } from "./random.ts";
import { lastOf, type Session, type World } from "./world.ts";

const CLIENTS = 12;
const SESSIONS = 12;
const SAVES_TO_REPEAT = 150;
/** Three clients of each user, such as two tabs and a phone. */
const USERS = [1, 2, 3, 4].map((number) => `00000000-0000-4000-9000-00000000000${number}`);

const KEYS = ["a", "b", "c", "aa", "0", "é", "a/~b", "", "__proto__"];
const NUMBERS = [
  ...["0", "1", "1.0", "1.00", "-2.50", "0.1", "12345.678900"].map((text) => new ExactNumber(text)),
  ...[new ExactNumber("100", "1e2"), new ExactNumber("0", "-0"), new ExactNumber("0.015", "1.5e-2")],
];
const TEXTS = ["", "x", "Fête", "👩‍👩‍👧", "日本", "\u2028", '"\\/', "\u0001\t\n", "null", "long ".repeat(80)];

/** Chooses operations by what the model knows. Clients only know what they were answered. */
export class Generator {
  readonly #random: Random;
  /** The last revision that a client has seen, by client and session. */
  readonly #seen = new Map<string, number>();
  /** Saves whose answers were lost, and which are therefore repeated. */
  readonly #unanswered: (ClientOperation & Save)[] = [];
  /** The newest saves of each session. Some are sent again, long after their answer. */
  readonly #sentSaves = new Map<string, (ClientOperation & Save)[]>();
  #hasAged = false;
  #slugs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(world: World): Operation {
    const random = this.#random;
    // Sweeps often follow when time has passed, before the clients save again.
    const does = random.weighted(
      this.#hasAged ? { sweep: 5, age: 2, client: 3, together: 0 } : { sweep: 1, age: 1, client: 84, together: 13 },
    );
    this.#hasAged = does === "age" || (this.#hasAged && does === "sweep");
    if (does === "age") return { does, weeks: random.pick([1, 1, 2, 3, 5]) };
    if (does === "sweep") return this.#sweep();
    if (does === "client" || world.sessions.size === 0) return this.#ofClient(world, this.#client(), undefined, true);
    const session = this.#session(world, undefined);
    const [client, other] = this.#twoClientsOf(session.user);
    if (random.chance(0.02)) {
      const start = this.#start(world, { client, user: session.user });
      return { does, held: null, both: [start, { ...start, client: other }] };
    }
    // Often on one session, sometimes on two that edit the same event.
    const sameEvent = [...world.sessions.values()].filter(({ event }) => event !== null && event === session.event);
    const otherSession = sameEvent.length > 1 && random.chance(0.5) ? random.pick(sameEvent) : session;
    const first = this.#ofClient(world, client, session, false);
    const second = random.chance(0.08) ? this.#sweep() : this.#ofClient(world, other, otherSession, false);
    // A client has one connection.
    const isSame = "client" in second && second.client === first.client;
    const apart = isSame ? { ...second, client: (first.client + USERS.length) % CLIENTS } : second;
    return { does: "together", held: random.chance(0.5) ? session.id : null, both: [first, apart] };
  }

  /** Lets the clients learn from the answers. */
  learn(operation: Operation, answers: readonly Answer[]): void {
    if (operation.does === "together") {
      for (const [index, one] of operation.both.entries()) this.learn(one, answers.slice(index));
      return;
    }
    const [answer] = answers;
    if (!answer || !("client" in operation) || !("id" in operation)) return;
    if (operation.does === "save") {
      const { lost, ...save } = operation;
      if (lost) this.#unanswered.push(save);
      const sent = this.#sentSaves.get(save.id) ?? [];
      this.#sentSaves.set(save.id, [...sent, save].slice(-SAVES_TO_REPEAT));
      if (lost) return;
    }
    if ("revision" in answer) this.#seen.set(`${operation.client} ${operation.id}`, answer.revision);
  }

  #client = () => this.#random.below(CLIENTS);
  #userOf = (client: number) => USERS[client % USERS.length] as string;

  #twoClientsOf(user: string): [number, number] {
    const first = USERS.indexOf(user) + USERS.length * this.#random.below(CLIENTS / USERS.length);
    return [first, (first + USERS.length) % CLIENTS];
  }

  #sweep(): Operation {
    return { does: "sweep", what: this.#random.weighted({ abandon: 3, purge: 2, thin: 3, forget: 1 }) };
  }

  /** A session, mostly one of that user, and mostly one that can still be changed. */
  #session(world: World, user: string | undefined): Session {
    const all = [...world.sessions.values()];
    const own = all.filter((session) => session.user === user);
    const some = own.length > 0 && !this.#random.chance(0.01) ? own : all;
    const open = some.filter(({ status }) => status !== "completed");
    return this.#random.pick(open.length > 0 && this.#random.chance(0.97) ? open : some);
  }

  #ofClient(world: World, client: number, on: Session | undefined, mayStart: boolean): ClientOperation {
    const random = this.#random;
    const user = this.#userOf(client);
    const by = { client, user, ...(random.chance(0.06) ? { overHttp: true } : {}) };
    const open = [...world.sessions.values()].filter(({ status }) => status !== "completed").length;
    const needsMore = world.sessions.size === 0 || (mayStart && open < SESSIONS && random.chance(0.2));
    if (needsMore) return this.#start(world, by);
    const session = on ?? this.#session(world, user);
    const id = session.id;
    const last = lastOf(session);
    const does = random.weighted({
      ...{ save: 50, fill: 5, retry: 8, reuse: 3, invalid: 3, update: 11, restore: 8, complete: on ? 7 : 2.5 },
      ...{ restart: 2, delete: 0.3, event: 5 },
    });
    switch (does) {
      case "save":
        return this.#sent({ ...by, ...this.#save(client, session, this.#patch(2)) });
      case "fill":
        return this.#sent({ ...by, ...this.#save(client, session, this.#answers()) });
      case "retry":
        return this.#repeat(session) ?? this.#sent({ ...by, ...this.#save(client, session, this.#patch(1)) });
      case "reuse": {
        const repeated = this.#repeat(session) ?? this.#sent({ ...by, ...this.#save(client, session, this.#patch(1)) });
        return random.chance(0.3)
          ? { ...repeated, stage: random.pick([1, 2, 3, 4, 5, 6]) }
          : this.#sent({ ...repeated, patch: this.#patch(2) });
      }
      case "invalid":
        return this.#invalid(by, session);
      case "update":
        return this.#update(world, by, session);
      case "restore": {
        const repeated = session.revisions.filter(({ request }) => request?.startsWith("restore"));
        if (repeated.length > 0 && random.chance(0.2)) {
          const { saveId, request } = random.pick(repeated);
          return {
            ...by,
            does,
            id,
            revision: Number(request?.split(" ")[1]),
            base: this.#base(client, session),
            saveId,
          };
        }
        const kept = session.revisions.filter((revision) => revision.kept);
        const revision = random.chance(0.9) ? random.pick(kept).revision : random.below(last + 3);
        const used = session.revisions.flatMap((one) => one.saveId ?? []);
        const base = random.pick([null, last, this.#base(client, session)]);
        const saveId = random.chance(0.7) ? random.uuid() : used.length > 0 ? random.pick(used) : null;
        return { ...by, does, id, revision, base, saveId };
      }
      case "complete": {
        const choice = { asNewEvent: random.chance(0.5), overwrite: on === undefined && random.chance(0.5) };
        const publishable = answersToPublish(world, session, choice);
        const answers = new Map<string, Json>();
        if (isMap(publishable)) {
          for (const key of STAGE_KEYS) {
            const answer = publishable.get(key);
            if (answer !== undefined) answers.set(key, answer);
          }
        }
        if (random.chance(0.05)) answers.set("basics", fromPlain({ title: "Not the title" }));
        const base = random.chance(0.9) ? last : this.#base(client, session);
        return { ...by, overHttp: false, does, id, base, answers, ...choice };
      }
      case "restart":
        return { ...by, does: "start", id, event: session.event };
      case "delete":
        return { ...by, does, id };
      case "event":
        return this.#event(world, by, session);
    }
  }

  #start(world: World, by: { client: number; user: string }): ClientOperation {
    const random = this.#random;
    const deleted = [...world.deleted.keys()];
    const id = deleted.length > 0 && random.chance(0.2) ? random.pick(deleted) : random.uuid();
    const own = [...world.events].filter(([, { owner }]) => owner === by.user || random.chance(0.02));
    const event = own.length > 0 && random.chance(0.5) ? random.pick(own)[0] : null;
    if (event !== null || random.chance(0.7)) return { ...by, does: "start", id, event };
    return { ...by, overHttp: false, does: "insert", id, stage: 1 + random.below(6), state: this.#state() };
  }

  /** The base of a save: what the client has seen, or an older revision. */
  #base(client: number, session: Session): number {
    const last = lastOf(session);
    const seen = Math.min(last, this.#seen.get(`${client} ${session.id}`) ?? last);
    return this.#random.chance(0.15) ? this.#random.below(last + 1) : seen;
  }

  #save(client: number, session: Session, patch: JsonMap): Save {
    const random = this.#random;
    const base = this.#base(client, session);
    // The project's client always sends base values. They may be more than the patch's members.
    const start = session.revisions[base]?.state ?? new Map();
    const members = random.chance(0.9) ? new Map([...start].filter(([key]) => patch.has(key))) : start;
    return {
      ...{ does: "save", id: session.id, saveId: random.uuid(), base, patch },
      baseValues: random.chance(0.6) ? (random.chance(0.95) ? members : this.#map(2, true)) : null,
      stage: random.chance(0.3) ? 1 + random.below(6) : null,
      ...(random.chance(0.1) ? { lost: random.chance(0.7) ? "committed" : "rolledBack" } : {}),
    };
  }

  /** JavaScript can't send 1.00. */
  #sent(operation: ClientOperation & Save): ClientOperation & Save {
    if (!operation.overHttp) return operation;
    const { lost: _, ...save } = {
      ...operation,
      patch: throughJavaScript(operation.patch),
      baseValues: throughJavaScript(operation.baseValues),
    };
    return save;
  }

  /** An earlier save of the session, or one without an answer. */
  #repeat(session: Session): (ClientOperation & Save) | undefined {
    const random = this.#random;
    if (this.#unanswered.length > 0 && random.chance(0.5)) {
      const [operation] = this.#unanswered.splice(random.below(this.#unanswered.length), 1);
      if (operation) return operation;
    }
    const sent = this.#sentSaves.get(session.id);
    return sent === undefined ? undefined : random.pick(sent);
  }
  #invalid(by: { client: number; user: string }, session: Session): ClientOperation {
    const random = this.#random;
    const save = this.#save(by.client, session, this.#patch(1));
    const deep = (depth: number) => {
      let value: Json = true;
      for (let level = 0; level < depth; level++)
        value = level % 5 === 4 && level > 5 ? [value] : new Map([["a", value]]);
      return new Map([["deep", value]]);
    };
    const kind = random.weighted({ base: 3, stage: 2, type: 1, baseValues: 1, tooDeep: 1, deep: 1, unknown: 1 });
    const sql = { ...by, overHttp: false };
    if (kind === "base") return { ...sql, ...save, base: random.pick([-1, lastOf(session) + 1, 2 ** 30]) };
    if (kind === "stage") return { ...sql, ...save, base: lastOf(session), stage: random.pick([0, 7]) };
    if (kind === "type") return { ...sql, ...save, patch: random.pick<Json>([[], "x", true, ...NUMBERS]) };
    if (kind === "baseValues") return { ...sql, ...save, baseValues: random.pick<Json>([[], "x", true]) };
    if (kind === "unknown") return { ...sql, ...save, id: random.uuid() };
    return { ...sql, ...save, patch: deep(kind === "deep" ? 60 : 110) };
  }

  #update(world: World, by: { client: number; user: string }, session: Session): ClientOperation {
    const random = this.#random;
    const own = [...world.events].filter(([, { owner }]) => owner === session.user).map(([name]) => name);
    const state = random.chance(0.6) ? this.#state(session) : undefined;
    const stage = random.chance(0.5) ? 1 + random.below(6) : undefined;
    const status = random.chance(0.15) ? random.weighted({ abandoned: 6, in_progress: 4, completed: 1 }) : undefined;
    const event = random.chance(0.05) ? (own.length > 0 ? random.pick([null, ...own]) : null) : undefined;
    return {
      ...by,
      overHttp: false,
      does: "update",
      id: session.id,
      ...(random.chance(0.6) ? { revision: this.#base(by.client, session) } : {}),
      // An update without columns is none.
      ...(stage !== undefined || (state === undefined && status === undefined && event === undefined)
        ? { stage: stage ?? 1 }
        : {}),
      ...(state === undefined ? {} : { state }),
      ...(status === undefined ? {} : { status }),
      ...(event === undefined ? {} : { event }),
    };
  }

  #event(world: World, by: { client: number; user: string }, session: Session): ClientOperation {
    const random = this.#random;
    const own = [...world.events].filter(([, { owner }]) => owner === by.user || random.chance(0.02));
    if (own.length === 0) return this.#sent({ ...by, ...this.#save(by.client, session, this.#answers()) });
    const event = session.event !== null && random.chance(0.8) ? session.event : random.pick(own)[0];
    const does = random.weighted({ retitle: 6, unpublish: 2, cancel: 0.5, deleteEvent: 2 });
    const sql = { ...by, overHttp: false };
    return does === "retitle" ? { ...sql, does, event, title: `Event ${random.below(3)}` } : { ...sql, does, event };
  }

  // Values

  #value(depth: number, inPatch: boolean): Json {
    const random = this.#random;
    const kind = random.weighted({
      number: 3,
      text: 3,
      null: 2,
      boolean: 1,
      list: depth > 0 ? 2 : 0,
      map: depth > 0 ? 5 : 0,
    });
    // Often the same number in another notation.
    if (kind === "number") return random.pick(random.chance(0.5) ? NUMBERS.slice(1, 4) : NUMBERS);
    if (kind === "text") return random.pick(TEXTS);
    if (kind === "boolean") return random.chance(0.5);
    // In a state, few values are null, because each makes a checkpoint.
    if (kind === "null") return inPatch || random.chance(0.2) ? null : true;
    if (kind === "list") return Array.from({ length: random.below(3) }, () => this.#value(depth - 1, true));
    return this.#map(depth - 1, inPatch);
  }

  #map(depth: number, inPatch: boolean): Map<string, Json> {
    const size = this.#random.below(4);
    return new Map(Array.from({ length: size }, () => [this.#random.pick(KEYS), this.#value(depth, inPatch)] as const));
  }

  /** A patch of few keys, so that saves often meet at a path, or one below the other. */
  #patch(depth: number): JsonMap {
    const random = this.#random;
    const patch = this.#map(depth + random.below(2), true);
    if (random.chance(0.06)) patch.set("basics", fromPlain({ title: random.pick([null, "A", "B", "C", "D"]) }));
    if (random.chance(0.02)) patch.set("page", fromPlain({ description: random.pick(["A", "B"]) }));
    return patch;
  }

  /** A whole state: a new one, or the session's with other values. */
  #state(session?: Session): JsonMap {
    const state = this.#map(3, false);
    return session && this.#random.chance(0.8) ? new Map([...session.state, ...state]) : state;
  }

  /** A patch that makes a state complete, or only accepts the terms. */
  #answers(): JsonMap {
    if (this.#random.chance(0.3)) return fromPlain({ publish: { acceptTerms: true } }) as JsonMap;
    this.#slugs += 1;
    return fromPlain({
      basics: {
        ...{ title: "Fair", category: "community", summary: "Music.", organizerName: "Ada" },
        organizerEmail: "ada@example.com",
      },
      schedule: {
        timezone: "Europe/Berlin",
        startsAt: "2127-06-19T18:00:00+00:00",
        endsAt: "2127-06-19T23:00:00+00:00",
      },
      location: { mode: "online", joinUrl: "https://meet.example.com/fair" },
      tickets: {
        tickets: {
          t1: { name: "Seat", kind: "free", quantity: 5 + this.#random.below(3), position: 1 },
          ...(this.#random.chance(0.5)
            ? { t2: { name: "Stool", kind: "free", quantity: 5, position: 2 } }
            : { t2: null }),
        },
      },
      page: { description: "Bring a friend.", slug: `fair-${this.#slugs}` },
      publish: { visibility: "public", refundPolicy: "none", acceptTerms: true },
    }) as JsonMap;
  }
}
