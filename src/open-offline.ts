// The owner's methods where no gateway runs: the command line's own, with the vault opened for it.
import { systemClock } from "./base/clock.ts";
import { LoricaError } from "./base/errors.ts";
import { openOffline as open } from "./cli/offline.ts";
import type { Keys } from "./cli/offline.ts";
import type { Owner } from "./cli/cli.ts";
import type { Environment, StatePaths } from "./config/config.ts";
import { createGatewayToken, ensureGatewayToken, gatewayTokenName, openFileVault } from "./vault/vault.ts";

export async function openOffline(paths: StatePaths, env: Environment): Promise<Owner> {
  return open({ paths, env, openKeys: (given) => openKeys(paths, given) });
}

async function openKeys(paths: StatePaths, given: ReadonlyMap<string, string>): Promise<Keys> {
  const vault = await openFileVault({ path: paths.secretsPath, clock: systemClock, given });
  return {
    async set(name, value) {
      const replaced = (await vault.list()).some((secret) => secret.name === name);
      await vault.write(name, value);
      return { replaced };
    },
    list: () => vault.list(),
    remove: (name) => vault.remove(name),
    async showToken() {
      const token = await ensureGatewayToken(vault);
      return { token, source: vault.sourceOf(gatewayTokenName) ?? "vault" };
    },
    async createToken() {
      if (vault.sourceOf(gatewayTokenName) !== "environment") return createGatewayToken(vault);
      const message = "the environment or the config gives the gateway's token; change it there, or remove it first";
      throw new LoricaError("conflict", message);
    },
  };
}
