// Backups where no gateway runs: restoring needs that, and so does the owner's word that another database is the right one.
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { restoreBackup } from "../../backup/backup.ts";
import type { Manifest } from "../../backup/backup.ts";
import { systemClock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { createConfigFile, renderIssues, resolvePaths } from "../../config/config.ts";
import type { Environment, StatePaths } from "../../config/config.ts";
import type { OwnerHandlers } from "../../broker/broker.ts";
import type { backupMethods } from "../../protocol/owner/backup.ts";
import { adoptKey, vaultPlaces } from "../../vault/vault.ts";
import type { SealedVault } from "../../vault/vault.ts";
import { headPath } from "../broker/seal.ts";
import { recordOffline } from "../offline/evidence.ts";
import { createBackupCalls, databaseFiles, identitiesFor } from "./calls.ts";

export type OfflineBackup = Pick<OwnerHandlers, keyof typeof backupMethods>;

export type OfflineBackupDeps = {
  readonly paths: StatePaths;
  readonly env: Environment;
  readonly openVault: () => Promise<SealedVault>;
  /** Runs with the state directory locked. */
  readonly locked: <T>(work: () => Promise<T>) => Promise<T>;
};

export function createOfflineBackup(deps: OfflineBackupDeps): OfflineBackup {
  const { paths, locked } = deps;
  const shared = async () => {
    const config = await loadConfig(paths, deps.env);
    return createBackupCalls({
      paths,
      version: readVersion(),
      now: systemClock.now,
      config: () => config.backup,
      vault: await deps.openVault(),
      withDatabase: async (use) => await use(await databaseFiles(paths)),
    });
  };
  return {
    "backup.create": (order, context) => locked(async () => (await shared())["backup.create"](order, context)),
    async "backup.verify"(order, context) {
      const { verifyBackup } = await import("../../backup/backup.ts");
      const identities = await identitiesFor(order.path, order, await ownVault(deps));
      return await verifyBackup(order.path, identities, context.signal);
    },
    "backup.list": (order, context) => locked(async () => (await shared())["backup.list"](order, context)),
    "backup.restore": (order, context) => restore(deps, order, context.signal),
    "backup.accept": () =>
      locked(async () => {
        await rm(headPath(paths), { force: true });
        recordOffline(paths, undefined, { kind: "backup", actor: "owner", resource: "accept the database as it is" });
        return { accepted: true };
      }),
  };
}

function readVersion(): string {
  const manifest = join(import.meta.dirname, "..", "..", "..", "package.json");
  return (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version;
}

async function loadConfig(paths: StatePaths, env: Environment) {
  const keepSecret = async (): Promise<never> => {
    throw new LoricaError("internal", "a config that is only read keeps no secret");
  };
  const loaded = await createConfigFile({ paths, env, clock: systemClock, keepSecret }).load();
  if (loaded.kind === "loaded") return loaded.config;
  throw new LoricaError("config_invalid", `the config is not valid:\n${renderIssues(loaded.issues)}`);
}

/** A vault is not made only to see whether it opens something. */
async function ownVault({ paths, env, openVault }: OfflineBackupDeps): Promise<SealedVault | undefined> {
  return existsSync(vaultPlaces(paths, env).file) ? await openVault() : undefined;
}

async function restore(
  deps: OfflineBackupDeps,
  { path, to, identity, passphrase }: Parameters<OfflineBackup["backup.restore"]>[0],
  signal: AbortSignal,
): ReturnType<OfflineBackup["backup.restore"]> {
  const { paths, env } = deps;
  const stateDir = to ?? paths.stateDir;
  const identities = await identitiesFor(
    path,
    { identity, passphrase },
    to === undefined ? await ownVault(deps) : undefined,
  );
  const judge = async (folder: string, _manifest: Manifest): Promise<void> => {
    const inside = resolvePaths({
      env: { ...env, OPENCLAW_STATE_DIR: folder, OPENCLAW_CONFIG_PATH: undefined },
      home: paths.home,
    });
    await loadConfig(inside, env);
  };
  const work = async () =>
    await restoreBackup(
      { path, stateDir, identities, now: systemClock.now(), judge },
      AbortSignal.any([signal, AbortSignal.timeout(limits.backupTimeoutMs)]),
    );
  const recorded = async () => {
    const restored = await work();
    if (to === undefined)
      recordOffline(paths, undefined, { kind: "backup", actor: "owner", resource: `restore ${path}` });
    return restored;
  };
  // Where nothing has ever been, there is nothing to lock, and nothing that would have to be put aside.
  const isEmpty = !existsSync(stateDir);
  const restored = isEmpty || to !== undefined ? await recorded() : await deps.locked(recorded);
  const notes: string[] = [];
  if (to === undefined && restored.kind !== "config-only" && identities[0] !== undefined) {
    const keyFile = await adoptKey(vaultPlaces(paths, env), identities[0]);
    if (keyFile !== undefined) notes.push(`the vault's key is at ${keyFile}`);
  }
  if (restored.kind !== "full") notes.push("what this backup does not hold was left as it was");
  return { ...restored, replaced: restored.replaced ?? null, stateDir, notes };
}
