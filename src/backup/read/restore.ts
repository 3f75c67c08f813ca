// Puts a backup back. It is read and held against its hashes beside the state directory first; only what is whole takes the
// old one's place, which is kept. What is to be done is written down before it is begun, so that a restore which is killed
// is finished by the next command, whatever it is.
import { existsSync } from "node:fs";
import { chmod, mkdir, open, readdir, readFile, rename, rm, statfs } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { replaceFile } from "../../base/replace-file.ts";
import type { BackupKind, Manifest } from "../manifest.ts";
import { isCarried, ofThisMachine } from "../write/collect.ts";
import { readEntries } from "./entries.ts";
import type { Sink } from "./entries.ts";
import { syncFolder } from "../../base/replace-file.ts";

export type RestoreOrder = {
  readonly path: string;
  readonly stateDir: string;
  readonly identities: readonly string[];
  readonly now: number;
  /** Looks at what was unpacked, and throws where it must not be used. */
  readonly judge: (folder: string, manifest: Manifest) => Promise<void>;
};

export type RestoredBackup = {
  readonly kind: BackupKind;
  readonly createdAt: string;
  readonly files: number;
  /** Where what was there before is kept; undefined where there was nothing. */
  readonly replaced: string | undefined;
};

export async function restoreBackup(order: RestoreOrder, signal: AbortSignal): Promise<RestoredBackup> {
  const { stateDir, now } = order;
  const parent = dirname(stateDir);
  await mkdir(parent, { recursive: true });
  await removeOldStaging(stateDir);
  const staging = `${stateDir}${stagingMark}${newId()}`;
  const disk = await statfs(parent);
  const bytesMax = Math.max(0, disk.bavail * disk.bsize - limits.diskFreeMinBytes);
  try {
    await mkdir(staging, { mode: 0o700 });
    const manifest = await readEntries(order.path, { ...order, sink: createSink(staging), bytesMax }, signal);
    await order.judge(staging, manifest);
    const { kind, createdAt, files } = manifest;
    const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const replaced = existsSync(stateDir) ? `${stateDir}.replaced-${time}` : undefined;
    if (kind === "config-only") await replaceOneByOne(order, staging, manifest);
    else await swap(stateDir, { staging: basename(staging), replaced: `${basename(stateDir)}.replaced-${time}`, kind });
    return { kind, createdAt, files: files.length, replaced: kind === "config-only" ? undefined : replaced };
  } finally {
    if (!existsSync(journalOf(stateDir))) await rm(staging, { recursive: true, force: true });
  }
}

const stagingMark = ".restoring-";

/** Unpacked by a restore that was killed before it had changed anything. */
async function removeOldStaging(stateDir: string): Promise<void> {
  const begins = `${basename(stateDir)}${stagingMark}`;
  for (const name of await readdir(dirname(stateDir)))
    if (name.startsWith(begins)) await rm(join(dirname(stateDir), name), { recursive: true, force: true });
}

/** Everything in it belongs to this user alone, whatever the archive says of it. */
function createSink(folder: string): Sink {
  let file: FileHandle | undefined;
  return {
    async begin(path, _size, isProgram) {
      const target = join(folder, path);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      file = await open(target, "wx", isProgram ? 0o700 : 0o600);
    },
    async write(chunk) {
      await file?.writeFile(chunk);
    },
    async end() {
      await file?.sync();
      await file?.close();
      file = undefined;
    },
    async close() {
      await file?.close();
      file = undefined;
    },
  };
}

/** Of a config-only backup each file takes the place of one, and the one before is kept beside it. */
async function replaceOneByOne({ stateDir }: RestoreOrder, staging: string, { files }: Manifest): Promise<void> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  for (const { path } of files) {
    const target = join(stateDir, path);
    if (existsSync(target)) {
      await replaceFile(`${target}.before-restore`, await readFile(target));
      await chmod(`${target}.before-restore`, 0o600);
    }
    await replaceFile(target, await readFile(join(staging, path)));
  }
}

const journalSchema = z.strictObject({
  staging: z.string().regex(/^[^/]+$/),
  replaced: z.string().regex(/^[^/]+$/),
  kind: z.enum(["full", "no-transcripts"]),
});
type Journal = z.infer<typeof journalSchema>;

function journalOf(stateDir: string): string {
  return `${stateDir}.restore.json`;
}

async function swap(stateDir: string, journal: Journal): Promise<void> {
  await replaceFile(journalOf(stateDir), JSON.stringify(journal));
  await finishRestore(stateDir);
}

/** Finishes a restore that was begun; every step of it may have been done already. False where none was. */
export async function finishRestore(stateDir: string): Promise<boolean> {
  const journalPath = journalOf(stateDir);
  if (!existsSync(journalPath)) return false;
  const json = parseJson(await readFile(journalPath, "utf8"));
  const journal = json.ok ? journalSchema.safeParse(json.value) : undefined;
  if (journal?.success !== true)
    throw new LoricaError("conflict", `${journalPath} is damaged; look at the folders beside it, then remove it`);
  const parent = dirname(stateDir);
  const [staging, replaced] = [join(parent, journal.data.staging), join(parent, journal.data.replaced)];
  if (existsSync(staging)) {
    if (existsSync(stateDir) && !existsSync(replaced)) await rename(stateDir, replaced);
    // Whatever was made at its place since the kill is newer than nothing and older than the backup: it is put aside.
    if (existsSync(stateDir)) await rename(stateDir, `${replaced}-${newId()}`);
    await rename(staging, stateDir);
  }
  if (existsSync(replaced)) await carry(replaced, stateDir, journal.data.kind);
  await syncFolder(parent);
  await rm(journalPath, { force: true });
  return true;
}

/** What the backup does not hold on purpose comes over from what it replaced. */
async function carry(from: string, to: string, kind: Journal["kind"]): Promise<void> {
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(from, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (isCarried(kind, entry.isDirectory() ? `${path}/` : path)) {
        if (path === "run" || existsSync(join(to, path))) continue;
        await mkdir(dirname(join(to, path)), { recursive: true, mode: 0o700 });
        await rename(join(from, path), join(to, path));
      } else if (entry.isDirectory() && (kind === "no-transcripts" || path === dirname(ofThisMachine)))
        await walk(path);
    }
  };
  await walk("");
}
