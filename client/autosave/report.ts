/** Lets the page hear of an error that is its own. */
export function report(error: unknown): void {
  if (globalThis.reportError) globalThis.reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
