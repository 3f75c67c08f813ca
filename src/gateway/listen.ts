// Where a door listens.
import type { Server } from "node:net";
import { LoricaError } from "../base/errors.ts";
import type { ListenAddress } from "../network/network.ts";

export type { ListenAddress } from "../network/network.ts";

/**
 * An inherited descriptor in the running system, with what it was bound to; a path or a port where there is nothing to
 * inherit from.
 */
export type ListenTarget =
  | { readonly fd: number; readonly address?: ListenAddress }
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

export function listenOn(server: Server, target: ListenTarget): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (cause: Error): void => reject(new LoricaError("unavailable", "cannot listen", { cause }));
  server.once("error", fail);
  server.listen("fd" in target ? { fd: target.fd } : target, () => {
    server.off("error", fail);
    resolve();
  });
  return promise;
}
