// What the owner asks about backups, with or without a running gateway: only where the database's copy comes from differs.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createBackup, isCloudSynced, keyEnding, listBackups, verifyBackup } from "../../backup/backup.ts";
import type { BackupOrder } from "../../backup/backup.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { replaceFile } from "../../base/replace-file.ts";
import { expandHome } from "../../config/config.ts";
import type { Config, StatePaths } from "../../config/config.ts";
import type { backupMethods, BackupMade } from "../../protocol/owner/backup.ts";
import type { OwnerHandlers } from "../../broker/broker.ts";
import { readIdentityFile } from "../../vault/vault.ts";
import type { SealedVault } from "../../vault/vault.ts";
import { nextRun, readLastRun } from "./runs.ts";

export type BackupDeps = {
  readonly paths: StatePaths;
  readonly version: string;
  readonly now: () => number;
  readonly config: () => Config["backup"];
  readonly vault: SealedVault;
  /** A copy of the database for the time of `use`. */
  readonly withDatabase: <T>(use: (copy: Pick<BackupOrder, "database" | "head">) => Promise<T>) => Promise<T>;
};

type Calls = Pick<OwnerHandlers, keyof typeof backupMethods>;
export type SharedCalls = Pick<Calls, "backup.create" | "backup.verify" | "backup.list">;

export function createBackupCalls(deps: BackupDeps): SharedCalls {
  return {
    "backup.create": (order, { signal }) => create(deps, order, signal),
    async "backup.verify"({ path, ...given }, { signal }) {
      return await verifyBackup(path, await identitiesFor(path, given, deps.vault), signal);
    },
    async "backup.list"({ folder = folderOf(deps) }) {
      const lastRunAt = (await readLastRun(deps.paths)) ?? null;
      const nextRunAt = nextRun(deps.config(), lastRunAt ?? undefined, deps.now()) ?? null;
      return { folder, backups: await listBackups(folder), lastRunAt, nextRunAt };
    },
  };
}

export function folderOf({ paths, config }: Pick<BackupDeps, "paths" | "config">): string {
  const { target } = config();
  return target === undefined ? join(paths.stateDir, "backups") : expandHome(target, paths.home);
}

async function create(
  deps: BackupDeps,
  order: Parameters<Calls["backup.create"]>[0],
  signal: AbortSignal,
): Promise<BackupMade> {
  const { paths, vault, version, now } = deps;
  const { kind = "full", to = folderOf(deps), plain } = order;
  const own = plain ? undefined : vault.status().recipient;
  const others = [...deps.config().recipients, ...(order.recipients ?? [])];
  const recipients = plain ? [] : [...new Set([...(own === undefined ? [] : [own]), ...others])];
  if (recipients.length === 0 && !plain)
    throw new LoricaError("locked", "there is no vault yet whose key a backup could be sealed for; start Lorica once");
  const synced = await isCloudSynced(to);
  const base = { stateDir: paths.stateDir, folder: to, kind, recipients, version, now: now() };
  const made = await deps.withDatabase(async ({ database, head }) => {
    const isWhole = kind === "full";
    const instead = new Map<string, string>();
    if (isWhole && head !== undefined) instead.set("credentials/database-head.json", `${JSON.stringify(head)}\n`);
    const state = isWhole ? { database, head } : { database: new Map<string, string>() };
    return await createBackup(
      { ...base, ...state, instead },
      AbortSignal.any([signal, AbortSignal.timeout(limits.backupTimeoutMs)]),
    );
  });
  const opensWith = plain ? null : await keepKeyBeside(deps, made.path);
  return { ...made, kind, recipients, opensWith, warnings: warningsOf({ synced, plain, paths, made, to }) };
}

/** A key behind a passphrase is of no use without the sealed key itself, which must not be inside only. */
async function keepKeyBeside({ paths, vault }: BackupDeps, path: string): Promise<string | null> {
  const { identity, keyFile } = vault.status();
  if (identity === "systemd-credential") return "the service's credential lorica-vault-key";
  const wrapped = join(paths.credentials, "vault-key.age");
  if (identity !== "passphrase" || !existsSync(wrapped)) return keyFile ?? null;
  const beside = path + keyEnding;
  await replaceFile(beside, await readFile(wrapped));
  return `${beside} and your passphrase`;
}

function warningsOf(about: {
  readonly synced: string | undefined;
  readonly plain: true | undefined;
  readonly paths: StatePaths;
  readonly made: { readonly skipped: readonly string[] };
  readonly to: string;
}): readonly string[] {
  const { synced, plain, paths, made, to } = about;
  const copied = `${to} is inside ${synced}, which copies it to other machines`;
  return [
    ...(plain
      ? ["it is not sealed: whoever gets the file reads everything but what the vault and the database seal"]
      : []),
    ...(synced !== undefined
      ? [plain ? `${copied}, in plain` : `${copied}; it is sealed, and its size and dates are not`]
      : []),
    ...(to === join(paths.stateDir, "backups") || dirname(to) === paths.stateDir
      ? ["it is on the same disk as what it is a copy of: take it elsewhere"]
      : []),
    ...(made.skipped.length > 0
      ? [`${made.skipped.length} links or special files are not in it: ${made.skipped.slice(0, 3).join(", ")}`]
      : []),
  ];
}

/** The keys to try: the one that is named, the one beside the backup, and the vault's own. */
export async function identitiesFor(
  path: string,
  given: { readonly identity?: string | undefined; readonly passphrase?: string | undefined },
  vault: Pick<SealedVault, "identity" | "status"> | undefined,
): Promise<readonly string[]> {
  if (!path.endsWith(".age")) return [];
  const own = vault !== undefined && vault.status().state === "open" ? [vault.identity()] : [];
  const beside = path + keyEnding;
  const file = given.identity ?? (given.passphrase !== undefined && existsSync(beside) ? beside : undefined);
  const named = file === undefined ? [] : [await readIdentityFile(file, given.passphrase)];
  if (named.length + own.length > 0) return [...named, ...own];
  const how = existsSync(beside)
    ? "its passphrase opens the key beside it"
    : "give the key that opens it: --identity FILE";
  throw new LoricaError("locked", `there is no open vault here that could open the backup; ${how}`);
}

/** The database's files as they lie there, for the time in which no gateway has them open. */
export async function databaseFiles({ database }: StatePaths): Promise<Pick<BackupOrder, "database" | "head">> {
  const names = ["", "-wal"].filter((ending) => existsSync(database + ending));
  return { database: new Map(names.map((ending) => [`state/lorica.sqlite${ending}`, database + ending])) };
}
