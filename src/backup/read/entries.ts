// Reads a backup from its first byte to its last and hands over one file after the other. Whoever wrote it, nothing in it
// gets further than this reader allows: only plain files under plain names, each as long as it says, each once.
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { ParsedTarEntry } from "modern-tar";
import { isMissing, LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { manifestName, parseManifest } from "../manifest.ts";
import type { Manifest } from "../manifest.ts";

export type Sink = {
  /** Called for each file, in order, before its content. */
  begin(path: string, size: number, isProgram: boolean): Promise<void>;
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
  /** Lets go of what is open, whatever has happened. */
  close(): Promise<void>;
};

/** Resolves with the list once every file was read and is what the list says. */
export async function readEntries(
  path: string,
  options: { readonly identities: readonly string[]; readonly sink: Sink; readonly bytesMax: number },
  signal: AbortSignal,
): Promise<Manifest> {
  const file = await openBackup(path);
  try {
    const plain = await unseal(streamOf(file), path, options.identities);
    return await readTar(plain, path, { ...options, signal });
  } finally {
    await options.sink.close();
    await file.close();
  }
}

async function openBackup(path: string) {
  try {
    return await open(path, "r");
  } catch (cause) {
    if (isMissing(cause)) throw new LoricaError("not_found", `there is no backup ${path}`, { cause });
    throw new LoricaError("unavailable", `the backup ${path} cannot be read`, { cause });
  }
}

/** Piece by piece, and only as fast as somebody reads. */
function streamOf(file: FileHandle): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(limits.backupChunkBytes));
      if (bytesRead === 0) controller.close();
      else controller.enqueue(buffer.subarray(0, bytesRead));
    },
  });
}

async function unseal(stream: ReadableStream<Uint8Array>, path: string, identities: readonly string[]) {
  if (!path.endsWith(".age")) return stream;
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  try {
    for (const identity of identities) decrypter.addIdentity(identity);
    return await decrypter.decrypt(stream);
  } catch (cause) {
    const what =
      cause instanceof Error && /no identity matched/.test(cause.message) ? "sealed for another key" : "damaged";
    throw new LoricaError(
      "conflict",
      `the backup ${path} is ${what}; give the key that it was made for with --identity FILE`,
      { cause },
    );
  }
}

type Reading = { readonly sink: Sink; readonly bytesMax: number; readonly signal: AbortSignal };

async function readTar(stream: ReadableStream<Uint8Array>, path: string, reading: Reading): Promise<Manifest> {
  const { createTarDecoder } = await import("modern-tar");
  const hashes = new Map<string, { readonly size: number; readonly sha256: string }>();
  let manifest: Manifest | undefined;
  let total = 0;
  try {
    for await (const entry of stream.pipeThrough(createTarDecoder({ strict: true }))) {
      const { name, size } = checkEntry(entry, hashes);
      total += size;
      if (total > reading.bytesMax)
        throw new LoricaError(
          "too_large",
          `the backup holds more than the ${reading.bytesMax} bytes there is room for`,
        );
      if (manifest !== undefined) throw new LoricaError("conflict", "there is something after the list of files");
      if (name === manifestName) manifest = parseManifest(await readSmall(entry, size));
      else hashes.set(name, { size, sha256: await pass(entry, name, reading) });
    }
  } catch (cause) {
    if (cause instanceof LoricaError) throw cause;
    if (reading.signal.aborted) throw new LoricaError("cancelled", "the reading of the backup was stopped", { cause });
    throw new LoricaError("conflict", `the backup ${path} is damaged or cut off; take another one`, { cause });
  }
  if (manifest === undefined) throw new LoricaError("conflict", `the backup ${path} is cut off; take another one`);
  const isAll = manifest.files.length === hashes.size;
  const wrong = manifest.files.find((file) => {
    const read = hashes.get(file.path);
    return read?.sha256 !== file.sha256 || read.size !== file.size;
  });
  if (isAll && wrong === undefined) return manifest;
  throw new LoricaError(
    "conflict",
    `the backup ${path} does not hold what its list says: ${wrong?.path ?? "more files"}`,
  );
}

function checkEntry({ header }: ParsedTarEntry, seen: ReadonlyMap<string, unknown>): { name: string; size: number } {
  const { name, size, type } = header;
  const refuse = (why: string): never => {
    throw new LoricaError("forbidden", `the backup was refused: ${JSON.stringify(name.slice(0, 200))} ${why}`);
  };
  if (type !== "file") refuse(`is a ${type ?? "thing"} and no file`);
  const parts = name.split("/");
  if (name.length > limits.backupPathMaxChars || /[\0\\]/.test(name)) refuse("is no plain name");
  if (parts.some((part) => part === "" || part === "." || part === "..")) refuse("leads out of the folder");
  if (seen.has(name)) refuse("is in it twice");
  if (seen.size >= limits.backupFilesMax) refuse("is one file too many");
  if (!Number.isSafeInteger(size) || size < 0) refuse("has no length");
  return { name, size };
}

async function pass(entry: ParsedTarEntry, name: string, { sink, signal }: Reading): Promise<string> {
  const hash = createHash("sha256");
  await sink.begin(name, entry.header.size, ((entry.header.mode ?? 0) & 0o100) !== 0);
  for await (const chunk of entry.body) {
    signal.throwIfAborted();
    hash.update(chunk);
    await sink.write(chunk);
  }
  await sink.end();
  return hash.digest("hex");
}

async function readSmall(entry: ParsedTarEntry, size: number): Promise<Buffer> {
  if (size > limits.backupManifestMaxBytes)
    throw new LoricaError("too_large", "the backup's list of files is too long");
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
