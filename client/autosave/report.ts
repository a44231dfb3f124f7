/** Reports an error of the page to the page. */
export function report(error: unknown): void {
  if (globalThis.reportError) globalThis.reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
