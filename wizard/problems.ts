import type { ErrorObject } from "ajv/dist/2020.js";
import { pointerTo, segmentsOf } from "../json/pointer.ts";
import { type Answers, answersIn } from "./answers.ts";
import { allFieldsOf, schemaAt } from "./fields.ts";
import { type Complaint, complaintAbout, entryName } from "./messages.ts";
import { RULES } from "./rules.ts";
import type { Schema } from "./schema.ts";
import { STAGES, type Stage } from "./stages.ts";
import type { StageNumber } from "./types.generated.ts";
import { compile } from "./validator.ts";

/** Something that has to be put right before the session can be completed. */
export interface Problem {
  readonly stage: StageNumber;
  /** The field, as a JSON pointer into the whole state: `/basics/title`. */
  readonly pointer: string;
  /** For programs: it stays the same when the message is reworded. */
  readonly code: string;
  /** For people: what to do. */
  readonly message: string;
}

/**
 * More than anybody reads at once. Without a limit a small state full of junk would have a large answer. It is for each
 * stage, so that a stage with problems never looks like one without.
 */
export const MAX_PROBLEMS_PER_STAGE = 200;

/** At import, so that a stage file that can't be used stops the server when it starts and not when somebody saves. */
const CHECKS = new Map(STAGES.map(({ key, schema }) => [key, compile(schema)]));

/**
 * What is missing or wrong, by stage and in the order of the form, at most one problem for each field. It takes any
 * JSON. Fields that are not asked for at present, or that the wizard does not know, are nobody's problem.
 */
export function problemsOf(state: unknown): Problem[] {
  return problemsWith(answersIn(state));
}

export function problemsWith(answers: Answers): Problem[] {
  const broken = RULES.flatMap((rule) => rule(answers)).map(({ pointer, ...complaint }) => {
    return { pointer, complain: () => complaint };
  });
  return STAGES.flatMap((stage) => {
    const ofStage = broken.filter(({ pointer }) => segmentsOf(pointer)[0] === stage.key);
    const suspicions = onePerField([...mistakesIn(stage, answers[stage.key]), ...ofStage]);
    return inOrderOfTheForm(stage, suspicions)
      .slice(0, MAX_PROBLEMS_PER_STAGE)
      .map(({ pointer, complain }) => {
        const { code, message } = complain();
        const where = entryName(stage.schema, answers[stage.key], segmentsOf(pointer).slice(1));
        return { stage: stage.number, pointer, code, message: where + message };
      });
  });
}

/** A complaint that is put into words only if somebody gets to read it. */
interface Suspicion {
  readonly pointer: string;
  readonly complain: () => Complaint;
}

/** Of several things that Ajv says about one field, the first of these is the one to tell. */
const TELLING = ["type", "oneOf", "enum", "const", "required", "minProperties", "maxLength", "minLength"];

function mistakesIn(stage: Stage, value: unknown): Suspicion[] {
  const errors = CHECKS.get(stage.key)?.(value) ?? [];
  // `if` only says which `then` has failed, and that has told its own mistakes. What is wrong with a key is told once, as
  // `propertyNames`.
  const own = errors.filter((error) => error.keyword !== "if" && error.propertyName === undefined);
  return own
    .toSorted((one, other) => rank(one) - rank(other))
    .map((error) => {
      const inStage = error.instancePath + pointerTo(namedBy(error));
      const complain = () => complaintAbout(schemaAt(stage.schema, segmentsOf(inStage)), error);
      return { pointer: pointerTo([stage.key]) + inStage, complain };
    });
}

function rank({ keyword }: ErrorObject): number {
  const index = TELLING.indexOf(keyword);
  return index === -1 ? TELLING.length : index;
}

/** Ajv reports these at the object; the field that they are about is in it. */
function namedBy({ keyword, params }: ErrorObject): string[] {
  if (keyword === "required") return [params.missingProperty];
  return keyword === "propertyNames" ? [params.propertyName] : [];
}

function onePerField(suspicions: readonly Suspicion[]): Suspicion[] {
  const first = new Map<string, Suspicion>();
  for (const suspicion of suspicions) if (!first.has(suspicion.pointer)) first.set(suspicion.pointer, suspicion);
  return [...first.values()];
}

function inOrderOfTheForm({ schema }: Stage, suspicions: readonly Suspicion[]): Suspicion[] {
  return suspicions
    .map((suspicion) => ({ suspicion, place: placeOf(schema, segmentsOf(suspicion.pointer).slice(1)) }))
    .toSorted((one, other) => compare(one.place, other.place))
    .map(({ suspicion }) => suspicion);
}

/** The number of the field at each level; entries of a collection have no order but that of their keys. */
function placeOf(schema: Schema, segments: readonly string[]): (number | string)[] {
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
