// Publishes the gateway through Tailscale, takes that back, and asks who is behind an address. All of it through the
// `tailscale` program: arguments only, no shell, and nothing is believed to have happened before it was read back.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import { parsePublished, parseTailnetName, parseWhois, plain, tailnetAddresses } from "./read.ts";
import type { Published } from "./read.ts";

export { findProgram } from "./find-program.ts";
export { createIdentities } from "./whois.ts";

/** What came of a program that was run. `code` is null where it was ended because its time was up. */
export type ProgramRun = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type RunProgram = (args: readonly string[], signal: AbortSignal) => Promise<ProgramRun>;

export type Publication = {
  /** `serve` is for the tailnet's people, `funnel` for the whole internet. */
  readonly mode: "serve" | "funnel";
  readonly httpsPort: number;
  /** The port on the loopback that it leads to. */
  readonly port: number;
};

export type Tailscale = {
  /** Answers with the name under which the gateway can be reached. Throws with what a person must do about it. */
  publish(publication: Publication, signal: AbortSignal): Promise<string>;
  /** Takes back what `publish` set, and nothing that leads elsewhere. False where there was nothing of ours. */
  withdraw(publication: Publication, signal: AbortSignal): Promise<boolean>;
  /** The login of whoever is behind an address of the tailnet; undefined where the daemon knows nobody. */
  whois(address: string, signal: AbortSignal): Promise<string | undefined>;
};

export function createTailscale(run: RunProgram): Tailscale {
  const ask = (args: readonly string[], signal: AbortSignal): Promise<ProgramRun> =>
    run(args, bounded(signal, limits.tailscaleTimeoutMs));

  async function told(args: readonly string[], signal: AbortSignal): Promise<string> {
    const done = await ask(args, signal);
    if (done.code === 0) return done.stdout;
    throw failure(args, done);
  }

  async function nameOf(signal: AbortSignal): Promise<string> {
    const name = parseTailnetName(await told(["status", "--json"], signal));
    if (name.ok) return name.value;
    throw new LoricaError("unavailable", `${name.reason}. Connect it: tailscale up`);
  }

  async function lookAt(name: string, httpsPort: number, signal: AbortSignal): Promise<Published> {
    return parsePublished(await told(["serve", "status", "--json"], signal), name, httpsPort);
  }

  async function takeBack({ mode, httpsPort }: Publication, signal: AbortSignal): Promise<void> {
    await told([mode, `--https=${httpsPort}`, "off"], signal);
  }

  return {
    async publish(publication, signal) {
      const { mode, httpsPort } = publication;
      const name = await nameOf(signal);
      const target = targetOf(publication);
      const before = await lookAt(name, httpsPort, signal);
      if (!isFree(before, target)) throw occupied(name, httpsPort, before);
      await told([mode, "--bg", `--https=${httpsPort}`, target], signal);
      const after = await lookAt(name, httpsPort, signal);
      const isAsWanted = after.kind === "proxy" && after.target === target && after.isPublic === (mode === "funnel");
      if (isAsWanted) return name;
      // More than was asked for may be open now, so it is closed whole.
      await takeBack(publication, signal);
      throw new LoricaError(
        "unavailable",
        `Tailscale did not publish what it was told to, so it was taken back; see: tailscale serve status`,
      );
    },
    async withdraw(publication, signal) {
      const name = await nameOf(signal);
      const there = await lookAt(name, publication.httpsPort, signal);
      if (there.kind !== "proxy" || there.target !== targetOf(publication)) return false;
      await takeBack(publication, signal);
      return true;
    },
    async whois(address, signal) {
      // Whatever else stands in that header is no address that its daemon could know, and might be an option to it.
      if (!tailnetAddresses.has(address)) return undefined;
      const done = await ask(["whois", "--json", address], signal);
      return done.code === 0 ? parseWhois(done.stdout) : undefined;
    },
  };
}

function targetOf({ port }: Publication): string {
  return `127.0.0.1:${port}`;
}

/** A publication that a killed gateway left behind is its successor's. */
function isFree(there: Published, target: string): boolean {
  return there.kind === "nothing" || (there.kind === "proxy" && there.target === target);
}

function occupied(name: string, httpsPort: number, there: Published): LoricaError {
  const what = there.kind === "proxy" ? plain(there.target) : "something else";
  return new LoricaError(
    "unavailable",
    `https://${name}:${httpsPort} already leads to ${what}. Set another gateway.tailscale.httpsPort, or free it: tailscale serve --https=${httpsPort} off`,
  );
}

/** The program waits for an answer of its owner's where a feature is not switched on, and says where that is done. */
function failure(args: readonly string[], { code, stdout, stderr }: ProgramRun): LoricaError {
  const said = `${stdout}\n${stderr}`;
  const call = `tailscale ${args[0] ?? ""}`;
  const link = /https:\/\/login\.tailscale\.com\/\S{1,300}/.exec(said)?.[0];
  if (link !== undefined)
    return new LoricaError(
      "unavailable",
      `${call} is not switched on for this tailnet; switch it on at ${plain(link)}`,
    );
  if (/access denied|operator|permission denied/i.test(said))
    return new LoricaError(
      "unavailable",
      `${call} is not allowed to this user; allow it: sudo tailscale set --operator=$USER`,
    );
  if (code === null)
    return new LoricaError(
      "timeout",
      `${call} did not answer within ${limits.tailscaleTimeoutMs / 1_000} s; is tailscaled running?`,
    );
  const [first = ""] = (stderr.trim() || stdout.trim()).split("\n");
  return new LoricaError("unavailable", `${call} failed: ${plain(first) || `exit code ${code}`}`);
}
