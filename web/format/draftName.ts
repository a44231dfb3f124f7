import { valueAt } from "../../json/pointer.ts";
import { isBlankText } from "../../wizard/texts.ts";

/** The title of a draft, or "Untitled". */
export function draftName(state: unknown): string {
  const title = valueAt(state, "/basics/title");
  return typeof title === "string" && !isBlankText(title) ? title : "Untitled";
}
