import {
  brokenInvariant,
  differenceOf,
  differenceOfEvents,
  differenceOfRevisions,
  differenceOfSessions,
  forgottenKey,
  learnEventIds,
} from "./compare.ts";
import { type Cluster, Database } from "./database.ts";
import { Generator } from "./generator.ts";
import { sentText } from "./json.ts";
import { resultsOf, Unspecified } from "./model.ts";
import type { Answer, Operation } from "./operations.ts";
import { Random } from "./random.ts";
import { EMPTY, type World } from "./world.ts";

export interface Options {
  readonly cluster: Cluster;
  readonly seed: number;
  readonly operations: number;
  /** SQL that breaks a rule of the database. */
  readonly change?: string;
  readonly progress?: (done: number) => void;
}

export interface Failure {
  readonly difference: string;
  /** The operations up to the one that failed. */
  readonly operations: readonly Operation[];
}

export interface Outcome {
  /** How often each operation had each outcome. */
  readonly counts: ReadonlyMap<string, number>;
  readonly failure?: Failure;
}

/** After so many operations, everything is compared. */
const COMPARE_ALL = 250;

/** Runs random operations, and stops at the first one after which the database differs from the model. */
export async function check({ cluster, seed, operations, change = "", progress }: Options): Promise<Outcome> {
  const generator = new Generator(new Random(seed));
  const database = await Database.create(cluster, change);
  const run = new Run(database);
  try {
    while (run.done.length < operations) {
      const operation = generator.next(run.world);
      const answers = await run.step(operation);
      if (typeof answers === "string")
        return { counts: run.counts, failure: { difference: answers, operations: run.done } };
      generator.learn(operation, answers);
      if (answers.length > 0 && run.done.length % 1000 === 0) progress?.(run.done.length);
    }
    const difference = await run.compareAll();
    return { counts: run.counts, ...(difference ? { failure: { difference, operations: run.done } } : {}) };
  } finally {
    await database.drop();
  }
}

/** Runs the same operations again. Returns the failure, if there is one. */
export async function replay(
  cluster: Cluster,
  operations: readonly Operation[],
  change = "",
): Promise<Failure | undefined> {
  const database = await Database.create(cluster, change);
  const run = new Run(database);
  try {
    for (const operation of operations) {
      const answers = await run.step(operation);
      if (typeof answers === "string") return { difference: answers, operations: run.done };
    }
    const difference = await run.compareAll();
    return difference === undefined ? undefined : { difference, operations: run.done };
  } finally {
    await database.drop();
  }
}

/** Leaves out operations as long as the rest still fails, in at most so many attempts. */
export async function shrink(cluster: Cluster, failure: Failure, change: string, attempts: number): Promise<Failure> {
  let left = attempts;
  let smallest = failure;
  for (let size = Math.ceil(failure.operations.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let end = smallest.operations.length; end > 0; end -= size) {
      if (left-- === 0) return smallest;
      const fewer = smallest.operations.toSpliced(Math.max(0, end - size), size);
      const again = await replay(cluster, fewer, change);
      if (again && kindOf(again) === kindOf(failure)) smallest = again;
      end = Math.min(end, smallest.operations.length + size);
    }
  }
  return smallest;
}

/** The first line of a difference without ids and numbers, because another failure explains nothing. */
const kindOf = ({ difference }: Failure) => difference.split("\n")[0]?.replace(/[0-9a-f-]{36}|\d+/g, "");

