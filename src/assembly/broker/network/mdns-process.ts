// Starts the processes that speak to the local network: one announces the gateway, one looks for others. What comes in
// there comes from anybody, so each gets a sandbox with the network and nothing of this machine but its own code.
import type { ChildProcess } from "node:child_process";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { LoricaError } from "../../../base/errors.ts";
import { limits, nodeEnvironment } from "../../../base/limits.ts";
import { findBwrap, startConfined } from "../../../broker/broker.ts";
import { lookAround, mdnsProfile, parseFound } from "../../../network/mdns/mdns.ts";
import type { Announcement, FoundGateway } from "../../../network/network.ts";
import { buildSeccompFilter } from "../../../sandbox/sandbox.ts";

export type Announcing = {
  /** Resolves with the reason once it has ended by itself. */
  readonly ended: Promise<string>;
  /** Takes the announcement back. */
  stop(): Promise<void>;
};

export function startAnnouncing(codeRoot: string, announcement: Announcement): Announcing {
  const { child, kill } = start(codeRoot, "announce.ts", announcement);
  const ended = endOf(child);
  return {
    ended,
    async stop() {
      child.stdin?.end();
      const timer = setTimeout(kill, limits.mdnsGoodbyeMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Who says to be a gateway on the local network. Anybody can say so. */
export async function findGateways(
  codeRoot: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<readonly FoundGateway[]> {
  const addresses = lookAround(false)
    .interfaces.map(({ address }) => address)
    .filter((address) => !address.includes(":"));
  const { child, kill } = start(codeRoot, "browse.ts", { waitMs, addresses });
  signal.addEventListener("abort", kill, { once: true });
  const timer = setTimeout(kill, waitMs + limits.mdnsGoodbyeMs);
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (said.length < limits.mdnsOutputMaxChars) said += text;
  });
  const end = await endOf(child);
  clearTimeout(timer);
  signal.removeEventListener("abort", kill);
  signal.throwIfAborted();
  if (end !== "") throw new LoricaError("unavailable", `the local network could not be asked: ${end}`);
  return said.split("\n").flatMap((line) => parseFound(line) ?? []);
}

function start(codeRoot: string, entry: string, told: object): ReturnType<typeof startConfined> {
  const bwrap = findBwrap();
  if (bwrap === undefined)
    throw new LoricaError("unavailable", "without bubblewrap nothing is started that listens to the local network");
  const profile = mdnsProfile({ codeRoot, node: realpathSync(process.execPath), environment: nodeEnvironment });
  const spawned = startConfined({
    bwrap,
    profile: ["--seccomp", "3", ...profile],
    argv: [realpathSync(process.execPath), join(codeRoot, "src/network/mdns", entry), JSON.stringify(told)],
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  const filter = spawned.child.stdio[3];
  if (!(filter instanceof Writable)) throw new LoricaError("internal", "the filter has no descriptor");
  for (const stream of [filter, spawned.child.stdin]) stream?.on("error", () => undefined);
  filter.end(buildSeccompFilter(process.arch));
  return spawned;
}

/** Empty where it ended as it should. */
function endOf(child: ChildProcess): Promise<string> {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(0, 1_000)));
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("error", (error) => resolve(error.message));
  child.once("close", (code) => resolve(code === 0 ? "" : said.split("\n")[0] || `it ended with ${code}`));
  return promise;
}
