// From a name that was allowed to a connection: resolved here and only now, every address judged, and the one that was
// judged dialled. A name cannot mean one thing to the judge and another to the socket.
import type { Socket } from "node:net";
import { errnoOf } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { checkAddress } from "../../network/network.ts";
import type { Reach } from "../../network/network.ts";
import type { ProxyDeps, Refusal } from "./way.ts";
import { refusalOf } from "./way.ts";

export type Addresses =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  | { readonly kind: "refused"; readonly refusal: Refusal };

const addressesMax = 4;

/**
 * A lookup holds one of the few threads that this process reads its files with, for as long as a name server lets it wait.
 * Cells may hold some of them, and wait for each other.
 */
export function fewAtOnce(resolve: ProxyDeps["resolve"]): ProxyDeps["resolve"] {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (host) => {
    if (running >= limits.egressLookupsMax) {
      if (waiting.length >= limits.egressConnectionsMax) throw Object.assign(new Error("too many"), { code: "EBUSY" });
      await new Promise<void>((go) => waiting.push(go));
    } else running += 1;
    try {
      return await resolve(host);
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

export async function findAddresses(deps: ProxyDeps, host: string, reach: Reach): Promise<Addresses> {
  let found: readonly string[];
  try {
    found = await deps.resolve(host);
  } catch (cause) {
    const errno = errnoOf(cause) ?? "unknown error";
    return { kind: "refused", refusal: refusalOf("resolve", `the name ${host} cannot be resolved (${errno})`) };
  }
  const verdicts = found.map((address) => checkAddress(address, reach));
  const addresses = found.filter((_, at) => verdicts[at]?.ok === true).slice(0, addressesMax);
  if (addresses.length > 0) return { kind: "addresses", addresses };
  const reasons = verdicts.flatMap((verdict) => (verdict.ok ? [] : [verdict.reason]));
  return { kind: "refused", refusal: refusalOf("address", `${host} may not be dialled: ${reasons.join("; ")}`) };
}

/** The first of them that accepts. Undefined where none does. */
export async function dial(
  { connect }: ProxyDeps,
  addresses: readonly string[],
  port: number,
): Promise<Socket | undefined> {
  for (const address of addresses) {
    const socket = connect(address, port);
    if (await hasConnected(socket)) return socket;
    socket.destroy();
  }
  return undefined;
}

async function hasConnected(socket: Socket): Promise<boolean> {
  return await new Promise((resolve) => {
    socket.setTimeout(limits.egressDialTimeoutMs, () => resolve(false));
    socket.once("connect", () => {
      socket.setTimeout(0);
      resolve(true);
    });
    // Stays for good: what breaks later is seen as the end of the connection.
    socket.on("error", () => resolve(false));
  });
}