/** The model and the database, side by side. */
class Run {
  readonly #database: Database;
  readonly done: Operation[] = [];
  readonly counts = new Map<string, number>();
  world: World = EMPTY;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Runs an operation on both. Returns the answers, or how the database differs from the model. No answers: skipped. */
  async step(operation: Operation): Promise<readonly Answer[] | string> {
    let results: ReturnType<typeof resultsOf>;
    try {
      results = resultsOf(this.world, operation);
    } catch (error) {
      if (error instanceof Unspecified) return [];
      throw error;
    }
    const answers = await this.#database.run(operation);
    this.done.push(operation);
    let difference: string | undefined;
    const knownIds = this.#database.eventIds;
    for (const result of results) {
      this.#database.eventIds = new Map(knownIds);
      await learnEventIds(this.#database, result.world);
      const differs = await this.#difference(operation, result, answers);
      if (differs === undefined) {
        this.world = result.world;
        this.#count(operation, answers);
        return this.done.length % COMPARE_ALL === 0 ? ((await this.compareAll()) ?? answers) : answers;
      }
      difference = difference === undefined ? differs : `${difference}\nin another order:\n${differs}`;
    }
    return difference ?? "The model has no result.";
  }

  async #difference(operation: Operation, result: ReturnType<typeof resultsOf>[number], answers: readonly Answer[]) {
    for (const [index, expected] of result.answers.entries()) {
      const one = operation.does === "together" ? operation.both[index] : operation;
      const overHttp = one !== undefined && "overHttp" in one && one.overHttp === true;
      const difference = differenceOf(
        `answer ${index}`,
        comparable(expected, overHttp),
        comparable(answers[index], overHttp),
      );
      if (difference) return difference;
    }
    const parts = operation.does === "together" ? operation.both : [operation];
    if (parts.some(({ does }) => does === "sweep" || does === "age" || does === "deleteEvent")) {
      return await this.#differenceOfAll(result.world);
    }
    const ids = [...new Set(parts.flatMap((one) => ("id" in one ? [one.id] : [])))];
    return (
      (await differenceOfSessions(this.#database, result.world, ids)) ??
      (parts.some((one) => "event" in one || one.does === "complete")
        ? await differenceOfEvents(this.#database, result.world)
        : undefined) ??
      (this.done.length % 8 === 0 ? await differenceOfRevisions(this.#database, result.world, ids) : undefined)
    );
  }

  async #differenceOfAll(world: World): Promise<string | undefined> {
    const stored = await this.#database.query<{ id: string }>("select id from wizard_sessions");
    const ids = [...new Set([...stored.map(({ id }) => id), ...world.sessions.keys()])];
    return (
      (await differenceOfSessions(this.#database, world, ids)) ?? (await differenceOfEvents(this.#database, world))
    );
  }

  /** Compares all that is stored, every revision and every key. */
  async compareAll(): Promise<string | undefined> {
    return (
      (await this.#differenceOfAll(this.world)) ??
      (await differenceOfRevisions(this.#database, this.world, [...this.world.sessions.keys()])) ??
      (await forgottenKey(this.#database, this.world)) ??
      (await brokenInvariant(this.#database))
    );
  }

  #count(operation: Operation, answers: readonly Answer[]): void {
    for (const [index, one] of (operation.does === "together" ? operation.both : [operation]).entries()) {
      const answer = answers[index];
      const name = `${one.does} ${answer && "error" in answer ? answer.error : answer?.outcome}`;
      // A sweep counts the rows that it changed.
      const count = answer && "rows" in answer ? (answer.rows ?? 0) : 1;
      this.counts.set(name, (this.counts.get(name) ?? 0) + count);
    }
  }
}

/** An answer with its conflicts in one order. Over HTTP, a value that is null looks like no value: paths are compared. */
function comparable(answer: Answer | undefined, overHttp: boolean): unknown {
  if (!answer || !("conflicts" in answer)) return answer;
  const conflicts = answer.conflicts?.map((conflict) => (overHttp ? conflict[0] : conflict.join(" | "))).toSorted();
  return { ...answer, conflicts };
}

/** One line per operation. */
export function describe(operation: Operation): string {
  return JSON.stringify(operation, (_, value) =>
    value instanceof Map || isNumber(value) ? `JSON ${sentText(value)}` : value,
  );
}

const isNumber = (value: unknown): value is never => typeof value === "object" && value !== null && "stored" in value;
