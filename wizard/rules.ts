import { isObject } from "../json/equality.ts";
import { pointerTo, valueAt } from "../json/pointer.ts";
import type { Answers } from "./answers.ts";
import { instantOf } from "./instants.ts";
import type { ProblemText } from "./messages.ts";

/** What a rule finds wrong with one field. */
export interface RuleProblem extends ProblemText {
  readonly pointer: string;
}

// The schemas check single answers. A rule checks how answers fit together. It ignores answers that are missing or not
// dates, because the schemas report those.
type Rule = (answers: Answers) => readonly RuleProblem[];

export const RULES: readonly Rule[] = [
  eventEndsAfterItStarts,
  doorsOpenByTheStart,
  salesEndAfterTheyStart,
  salesEndByTheEndOfTheEvent,
  eventIsPublishedByItsStart,
];

function eventEndsAfterItStarts(answers: Answers): readonly RuleProblem[] {
  const startsAt = instantAt(answers, ["schedule", "startsAt"]);
  const endsAt = instantAt(answers, ["schedule", "endsAt"]);
  if (startsAt === undefined || endsAt === undefined || endsAt > startsAt) return [];
  return [ruleProblem(["schedule", "endsAt"], "not_after_start", "The event must end after it starts.")];
}

function doorsOpenByTheStart(answers: Answers): readonly RuleProblem[] {
  const startsAt = instantAt(answers, ["schedule", "startsAt"]);
  const doorsAt = instantAt(answers, ["schedule", "doorsAt"]);
  if (startsAt === undefined || doorsAt === undefined || doorsAt <= startsAt) return [];
  return [ruleProblem(["schedule", "doorsAt"], "after_start", "The doors can't open after the event starts.")];
}

function salesEndAfterTheyStart(answers: Answers): readonly RuleProblem[] {
  return ticketIds(answers).flatMap((id) => {
    const salesStart = instantAt(answers, ["tickets", "tickets", id, "salesStart"]);
    const salesEnd = instantAt(answers, ["tickets", "tickets", id, "salesEnd"]);
    if (salesStart === undefined || salesEnd === undefined || salesEnd > salesStart) return [];
    const message = "Sales must end after they start.";
    return [ruleProblem(["tickets", "tickets", id, "salesEnd"], "not_after_sales_start", message)];
  });
}

function salesEndByTheEndOfTheEvent(answers: Answers): readonly RuleProblem[] {
  const endsAt = instantAt(answers, ["schedule", "endsAt"]);
  return ticketIds(answers).flatMap((id) => {
    const salesEnd = instantAt(answers, ["tickets", "tickets", id, "salesEnd"]);
    if (endsAt === undefined || salesEnd === undefined || salesEnd <= endsAt) return [];
    const message = "Sales can't end after the event ends.";
    return [ruleProblem(["tickets", "tickets", id, "salesEnd"], "after_end", message)];
  });
}

function eventIsPublishedByItsStart(answers: Answers): readonly RuleProblem[] {
  const startsAt = instantAt(answers, ["schedule", "startsAt"]);
  const publishAt = instantAt(answers, ["publish", "publishAt"]);
  if (startsAt === undefined || publishAt === undefined || publishAt <= startsAt) return [];
  const message = "The event can't be published after it starts.";
  return [ruleProblem(["publish", "publishAt"], "after_start", message)];
}

function ruleProblem(segments: readonly string[], code: string, message: string): RuleProblem {
  return { pointer: pointerTo(segments), code, message };
}

function ticketIds(answers: Answers): string[] {
  const tickets = valueAt(answers, ["tickets", "tickets"]);
  return isObject(tickets) ? Object.keys(tickets) : [];
}

function instantAt(answers: Answers, segments: readonly string[]): bigint | undefined {
  return instantOf(valueAt(answers, segments));
}
