// The copies of the config file: five from before the last writes, and the last one that a gateway started with.
import { rename, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { isMissing, LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { sha256 } from "../../base/ids.ts";
import { readOwnFile } from "../read/file.ts";
import { writeAtomically } from "./atomic.ts";

export type ConfigVersion = {
  /** `current`, `last-good`, `bak`, `bak.1` … `bak.4`, the newest first. */
  readonly name: string;
  readonly path: string;
  readonly hash: string;
  readonly bytes: number;
  readonly modifiedAt: number;
};

export function versionNames(): readonly string[] {
  const older = Array.from({ length: limits.configBackupsMax - 1 }, (_, at) => `bak.${at + 1}`);
  return ["current", "last-good", "bak", ...older];
}

export function versionPath(configPath: string, name: string): string {
  if (!versionNames().includes(name))
    throw new LoricaError("not_found", `no version ${JSON.stringify(name)}; there are ${versionNames().join(", ")}`);
  return name === "current" ? configPath : `${configPath}.${name}`;
}

/** A version, or any other file by its absolute path, as one that `git show` has written. */
export function comparablePath(configPath: string, name: string): string {
  return isAbsolute(name) ? name : versionPath(configPath, name);
}

export async function listVersions(configPath: string): Promise<readonly ConfigVersion[]> {
  const found = await Promise.all(
    versionNames().map(async (name) => {
      const path = versionPath(configPath, name);
      const bytes = await readVersion(path);
      if (bytes === undefined) return [];
      const { mtimeMs } = await stat(path);
      return [{ name, path, hash: sha256(bytes), bytes: bytes.byteLength, modifiedAt: Math.floor(mtimeMs) }];
    }),
  );
  return found.flat();
}

/** Undefined where there is no such file. */
export async function readVersion(path: string): Promise<Uint8Array | undefined> {
  const read = await readOwnFile(path, limits.configFileMaxBytes);
  if (read === undefined) return undefined;
  if (!read.ok) throw new LoricaError("config_invalid", `${path} ${read.reason}`);
  return read.value.bytes;
}

/** Moves each copy one place on, so that the newest place is free, and puts the present file there. */
export async function rotateBackups(configPath: string): Promise<void> {
  const present = await readVersion(configPath);
  if (present === undefined) return;
  const places = versionNames().filter((name) => name.startsWith("bak"));
  for (let at = places.length - 1; at > 0; at--) {
    try {
      await rename(versionPath(configPath, places[at - 1] ?? ""), versionPath(configPath, places[at] ?? ""));
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
    }
  }
  await writeAtomically(versionPath(configPath, "bak"), present);
}
