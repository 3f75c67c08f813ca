// How others find the gateway, done by the broker: what Tailscale publishes, and what is announced on the local network.
// Neither may cost anything else: where it fails the gateway serves on, and the status says why and what to do.
import { join } from "node:path";
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import type { Log } from "../../../audit/audit.ts";
import type { Clock } from "../../../base/clock.ts";
import { runProgram } from "../../../broker/broker.ts";
import type { GatewayStart } from "../../gateway/current.ts";
import type { Config } from "../../../config/config.ts";
import { readVariable } from "../../../config/environment.ts";
import type { Environment } from "../../../config/environment.ts";
import { startAnnouncing } from "./mdns-process.ts";
import type { Announcing } from "./mdns-process.ts";
import type { BrokerSide } from "../side.ts";
import { decideMdns, describeGateway, lookAround } from "../../../network/mdns/mdns.ts";
import { createIdentities, createTailscale, findProgram } from "../../../network/tailscale/tailscale.ts";
import type { ListenAddress, Publication, RunProgram, Tailscale } from "../../../network/network.ts";
import type { OwnerStatus } from "../../../protocol/owner-methods.ts";

type Network = NonNullable<OwnerStatus["network"]>;

export type NetworkDeps = {
  /** The owner's: `tailscale` is looked for on its PATH. */
  readonly env: Environment;
  readonly codeRoot: string;
  readonly tlsFingerprint: () => string | undefined;
  readonly config: () => Config;
  readonly clock: Clock;
  readonly log: Log;
};

export type NetworkSide = Pick<Required<BrokerSide>, "answers" | "start" | "stop"> & {
  status(): Network;
  published(): GatewayStart["published"];
  /** The address of the page on the tailnet. */
  url(): string | undefined;
};

export function createNetworkSide(deps: NetworkDeps): NetworkSide {
  const ending = new AbortController();
  const tailscale = createTailscale(runnerOf(deps.env["PATH"]));
  const identities = createIdentities(tailscale, deps.clock.now, ending.signal);
  const publishing = createPublishing({ ...deps, tailscale });
  const announcing = createAnnouncing(deps);

  return {
    start(broker) {
      const { listening } = broker.status();
      const [address] = listening;
      if (address === undefined) return;
      // The announcement names the tailnet's name, so it comes second; a Tailscale that takes its time holds up nothing else.
      const published = publishing.start(address.port, () => broker.configure(), ending.signal);
      void published.then(() => ending.signal.aborted || announcing.start(listening, publishing.published()?.name));
    },
    status: () => ({ ...publishing.status(), mdns: announcing.status() }),
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
      await Promise.all([publishing.stop(), announcing.stop()]);
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
  start(port: number, onPublished: () => Promise<void>, signal: AbortSignal): Promise<void>;
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
    async start(port, onPublished, signal) {
      const { mode, httpsPort } = config().gateway.tailscale;
      if (mode === "off") return;
      wanted = { mode, httpsPort, port };
      running = publish(wanted, onPublished, signal);
      await running;
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

type Announcer = {
  start(listening: readonly ListenAddress[], tailnetName: string | undefined): void;
  status(): Network["mdns"];
  stop(): Promise<void>;
};

function createAnnouncing({ config, env, codeRoot, tlsFingerprint, log }: NetworkDeps): Announcer {
  let running: Announcing | undefined;
  let offBecause: string | null = "not decided yet";
  let isStopping = false;

  function begin(listening: readonly ListenAddress[], tailnetName: string | undefined): void {
    const { mode, hostName } = config().discovery.mdns;
    const isDisabled = readVariable(env, "DISABLE_BONJOUR") === "1";
    const decision = decideMdns(mode, listening, lookAround(isDisabled));
    if (decision.kind === "off" || mode === "off") {
      offBecause = decision.kind === "off" ? decision.because : null;
      return;
    }
    const announcement = describeGateway({
      mode,
      hostName,
      tailnetName,
      port: listening[0]?.port ?? config().gateway.port,
      tlsFingerprint: tlsFingerprint(),
      cliPath: join(codeRoot, "lorica"),
      interfaces: decision.interfaces,
    });
    running = startAnnouncing(codeRoot, announcement);
    offBecause = null;
    void running.ended.then((reason) => {
      if (isStopping) return;
      offBecause = `it failed: ${reason || "it ended"}`;
      log.warn("the gateway is not announced on the local network any more", { reason });
    });
  }

  return {
    start(listening, tailnetName) {
      try {
        begin(listening, tailnetName);
      } catch (error) {
        offBecause = `it failed: ${error instanceof Error ? error.message : String(error)}`;
        log.warn("the gateway is not announced on the local network", { err: error });
      }
    },
    status() {
      const { mode } = config().discovery.mdns;
      return { mode, offBecause };
    },
    async stop() {
      isStopping = true;
      await running?.stop();
    },
  };
}
