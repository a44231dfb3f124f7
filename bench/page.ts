/**
 * Measures how long it takes from opening a draft's address until its first field takes text, and what is sent for it:
 * the built page, the real server and PostgreSQL on this machine, in Chromium (CHROMIUM names another than the
 * system's). Prints Markdown; the progress goes to standard error.
 *
 *   node bench/page.ts [--visits 15]
 *
 * Each visit is made twice: by a browser that has nothing of the page yet, and by the same one again.
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
  console.error(`--visits: ${values.visits} is no whole number above 0.`);
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
