import type { DraftsQuery } from "../../client/index.ts";
import { valueAt } from "../../json/pointer.ts";
import { instantOf } from "../../wizard/instants.ts";

/** Where the page of a published event is, and whether others can open it yet. */
export type EventPageLink =
  | { readonly kind: "open"; readonly path: string }
  | { readonly kind: "later"; readonly path: string; readonly publishAt: string }
  /** Private events have none. */
  | { readonly kind: "private" }
  /** There is no event that is published, or it has no address. */
  | { readonly kind: "none" };

type SessionEvent = NonNullable<NonNullable<DraftsQuery["wizardSessions"]>["nodes"][number]["event"]>;

/** By the answers that were published. */
export function eventPageOfDraft(state: unknown, now: Date): EventPageLink {
  if (valueAt(state, "/publish/visibility") === "private") return { kind: "private" };
  return pageAt(valueAt(state, "/page/slug"), valueAt(state, "/publish/publishAt"), now);
}

/** By the event as it is now: it may have moved, or be gone, since a session published it. */
export function eventPageOf(event: SessionEvent | null, now: Date): EventPageLink {
  if (event?.status !== "PUBLISHED" || event.visibility === null) return { kind: "none" };
  if (event.visibility === "PRIVATE") return { kind: "private" };
  return pageAt(event.slug, event.publishAt, now);
}

function pageAt(slug: unknown, publishAt: unknown, now: Date): EventPageLink {
  if (typeof slug !== "string" || slug === "") return { kind: "none" };
  const path = `/e/${encodeURIComponent(slug)}`;
  const moment = instantOf(publishAt);
  if (moment === undefined || moment <= BigInt(now.getTime()) * 1000n) return { kind: "open", path };
  return { kind: "later", path, publishAt: String(publishAt) };
}
