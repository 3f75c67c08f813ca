// What the gateway process is started with: its folders, its program and its sockets, as far as the config and the paths
// say them. Nothing here needs a secret, so it can be started while the vault is still being opened.
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { nodeFlags } from "../../base/limits.ts";
import type { BrokerOptions as CreateBrokerOptions } from "../../broker/create-broker.ts";
import { launchGateway } from "../../broker/gateway/launch.ts";
import type { Launched } from "../../broker/gateway/launch.ts";
import { firstConfinement } from "../../broker/gateway/process.ts";
import { findBwrap } from "../../broker/spawn.ts";
import type { BrokerOptions } from "../../cli/cli.ts";
import { compileCacheFolder } from "../../compile-cache.ts";
import type { Config } from "../../config/config.ts";
import { listenAddresses } from "../../network/network.ts";

export type GatewayProgram = Pick<CreateBrokerOptions, "folders" | "bwrap" | "argv">;

export function gatewayProgram({ paths, codeRoot }: Pick<BrokerOptions, "paths" | "codeRoot">): GatewayProgram {
  const folder = compileCacheFolder();
  const cache = folder === undefined ? [] : [folder];
  const { credentials, configPath, run, workspace, logs, watchdog, incident } = paths;
  return {
    folders: {
      code: codeRoot,
      node: realpathSync(process.execPath),
      readable: cache,
      writable: [paths.state, paths.media, paths.agents],
      // Also where a folder above is shown.
      hidden: [credentials, configPath, run, workspace, logs, watchdog, incident],
    },
    bwrap: findBwrap(),
    argv: [...nodeFlags, join(codeRoot, "lorica.mjs"), "gateway-child", ...cache],
  };
}

/** A gateway that loads its program while the broker loads the rest of its own. Whoever takes it ends it. */
export type EarlyGateway = {
  /** Undefined where it could not be started: the start proper then says why. */
  take(): Promise<Launched | undefined>;
  /** Ends what nobody took. */
  end(): Promise<void>;
};

/** Only a confined one: a host that cannot confine is told so by the start proper. */
export function launchEarly(options: BrokerOptions, config: Config): EarlyGateway {
  const program = gatewayProgram(options);
  const confinement = firstConfinement(program.bwrap);
  const { gatewaySocket: socketPath } = options.paths;
  const launching =
    confinement.kind === "bwrap"
      ? launchGateway({ ...program, confinement, socketPath, listen: listenAddresses(config) }).catch(() => undefined)
      : Promise.resolve(undefined);
  let isTaken = false;
  return {
    async take() {
      isTaken = true;
      return await launching;
    },
    async end() {
      const launched = await launching;
      if (isTaken || launched === undefined) return;
      launched.kill();
      await launched.exited;
    },
  };
}
