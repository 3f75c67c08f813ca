// What bin.ts starts: the broker, the gateway, or a command that works on the files of a stopped one. Each loads only
// what it needs, because each of them pays for it in memory.
import type { BrokerOptions, Owner } from "./cli/cli.ts";
import type { Environment, StatePaths } from "./config/config.ts";

export async function runBroker(options: BrokerOptions): Promise<void> {
  return (await import("./assembly/start/start-broker.ts")).runBroker(options);
}

export async function runGateway(): Promise<void> {
  return (await import("./assembly/gateway/run-gateway.ts")).runGateway();
}

export async function openOffline(paths: StatePaths, env: Environment): Promise<Owner> {
  return (await import("./open-offline.ts")).openOffline(paths, env);
}

/** Before a start in the background: the one that it saves most is the very first. */
export async function warmUp(place: { readonly codeRoot: string; readonly home: string }, signal: AbortSignal) {
  return (await import("./compile-cache.ts")).warmCompileCache(place, signal);
}

/** Who says to be a gateway on the local network. */
export async function findGateways(codeRoot: string, waitMs: number, signal: AbortSignal) {
  return (await import("./assembly/broker/network/mdns-process.ts")).findGateways(codeRoot, waitMs, signal);
}

export async function compileEverything(): Promise<void> {
  return (await import("./compile-cache.ts")).compileEverything();
}
