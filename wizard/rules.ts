import { isObject } from "../json/equality.ts";
import { pointerTo, valueAt } from "../json/pointer.ts";
import type { Answers } from "./answers.ts";
import { instantOf } from "./instants.ts";
import type { Complaint } from "./messages.ts";

/** A complaint about one field, which compares it with others. */
export interface Finding extends Complaint {
  readonly pointer: string;
}

// A schema tells what one answer may be, a rule how answers go together. A rule says nothing about an answer that is
// missing or no date: the schema has said that already.
type Rule = (answers: Answers) => readonly Finding[];

export const RULES: readonly Rule[] = [
  eventEndsAfterItStarts,
  doorsOpenByTheStart,
  salesEndAfterTheyStart,
  salesEndByTheEndOfTheEvent,
  pageIsPublishedByTheStart,
];

function eventEndsAfterItStarts(answers: Answers): readonly Finding[] {
  const startsAt = instantAt(answers, ["schedule", "startsAt"]);
  const endsAt = instantAt(answers, ["schedule", "endsAt"]);
  if (startsAt === undefined || endsAt === undefined || endsAt > startsAt) return [];
  return [finding(["schedule", "endsAt"], "not_after_start", "The event has to end after it starts.")];
}

function doorsOpenByTheStart(answers: Answers): readonly Finding[] {
  const startsAt = instantAt(answers, ["schedule", "startsAt"]);
  const doorsAt = instantAt(answers, ["schedule", "doorsAt"]);
  if (startsAt === undefined || doorsAt === undefined || doorsAt <= startsAt) return [];
  return [
    finding(["schedule", "doorsAt"], "after_start", "The doors have to open before the event starts, or when it does."),
  ];
}

function salesEndAfterTheyStart(answers: Answers): readonly Finding[] {
  return ticketIds(answers).flatMap((id) => {
    const salesStart = instantAt(answers, ["tickets", "tickets", id, "salesStart"]);
    const salesEnd = instantAt(answers, ["tickets", "tickets", id, "salesEnd"]);
    if (salesStart === undefined || salesEnd === undefined || salesEnd > salesStart) return [];
    const message = "Sales have to end after they start.";
    return [finding(["tickets", "tickets", id, "salesEnd"], "not_after_sales_start", message)];
  });
}

function salesEndByTheEndOfTheEvent(answers: Answers): readonly Finding[] {
  const endsAt = instantAt(answers, ["schedule", "endsAt"]);
  return ticketIds(answers).flatMap((id) => {
    const salesEnd = instantAt(answers, ["tickets", "tickets", id, "salesEnd"]);
    if (endsAt === undefined || salesEnd === undefined || salesEnd <= endsAt) return [];
    const message = "Sales have to end before the event is over, or when it is.";
    return [finding(["tickets", "tickets", id, "salesEnd"], "after_end", message)];
  });
}

function pageIsPublishedByTheStart(answers: Answers): readonly Finding[] {
  const startsAt = instantAt(answers, ["schedule", "startsAt"]);
  const publishAt = instantAt(answers, ["publish", "publishAt"]);
  if (startsAt === undefined || publishAt === undefined || publishAt <= startsAt) return [];
  const message = "The event has to be published before it starts, or when it does.";
  return [finding(["publish", "publishAt"], "after_start", message)];
}

function finding(segments: readonly string[], code: string, message: string): Finding {
  return { pointer: pointerTo(segments), code, message };
}

function ticketIds(answers: Answers): string[] {
  const tickets = valueAt(answers, ["tickets", "tickets"]);
  return isObject(tickets) ? Object.keys(tickets) : [];
}

function instantAt(answers: Answers, segments: readonly string[]): bigint | undefined {
  return instantOf(valueAt(answers, segments));
}
