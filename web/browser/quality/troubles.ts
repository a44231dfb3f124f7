import type { Page } from "playwright-core";

/**
 * Notes what a page must not do while it is looked at: write warnings or errors to the console (a breach of its policy
 * is one), throw, ask for something that fails, or ask another server than its own.
 */
export function noteTroubles(page: Page, allowed: (url: URL) => boolean): string[] {
  const troubles: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) troubles.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`thrown: ${error.message}`));
  page.on("requestfailed", (request) => troubles.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    if (response.status() >= 400) troubles.push(`answered ${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    if (!allowed(new URL(request.url()))) troubles.push(`asked elsewhere: ${request.url()}`);
  });
  return troubles;
}
