const FOCUSABLE = "input:not([type=color]), select, textarea, button";

/** Scrolls to a field and focuses it. Returns false if the form does not show the field. */
export function focusField(pointer: string): boolean {
  const field = document.querySelector(`[data-pointer="${CSS.escape(pointer)}"]`);
  const input =
    field?.querySelector<HTMLElement>("input:checked:not([disabled])") ?? field?.querySelector<HTMLElement>(FOCUSABLE);
  if (!input) return false;
  input.focus({ preventScroll: true });
  field?.scrollIntoView({ block: "center" });
  return true;
}
