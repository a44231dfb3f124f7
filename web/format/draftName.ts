import { valueAt } from "../../json/pointer.ts";

/** What a draft is called, also before it has a title. */
export function draftName(state: unknown): string {
  const title = valueAt(state, "/basics/title");
  return typeof title === "string" && title.trim() !== "" ? title : "Untitled";
}
