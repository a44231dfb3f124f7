import type { WebSocket } from "ws";

const sending = new WeakMap<object, Promise<void>>();

/** Settled when all of it has been written out. Whoever takes longer than that to read it is cut off. */
export function send(socket: WebSocket, data: string, timeoutMs: number): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => socket.terminate(), timeoutMs);
  socket.send(data, (error) => {
    clearTimeout(timer);
    if (error) reject(error);
    else resolve();
  });
  sending.set(
    socket,
    promise.catch(() => {}),
  );
  return promise;
}

/** Waits until what the socket was sent last is written out, or the socket is gone. */
export async function whenSent(socket: object): Promise<void> {
  await sending.get(socket);
}
