import type { Page } from "playwright-core";

/**
 * Records console warnings and errors (which include CSP violations), uncaught exceptions, failed requests, and requests to
 * servers other than the allowed ones.
 */
export function recordPageErrors(page: Page, allowed: (url: URL) => boolean): string[] {
  const errors: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => errors.push(`thrown: ${error.message}`));
  page.on("requestfailed", (request) => errors.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    if (response.status() >= 400) errors.push(`status ${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    if (!allowed(new URL(request.url()))) errors.push(`request to another server: ${request.url()}`);
  });
  return errors;
}
