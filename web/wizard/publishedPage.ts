import { instantOf } from "../../wizard/instants.ts";
import { valueAt } from "../format/diff.ts";

/** Where the page of a published session is, and whether others can open it yet. */
export type PublishedPage =
  | { readonly kind: "open"; readonly path: string }
  | { readonly kind: "later"; readonly path: string; readonly publishAt: string }
  /** Private events have none. */
  | { readonly kind: "private" };

export function publishedPage(state: unknown, now: Date): PublishedPage {
  if (valueAt(state, "/publish/visibility") === "private") return { kind: "private" };
  const path = `/e/${encodeURIComponent(String(valueAt(state, "/page/slug")))}`;
  const publishAt = valueAt(state, "/publish/publishAt");
  const moment = instantOf(publishAt);
  if (moment === undefined || moment <= BigInt(now.getTime()) * 1000n) return { kind: "open", path };
  return { kind: "later", path, publishAt: String(publishAt) };
}
