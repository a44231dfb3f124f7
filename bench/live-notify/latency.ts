import { randomUUID } from "node:crypto";
import { createClient } from "graphql-ws";
import { pino } from "pino";
import { WebSocket } from "ws";
import { startApp } from "../../server/app.ts";
import { signToken } from "../../server/tokens.ts";
import type { BenchCluster } from "../shared/cluster.ts";

const TOKENS = { secret: "only for measuring, of 32 bytes or more", audience: "authenticated" };
const PAUSE_MS = 20;

export interface Latency {
  /** Milliseconds from the mutation's response to the event in the other tab; negative if the event comes first. */
  readonly fromAnswer: readonly number[];
  /** Milliseconds from sending the mutation to the event in the other tab. */
  readonly fromSending: readonly number[];
}

const SAVE = `mutation ($id: UUID!, $saveId: UUID!, $base: Int!, $patch: JSON!) {
  saveWizardSession(input: { id: $id, saveId: $saveId, baseRevision: $base, patch: $patch }) { outcome }
}`;
const CHANGED = `subscription ($id: UUID!) {
  wizardSessionChanged(id: $id) { kind revision saveId stage savedBy wizardSession { revision stage status state lastSavedAt } }
}`;

/** One tab saves over HTTP, with pauses; another tab of the same user has a subscription. */
export async function measureLatency(cluster: BenchCluster, database: string, saves: number): Promise<Latency> {
  const app = await startApp({
    authDatabaseUrl: cluster.url("authenticator", database),
    tokens: TOKENS,
    logger: pino({ level: "silent" }),
    host: "127.0.0.1",
    port: 0,
    graphiql: false,
    development: false,
  });
  const token = await signToken(TOKENS, { sub: randomUUID(), role: "authenticated", expiresIn: "1h" });
  const authorization = `Bearer ${token}`;
  const ask = async (query: string, variables: object) => {
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { errors } = (await response.json()) as { errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
  };
  const tab = createClient({
    url: `${app.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
  });
  try {
    const id = randomUUID();
    await ask("mutation ($id: UUID!) { startWizardSession(input: { id: $id }) { wizardSession { id } } }", { id });
    const events = tab.iterate<{ wizardSessionChanged: { saveId: string | null } }>({
      query: CHANGED,
      variables: { id },
    });
    await events.next();
    const fromAnswer: number[] = [];
    const fromSending: number[] = [];
    for (let base = 0; base < saves; base++) {
      const saveId = randomUUID();
      const heard = events.next().then(({ value }) => {
        if (value?.data?.wizardSessionChanged.saveId !== saveId) throw new Error("Received an unexpected event.");
        return performance.now();
      });
      const sent = performance.now();
      await ask(SAVE, { id, saveId, base, patch: { basics: { title: `Fête ${base}` } } });
      const answered = performance.now();
      const arrived = await heard;
      fromAnswer.push(arrived - answered);
      fromSending.push(arrived - sent);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return { fromAnswer, fromSending };
  } finally {
    await tab.dispose();
    await app.stop();
  }
}
