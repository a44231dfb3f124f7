/**
 * Measures the time from opening a draft's URL until its first field is editable, and the bytes transferred, with the
 * built page, the server and PostgreSQL on this machine, in Chromium (set CHROMIUM for another executable). Prints
 * Markdown, and its progress to standard error.
 *
 *   node bench/page.ts [--visits 15]
 *
 * Each browser visits the URL twice, first with an empty cache.
 */
import { parseArgs } from "node:util";
import { startApp } from "../server/app.ts";
import { startThrowawayDatabase } from "../server/database/throwaway.ts";
import { makeLogger } from "../server/log.ts";
import { buildPage, PAGE_FOLDER } from "../server/page/build.ts";
import { startChromium } from "../web/browser/support/chromium.ts";
import { measureVisits } from "./page/measure.ts";
import { visitsTable } from "./page/report.ts";

const TOKENS = { secret: "only for measuring, but of 32 bytes or more", audience: "authenticated" };

const { values } = parseArgs({ options: { visits: { type: "string", default: "15" } } });
const visits = Number(values.visits);
if (!Number.isSafeInteger(visits) || visits < 1) {
  console.error(`--visits: ${values.visits} is not a positive integer.`);
  process.exit(2);
}

const database = await startThrowawayDatabase("bench");
try {
  await buildPage(() => console.error("building the page"));
  const app = await startApp({
    authDatabaseUrl: database.connections.authDatabaseUrl,
    tokens: TOKENS,
    logger: makeLogger({ logLevel: "warn", production: true }),
    host: "127.0.0.1",
    port: 0,
    graphiql: false,
    development: false,
    pageFolder: PAGE_FOLDER,
  });
  const browser = await startChromium();
  try {
    const results = await measureVisits({ browser, url: app.url, tokens: TOKENS, visits }, (line) =>
      console.error(line),
    );
    console.log(`Chromium ${browser.version()}, ${visits} visits`);
    console.log(visitsTable(results));
  } finally {
    await browser.close();
    await app.stop();
  }
} finally {
  await database.stop();
}
