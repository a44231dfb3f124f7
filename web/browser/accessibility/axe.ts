import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults, NodeResult, RunOptions } from "axe-core";
import type { Page } from "playwright-core";

const SOURCE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const OPTIONS: RunOptions = { resultTypes: ["violations"] };

/**
 * The violations of all axe-core rules, one line per element. The script runs through the DevTools protocol, so the
 * Content-Security-Policy of the page stays unchanged.
 */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(SOURCE);
  const results: AxeResults = await page.evaluate(`axe.run(document, ${JSON.stringify(OPTIONS)})`);
  return results.violations.flatMap(({ id, impact, nodes }) =>
    nodes.map((node) => `${id} (${impact}): ${node.target.join(" ")}: ${reasonsOf(node).join("; ")}`),
  );
}

function reasonsOf({ any, all, none }: NodeResult): string[] {
  return [...any, ...all, ...none].map(({ message }) => message);
}
