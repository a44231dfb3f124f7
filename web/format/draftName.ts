import { isBlankText } from "../../wizard/texts.ts";

/** The name of a draft: its title, or "Untitled". */
export function draftName(title: unknown): string {
  return typeof title === "string" && !isBlankText(title) ? title : "Untitled";
}
