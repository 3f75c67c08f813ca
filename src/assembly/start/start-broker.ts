// The first of the broker: the state directory, its config and its lock. Then the gateway's process is started, and loads
// its program while this one loads the rest of its own.
import { systemClock } from "../../base/clock.ts";
import type { BrokerOptions } from "../../cli/cli.ts";
import { listAgents, lockMeetingDir, lockStateDir, prepareStateDir } from "../../config/config.ts";
import type { Config, Sealing, StatePaths } from "../../config/config.ts";
import { forbidCoreDumps } from "../../broker/harden.ts";
import { finishBegunRestore } from "../backup/begun.ts";
import { createConfigKeeper } from "../broker/config-keeper.ts";
import { openStarts } from "../broker/watchdog/starts.ts";
import type { SealedVault } from "../../vault/vault.ts";
import { launchEarly } from "./gateway-program.ts";

/** Runs until it is told to stop. Resolves when everything that it started has ended. */
export async function runBroker(options: BrokerOptions): Promise<void> {
  const { paths } = options;
  // Inherited by all that is started later, and so the first thing that happens.
  const cores = forbidCoreDumps();
  await finishBegunRestore(paths.stateDir);
  const prepared = await prepareStateDir(paths);
  // The vault looks at what the config gives first, so the config is read before the vault that it may write to.
  const vaultOpen = Promise.withResolvers<SealedVault>();
  const keepSecret = async (name: string, value: string): Promise<void> => (await vaultOpen.promise).write(name, value);
  const keeping = { keepSecret, sealing: sealingFor(options, vaultOpen.promise) };
  const { keeper, starts } = await openStarts({ ...options, sealing: keeping.sealing }, () =>
    createConfigKeeper(options, keeping),
  );
  const lock = await lockFor(keeper.config(), paths);
  try {
    await keeper.begin();
    const notes = await cores;
    const early = launchEarly(options, keeper.config());
    try {
      const { buildBroker } = await import("../broker/build-broker.ts");
      await buildBroker({ options, keeper, prepared, notes, vaultOpen, keeping, early, starts });
    } finally {
      await early.end();
    }
  } finally {
    lock.release();
  }
}

/** What was edited while nothing ran is put aside before the vault is open. */
function sealingFor({ paths, env }: BrokerOptions, opened: Promise<SealedVault>): Sealing {
  let running: SealedVault | undefined;
  void opened.then((vault) => {
    running = vault;
  });
  const sealer = async () => {
    const [{ createEditSealer }, { openVault, vaultPlaces }] = await Promise.all([
      import("../../vault/edits/edits.ts"),
      import("../../vault/vault.ts"),
    ]);
    const places = vaultPlaces(paths, env);
    const openForNow = () => openVault({ places, clock: systemClock, given: new Map() });
    return createEditSealer({ places, running: () => running, openVault: openForNow });
  };
  return {
    seal: async (plain) => (await sealer()).seal(plain),
    open: async (sealed) => (await sealer()).open(sealed),
  };
}

async function lockFor(config: Config, paths: StatePaths): Promise<{ release(): void }> {
  return lockStateDir({
    stateDir: paths.stateDir,
    configPath: paths.configPath,
    workspaces: listAgents(config, paths).map((agent) => agent.workspace),
    port: config.gateway.port,
    meetingDir: lockMeetingDir(paths.home),
  });
}
