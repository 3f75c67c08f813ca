// Writes one tar archive, sealed while it is written, under a name that says it is not whole until it is. At no moment is
// more than a piece of a file in memory, and nothing plain is written anywhere unless the archive itself is to be plain.
import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Encrypter } from "age-encryption";
import type { TarPackController } from "modern-tar";
import { isMissing, LoricaError } from "../../base/errors.ts";
import { openBelow } from "../../base/files/below.ts";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { makeFolder, notWritable, removePartials } from "../folder.ts";
import { syncFolder } from "../../base/replace-file.ts";

export type ArchiveOrder = {
  readonly folder: string;
  readonly name: string;
  /** `age1…`; without any the archive is plain. */
  readonly recipients: readonly string[];
  readonly now: number;
};

export type Packed = { readonly size: number; readonly sha256: string };

export type Archive = {
  text(name: string, text: string): Promise<Packed>;
  /** Undefined where the file has gone since it was listed: files of a running gateway come and go. */
  file(name: string, source: Source): Promise<Packed | undefined>;
};

/** Where nobody else writes a path is enough; below a folder in which others do, no step of it may be a link. */
export type Source = string | { readonly root: string; readonly path: string };

export type WrittenArchive<T> = {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly packed: T;
};

export async function writeArchive<T>(
  { folder, name, recipients, now }: ArchiveOrder,
  pack: (archive: Archive) => Promise<T>,
  signal: AbortSignal,
): Promise<WrittenArchive<T>> {
  await makeFolder(folder);
  await removePartials(folder, now);
  const path = join(folder, name);
  const partial = join(folder, `.${name}.${newId()}.partial`);
  try {
    const written = await writeWhole({ path: partial, recipients, pack }, signal);
    await rename(partial, path);
    for (const written of [folder, dirname(folder)]) await syncFolder(written);
    return { path, ...written };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

type Writing<T> = {
  readonly path: string;
  readonly recipients: readonly string[];
  readonly pack: (archive: Archive) => Promise<T>;
};

async function writeWhole<T>(
  { path, recipients, pack }: Writing<T>,
  signal: AbortSignal,
): Promise<Omit<WrittenArchive<T>, "path">> {
  // Loaded here: nobody who makes no archive pays for it.
  const { createTarPacker } = await import("modern-tar");
  const { readable, controller } = createTarPacker();
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    throw notWritable(dirname(path), cause);
  });
  try {
    const sealed = await sealStream(readable, recipients);
    const packing = packAll(controller, pack, signal).catch((error: unknown) => {
      controller.error(error);
      throw error;
    });
    // Whoever fails first is the reason; the other one ends with it.
    packing.catch(() => undefined);
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of sealed) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
      hash.update(chunk);
      bytes += chunk.length;
    }
    const packed = await packing;
    await file.sync();
    return { bytes, sha256: hash.digest("hex"), packed };
  } finally {
    await file.close();
  }
}

async function packAll<T>(
  controller: TarPackController,
  pack: (archive: Archive) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const packed = await pack({
    async text(name, text) {
      signal.throwIfAborted();
      return await packText(controller, name, text);
    },
    async file(name, source) {
      signal.throwIfAborted();
      return await packFile(controller, name, source);
    },
  });
  controller.finalize();
  return packed;
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

async function packText(controller: TarPackController, name: string, text: string): Promise<Packed> {
  const bytes = Buffer.from(text);
  const writer = controller.add({ name, size: bytes.length, mode: 0o600, type: "file" }).getWriter();
  await writer.write(bytes);
  await writer.close();
  return { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function packFile(controller: TarPackController, name: string, source: Source): Promise<Packed | undefined> {
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

async function openPlain(source: Source): Promise<FileHandle | undefined> {
  const { root, path } = typeof source === "string" ? { root: dirname(source), path: basename(source) } : source;
  try {
    return await openBelow(root, path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new LoricaError("unavailable", `${join(root, path)} cannot be read`, { cause });
  }
}
