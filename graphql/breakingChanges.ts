import { buildSchema, findBreakingChanges, findDangerousChanges } from "graphql";

export interface SchemaChanges {
  /** Changes that break a client, and that the changelog does not list. */
  readonly unlisted: readonly string[];
  /** Breaking changes that the changelog lists. */
  readonly listed: readonly string[];
  /** Changes that can surprise a client, such as a new enum value. */
  readonly dangerous: readonly string[];
}

/**
 * Compares two schemas, as SDL. `changelog` lists a breaking change if its section "Unreleased" contains the change's
 * description below the heading "Breaking changes".
 */
export function compareSchemas(released: string, present: string, changelog: string): SchemaChanges {
  const [before, after] = [buildSchema(released), buildSchema(present)];
  const breaking = findBreakingChanges(before, after).map(({ description }) => description);
  const entries = breakingChangesIn(changelog);
  return {
    unlisted: breaking.filter((description) => !entries.includes(description)),
    listed: breaking.filter((description) => entries.includes(description)),
    dangerous: findDangerousChanges(before, after).map(({ description }) => description),
  };
}

/** The list items below "## Unreleased" and "### Breaking changes", without backticks. */
function breakingChangesIn(changelog: string): string[] {
  const unreleased = sectionOf(changelog, /^## Unreleased$/m, /^## /m);
  const breaking = sectionOf(unreleased, /^### Breaking changes$/m, /^### /m);
  return breaking
    .split(/^- /m)
    .slice(1)
    .map((item) => item.replaceAll("`", "").replace(/\s+/g, " ").trim());
}

function sectionOf(text: string, heading: RegExp, next: RegExp): string {
  const [, after = ""] = text.split(heading, 2);
  return after.split(next, 1)[0] ?? "";
}
