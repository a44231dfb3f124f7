import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../userError.ts";

/**
 * Starts to listen, and returns the server's URL.
 * @throws {UserError} when the address can't be used.
 */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const advice = {
        EADDRINUSE: `Port ${port} on ${host} is in use. Set PORT to another port, or stop the program that uses it.`,
        EACCES: `Permission denied for port ${port}. Set PORT to a port above 1023.`,
        EADDRNOTAVAIL: `${host} is not an address of this machine. Set HOST to one that is.`,
        ENOTFOUND: `HOST ${host} can't be resolved.`,
      }[error.code ?? ""];
      reject(advice ? new UserError(advice, { cause: error }) : error);
    });
    server.listen(port, host, resolve);
  });
  const { address, family, port: actualPort } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${actualPort}`;
}
