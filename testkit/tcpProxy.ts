import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy between a program and its database. `cut` closes its connections and the port; `listen` opens it again. */
export function startTcpProxy(target: URL): {
  server: Server;
  cut: () => Promise<void>;
  listen: (port: number) => Promise<number>;
} {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  return {
    server,
    cut: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
    listen: (port) =>
      new Promise((resolve) =>
        server.listen(port, "127.0.0.1", () => {
          const address = server.address();
          resolve(typeof address === "object" && address ? address.port : 0);
        }),
      ),
  };
}
