import type { SessionCardFragment } from "../../client/index.ts";
import { valueAt } from "../../json/pointer.ts";
import { instantOf } from "../../wizard/instants.ts";

/** The path of an event page, and whether visitors can open it yet. */
export type EventPageLink =
  | { readonly kind: "open"; readonly path: string }
  | { readonly kind: "later"; readonly path: string; readonly publishAt: string }
  /** Private events have no event page. */
  | { readonly kind: "private" }
  /** There is no published event, or it has no page address. */
  | { readonly kind: "none" };

type SessionEvent = NonNullable<SessionCardFragment["event"]>;

/** Based on the answers that were published. */
export function eventPageOfDraft(state: unknown, now: Date): EventPageLink {
  if (valueAt(state, "/publish/visibility") === "private") return { kind: "private" };
  return linkTo(valueAt(state, "/page/slug"), valueAt(state, "/publish/publishAt"), now);
}

/** Based on the current event, which may have changed or been deleted since it was published. */
export function eventPageOf(event: SessionEvent | null, now: Date): EventPageLink {
  if (event?.status !== "PUBLISHED" || event.visibility === null) return { kind: "none" };
  if (event.visibility === "PRIVATE") return { kind: "private" };
  return linkTo(event.slug, event.publishAt, now);
}

function linkTo(slug: unknown, publishAt: unknown, now: Date): EventPageLink {
  if (typeof slug !== "string" || slug === "") return { kind: "none" };
  const path = `/e/${encodeURIComponent(slug)}`;
  const moment = instantOf(publishAt);
  if (moment === undefined || moment <= BigInt(now.getTime()) * 1000n) return { kind: "open", path };
  return { kind: "later", path, publishAt: String(publishAt) };
}
