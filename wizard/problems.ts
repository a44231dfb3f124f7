import type { ErrorObject } from "ajv/dist/2020.js";
import { pointerTo, segmentsOf } from "../json/pointer.ts";
import { type Answers, answersIn } from "./answers.ts";
import { allFieldsOf, schemaAt } from "./fields.ts";
import { entryName, type ProblemText, problemText } from "./messages.ts";
import { RULES } from "./rules.ts";
import type { Schema } from "./schema.ts";
import { STAGES, type Stage } from "./stages.ts";
import type { StageNumber } from "./types.generated.ts";
import { compile } from "./validator.ts";

/** Something that a user must fix before the session can be completed. */
export interface Problem {
  readonly stage: StageNumber;
  /** The field, as a JSON pointer into the whole state: `/basics/title`. */
  readonly pointer: string;
  /** For programs. It stays the same when the message is reworded. */
  readonly code: string;
  /** For people: what is wrong and what to do. */
  readonly message: string;
}

/**
 * Without a limit, a small state full of junk would have a huge list of problems. The limit applies to each stage, because
 * a stage that has problems must never appear to have none.
 */
export const MAX_PROBLEMS_PER_STAGE = 200;

/** Compiled at import: an invalid stage file stops the server at its start, not at the first save. */
const VALIDATORS = new Map(STAGES.map(({ key, schema }) => [key, compile(schema)]));

/**
 * What is missing or wrong in a state, which may be any JSON value: ordered by stage and form field, with at most one
 * problem per field. Hidden and unknown fields have no problems.
 */
export function problemsOf(state: unknown): Problem[] {
  return problemsInAnswers(answersIn(state));
}

export function problemsInAnswers(answers: Answers): Problem[] {
  const ruleProblems = RULES.flatMap((rule) => rule(answers)).map(({ pointer, ...text }) => {
    return { pointer, text: () => text };
  });
  return STAGES.flatMap((stage) => {
    const ofStage = ruleProblems.filter(({ pointer }) => segmentsOf(pointer)[0] === stage.key);
    const found = onePerField([...schemaProblems(stage, answers[stage.key]), ...ofStage]);
    return inFormOrder(stage, found)
      .slice(0, MAX_PROBLEMS_PER_STAGE)
      .map(({ pointer, text }) => {
        const { code, message } = text();
        const entry = entryName(stage.schema, answers[stage.key], segmentsOf(pointer).slice(1));
        return { stage: stage.number, pointer, code, message: entry + message };
      });
  });
}

/** A problem whose text is made only if the problem is returned. */
interface FoundProblem {
  readonly pointer: string;
  readonly text: () => ProblemText;
}

/** If Ajv reports several errors for one field, the first keyword of this list wins. */
const KEYWORD_ORDER = ["type", "oneOf", "enum", "const", "required", "minProperties", "maxLength", "minLength"];

function schemaProblems(stage: Stage, value: unknown): FoundProblem[] {
  const errors = VALIDATORS.get(stage.key)?.(value) ?? [];
  // An `if` error repeats the errors of its `then`. Errors inside a key repeat its `propertyNames` error.
  const distinct = errors.filter((error) => error.keyword !== "if" && error.propertyName === undefined);
  return distinct
    .toSorted((one, other) => rank(one) - rank(other))
    .map((error) => {
      const inStage = error.instancePath + pointerTo(fieldInside(error));
      const text = () => problemText(schemaAt(stage.schema, segmentsOf(inStage)), error);
      return { pointer: pointerTo([stage.key]) + inStage, text };
    });
}

function rank({ keyword }: ErrorObject): number {
  const index = KEYWORD_ORDER.indexOf(keyword);
  return index === -1 ? KEYWORD_ORDER.length : index;
}

/** Ajv reports some errors at the object although they are about a field inside it. */
function fieldInside({ keyword, params }: ErrorObject): string[] {
  if (keyword === "required") return [params.missingProperty];
  return keyword === "propertyNames" ? [params.propertyName] : [];
}

function onePerField(problems: readonly FoundProblem[]): FoundProblem[] {
  const first = new Map<string, FoundProblem>();
  for (const problem of problems) if (!first.has(problem.pointer)) first.set(problem.pointer, problem);
  return [...first.values()];
}

function inFormOrder({ schema }: Stage, problems: readonly FoundProblem[]): FoundProblem[] {
  return problems
    .map((problem) => ({ problem, position: positionOf(schema, segmentsOf(problem.pointer).slice(1)) }))
    .toSorted((one, other) => compare(one.position, other.position))
    .map(({ problem }) => problem);
}

/** The index of the field at each level. Entries of a collection are ordered by key. */
function positionOf(schema: Schema, segments: readonly string[]): (number | string)[] {
  return segments.map((segment, depth) => {
    const index = allFieldsOf(schemaAt(schema, segments.slice(0, depth))).findIndex(({ name }) => name === segment);
    return index === -1 ? segment : index;
  });
}

function compare(one: readonly (number | string)[], other: readonly (number | string)[]): number {
  const index = one.findIndex((part, depth) => part !== other[depth]);
  const [first, second] = [one[index], other[index]];
  if (first === undefined || second === undefined) return one.length - other.length;
  return first < second ? -1 : 1;
}
