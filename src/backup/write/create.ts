// Makes a backup: a tar archive, sealed while it is written, under a name that says it is not whole until it is. At no
// moment is more than a piece of a file in memory, and nothing plain is written anywhere.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Encrypter } from "age-encryption";
import type { TarPackController } from "modern-tar";
import { isMissing, LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { backupName, makeFolder, notWritable, removePartials } from "../folder.ts";
import { manifestName } from "../manifest.ts";
import type { BackupKind, Manifest } from "../manifest.ts";
import { collectFiles } from "./collect.ts";

export type BackupOrder = {
  readonly stateDir: string;
  readonly folder: string;
  readonly kind: BackupKind;
  /** `age1…`; without any the archive is plain. */
  readonly recipients: readonly string[];
  readonly version: string;
  readonly now: number;
  /** The database: path in the backup by where its copy is now. */
  readonly database: ReadonlyMap<string, string>;
  readonly head?: Manifest["head"] | undefined;
  /** Files whose content is not the one on the disk, by path. */
  readonly instead: ReadonlyMap<string, string>;
};

export type CreatedBackup = {
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
  readonly skipped: readonly string[];
};

export async function createBackup(order: BackupOrder, signal: AbortSignal): Promise<CreatedBackup> {
  const { folder, kind, recipients, now } = order;
  await makeFolder(folder);
  await removePartials(folder, now);
  const path = join(folder, backupName(now, kind, recipients.length > 0));
  const partial = join(folder, `.${path.slice(folder.length + 1)}.${newId()}.partial`);
  try {
    const written = await writeWhole(partial, order, signal);
    await rename(partial, path);
    await syncFolder(folder);
    return { path, ...written };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeWhole(path: string, order: BackupOrder, signal: AbortSignal): Promise<Omit<CreatedBackup, "path">> {
  // Loaded here: nobody who makes no backup pays for it.
  const { createTarPacker } = await import("modern-tar");
  const { readable, controller } = createTarPacker();
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    throw notWritable(dirname(path), cause);
  });
  try {
    const sealed = await sealStream(readable, order.recipients);
    const packing = pack(controller, order, signal).catch((error: unknown) => {
      controller.error(error);
      throw error;
    });
    // Whoever fails first is the reason; the other one ends with it.
    packing.catch(() => undefined);
    let bytes = 0;
    for await (const chunk of sealed) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
      bytes += chunk.length;
    }
    const manifest = await packing;
    await file.sync();
    return { bytes, files: manifest.files.length, skipped: manifest.skipped };
  } finally {
    await file.close();
  }
}

async function sealStream(
  plain: ReadableStream<Uint8Array>,
  recipients: readonly string[],
): Promise<ReadableStream<Uint8Array>> {
  if (recipients.length === 0) return plain;
  const age = await import("age-encryption");
  const encrypter: Encrypter = new age.Encrypter();
  for (const recipient of recipients) addRecipient(encrypter, recipient);
  return await encrypter.encrypt(plain);
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new LoricaError("invalid_request", `not a recipient: ${recipient.slice(0, 80)}. They look like age1…`, {
      cause,
    });
  }
}

async function pack(controller: TarPackController, order: BackupOrder, signal: AbortSignal): Promise<Manifest> {
  const { stateDir, kind, version, now, database, head, instead } = order;
  const { files, skipped } = await collectFiles(stateDir, kind);
  const listed: Manifest["files"][number][] = [];
  const add = async (path: string, source: string): Promise<void> => {
    signal.throwIfAborted();
    const text = instead.get(path);
    const done = text === undefined ? await packFile(controller, path, source) : await packText(controller, path, text);
    if (done !== undefined) listed.push({ path, ...done });
  };
  for (const path of files) await add(path, join(stateDir, path));
  for (const path of instead.keys()) if (!files.includes(path)) await add(path, "");
  for (const [path, source] of database) await add(path, source);
  const createdAt = new Date(now).toISOString();
  const about = head === undefined ? {} : { head };
  const manifest: Manifest = { format: 1, kind, createdAt, version, ...about, files: listed, skipped: [...skipped] };
  await packText(controller, manifestName, JSON.stringify(manifest));
  controller.finalize();
  return manifest;
}

type Packed = { readonly size: number; readonly sha256: string };

async function packText(controller: TarPackController, name: string, text: string): Promise<Packed> {
  const bytes = Buffer.from(text);
  const writer = controller.add({ name, size: bytes.length, mode: 0o600, type: "file" }).getWriter();
  await writer.write(bytes);
  await writer.close();
  return { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Undefined where the file has gone since it was listed: files of a running gateway come and go. */
async function packFile(controller: TarPackController, name: string, source: string): Promise<Packed | undefined> {
  const file = await openPlain(source);
  if (file === undefined) return undefined;
  try {
    const { size, mode } = await file.stat();
    const isProgram = (mode & 0o100) !== 0;
    const header = { name, size, mode: isProgram ? 0o700 : 0o600, type: "file" } as const;
    const writer = controller.add(header).getWriter();
    const hash = createHash("sha256");
    const buffer = Buffer.alloc(limits.backupChunkBytes);
    for (let at = 0; at < size;) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - at), at);
      // It was cut while it was read. The archive has promised its length, so that the rest is zeros.
      const length = bytesRead > 0 ? bytesRead : Math.min(buffer.length, size - at);
      if (bytesRead === 0) buffer.fill(0);
      const piece = Buffer.from(buffer.subarray(0, length));
      hash.update(piece);
      await writer.write(piece);
      at += length;
    }
    await writer.close();
    return { size, sha256: hash.digest("hex") };
  } finally {
    await file.close();
  }
}

async function openPlain(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new LoricaError("unavailable", `the backup cannot read ${path}`, { cause });
  }
}

async function syncFolder(folder: string): Promise<void> {
  for (const path of [folder, dirname(folder)]) {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
