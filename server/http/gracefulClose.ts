import type { Server, ServerResponse } from "node:http";

const TIMEOUT_MS = 10_000;
const CLOSE_IDLE_EVERY_MS = 50;

/**
 * Makes a function that stops accepting requests and waits for those in progress, up to a timeout. Event streams at
 * `eventStreamPath` are cut instead, because they last as long as GraphiQL is open.
 */
export function makeGracefulClose(server: Server, eventStreamPath: string): () => Promise<void> {
  const eventStreams = new Set<ServerResponse>();
  server.on("request", (request, response) => {
    if (request.url?.split("?")[0] !== eventStreamPath) return;
    eventStreams.add(response);
    response.on("close", () => eventStreams.delete(response));
  });
  return () =>
    new Promise((resolve) => {
      for (const stream of eventStreams) stream.destroy();
      const timeout = setTimeout(() => server.closeAllConnections(), TIMEOUT_MS);
      // Node keeps a connection alive after its response even while the server closes.
      const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
      server.close(() => {
        clearTimeout(timeout);
        clearInterval(idle);
        resolve();
      });
    });
}
