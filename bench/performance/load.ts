// The load generator, a process of its own. loadProcess.ts starts it and tells it what to do.
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";
import { percentile } from "../shared/report.ts";
import type { FromLoad, LoadOptions, ToLoad, Totals, Turn, Window } from "./loadProcess.ts";
import { OPERATIONS, type Operation, type Session } from "./operations.ts";
import { watchSessions } from "./subscribers.ts";

const send = (message: FromLoad) => process.send?.(message);

process.on("message", (message: ToLoad) => {
  if ("start" in message) {
    runTurn = prepare(message.start);
    send("ready");
  } else {
    void runTurn(message.turn);
  }
});

let runTurn: (turn: Turn) => Promise<void>;

function prepare({ url, operation: name, connections, watched, sessions }: LoadOptions) {
  const operation: Operation = OPERATIONS[name];
  // A connection saves its own sessions in turn, so it always knows their revision.
  const clients = Array.from({ length: connections }, (_, number) => {
    const own = sessions.filter((_, index) => index % connections === number);
    return { next: circling(own), http: new Client(url) };
  });

  return async ({ rampSeconds, seconds }: Turn): Promise<void> => {
    const subscribers = watched ? await watchSessions(url, sessions) : undefined;
    const outcomes: Record<string, number> = {};
    let problem: string | undefined;
    let measuring: number[] | undefined;
    let running = true;

    const loops = clients.map(async ({ next, http }) => {
      while (running) {
        const session = next();
        const started = performance.now();
        const { outcome, text } = await request(http, operation, session);
        measuring?.push(performance.now() - started);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (outcome !== operation.expected) {
          problem ??= `${outcome}: ${text.slice(0, 500)}`;
          running = false; // The run has failed.
        }
      }
    });
    await sleep(rampSeconds * 1000);
    const times: number[] = [];
    measuring = times;
    const started = performance.now();
    send("measuring");
    await sleep(seconds * 1000);
    measuring = undefined;
    send({ measured: summary(times, (performance.now() - started) / 1000) });
    running = false;
    await Promise.all(loops);
    const events = (await subscribers?.finish()) ?? { count: 0, problem: undefined };
    const totals: Totals = { outcomes, problem: problem ?? events.problem, events: events.count };
    send({ finished: totals });
  };
}

function circling(sessions: readonly Session[]): () => Session {
  let turn = 0;
  return () => sessions[turn++ % sessions.length] as Session;
}

async function request(
  http: Client,
  operation: Operation,
  session: Session,
): Promise<{ outcome: string; text: string }> {
  try {
    const { statusCode, body } = await http.request({
      method: "POST",
      path: operation.path(session),
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json",
        authorization: `Bearer ${session.token}`,
      },
      body: JSON.stringify(operation.body(session)),
    });
    const text = await body.text();
    return { outcome: statusCode === 200 ? operation.outcome(JSON.parse(text), session) : `HTTP ${statusCode}`, text };
  } catch (error) {
    return { outcome: "no answer", text: String(error) };
  }
}

function summary(times: number[], seconds: number): Window {
  return { seconds, answers: times.length, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}
