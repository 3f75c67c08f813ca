// How others find the gateway, done by the broker: what Tailscale publishes, and what is announced on the local network.
// Neither may cost anything else: where it fails the gateway serves on, and the status says why and what to do.
import { LoricaError } from "./base/errors.ts";
import { limits } from "./base/limits.ts";
import type { Log } from "./audit/audit.ts";
import type { Clock } from "./base/clock.ts";
import { runProgram } from "./broker/broker.ts";
import type { GatewayStart } from "./build-gateway.ts";
import type { Config } from "./config/config.ts";
import { createIdentities, createTailscale, findProgram } from "./network/network.ts";
import type { Publication, RunProgram, Tailscale } from "./network/network.ts";
import type { OwnerStatus } from "./protocol/owner-methods.ts";

type Network = NonNullable<OwnerStatus["network"]>;
type Parameters = Readonly<Record<string, unknown>>;

export type NetworkDeps = {
  /** The owner's, in which `tailscale` is looked for. */
  readonly searchPath: string | undefined;
  readonly config: () => Config;
  readonly clock: Clock;
  readonly log: Log;
};

export type NetworkSide = {
  /** Begins what the config asks for, once the gateway serves at this port. */
  start(port: number, onPublished: () => Promise<void>): void;
  status(): Network;
  published(): GatewayStart["published"];
  /** The address of the page on the tailnet. */
  url(): string | undefined;
  readonly answers: Readonly<Record<string, (params: Parameters) => Promise<unknown>>>;
  /** Takes back what is to be taken back. */
  stop(): Promise<void>;
};

export function createNetworkSide(deps: NetworkDeps): NetworkSide {
  const ending = new AbortController();
  const tailscale = createTailscale(runnerOf(deps.searchPath));
  const identities = createIdentities(tailscale, deps.clock.now, ending.signal);
  const publishing = createPublishing({ ...deps, tailscale });

  return {
    start: (port, onPublished) => publishing.start(port, onPublished, ending.signal),
    status: () => ({ ...publishing.status() }),
    published: publishing.published,
    url: publishing.url,
    answers: {
      async "tailscale.whois"({ address }) {
        if (!deps.config().gateway.auth.allowTailscale)
          throw new LoricaError("forbidden", "the config does not let anybody in by Tailscale");
        if (typeof address !== "string" || address.length > 45)
          throw new LoricaError("invalid_request", "an address that is none");
        const user = await identities.loginOf(address);
        return user === undefined ? {} : { user };
      },
    },
    async stop() {
      ending.abort();
      await publishing.stop();
    },
  };
}

/** Looked for at the first call, and then kept. */
function runnerOf(searchPath: string | undefined): RunProgram {
  let file: string | undefined;
  return async (args, signal) => {
    file ??= findProgram("tailscale", searchPath);
    if (file !== undefined) return await runProgram(file, args, signal);
    throw new LoricaError(
      "unavailable",
      "there is no `tailscale` on the PATH; install it: https://tailscale.com/download",
    );
  };
}

type Publishing = {
  start(port: number, onPublished: () => Promise<void>, signal: AbortSignal): void;
  status(): Pick<Network, "tailscale">;
  published(): GatewayStart["published"];
  url(): string | undefined;
  stop(): Promise<void>;
};

function createPublishing({ config, log, tailscale }: NetworkDeps & { readonly tailscale: Tailscale }): Publishing {
  let wanted: Publication | undefined;
  let name: string | undefined;
  let failure: string | undefined;
  let running: Promise<void> = Promise.resolve();

  const url = (): string | undefined => {
    if (wanted === undefined || name === undefined) return undefined;
    return wanted.httpsPort === 443 ? `https://${name}` : `https://${name}:${wanted.httpsPort}`;
  };

  async function publish(publication: Publication, onPublished: () => Promise<void>, signal: AbortSignal) {
    try {
      name = await tailscale.publish(publication, signal);
      log.info("published through Tailscale", { mode: publication.mode, url: url() });
      await onPublished();
    } catch (error) {
      if (signal.aborted) return;
      failure = error instanceof Error ? error.message : String(error);
      log.error("the gateway is not published through Tailscale and serves this machine only", { err: error });
    }
  }

  return {
    start(port, onPublished, signal) {
      const { mode, httpsPort } = config().gateway.tailscale;
      if (mode === "off") return;
      wanted = { mode, httpsPort, port };
      running = publish(wanted, onPublished, signal);
    },
    status() {
      if (wanted === undefined) return {};
      const state = failure !== undefined ? "failed" : name === undefined ? "starting" : "published";
      return { tailscale: { mode: wanted.mode, state, url: url() ?? null, reason: failure ?? null } };
    },
    published: () => (wanted === undefined || name === undefined ? undefined : { mode: wanted.mode, name }),
    url,
    async stop() {
      await running;
      if (wanted === undefined || name === undefined || !config().gateway.tailscale.resetOnExit) return;
      try {
        await tailscale.withdraw(wanted, AbortSignal.timeout(limits.tailscaleTimeoutMs));
      } catch (error) {
        log.error("Tailscale still publishes this port; take it back with: tailscale serve reset", { err: error });
      }
    },
  };
}
