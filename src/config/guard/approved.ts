// The config that holds: its files as the owner approved them, byte by byte, in a folder that only the broker has. What
// lies at the files' own places may be anybody's.
import { mkdir, readdir, rm } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { encodeChecked, parseChecked } from "../../base/files/checked-json.ts";
import { sha256 } from "../../base/ids.ts";
import { isRecord } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { writeAtomically } from "../keep/atomic.ts";
import { readIfThere } from "../../base/files/read-if-there.ts";

export type Approved = {
  readonly at: string;
  readonly actor: string;
  /** Path → content. Without the config file's own path there was no config file, and the defaults held. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Hashes of the config file that held before, the newest first. */
  readonly earlier: readonly string[];
};

export type ApprovedStore = {
  /** Undefined before the first approval. */
  load(): Promise<Approved | "damaged" | undefined>;
  save(approved: Approved): Promise<void>;
};

const manifestName = "approved.json";

/** Files of the state directory are kept by their place in it: restored or moved elsewhere, they are the same files. */
export function createApprovedStore(folder: string, stateDir: string): ApprovedStore {
  const manifestPath = join(folder, manifestName);
  const copyOf = (hash: string): string => join(folder, `copy-${hash}`);
  const placeOf = (path: string): string => {
    const inside = relative(stateDir, path);
    return inside === ".." || inside.startsWith("../") || isAbsolute(inside) ? path : inside;
  };
  return {
    async load() {
      const written = await readIfThere(manifestPath);
      if (written === undefined) return undefined;
      const manifest = parseManifest(written);
      if (manifest === undefined) return "damaged";
      const files = new Map<string, Uint8Array>();
      for (const [path, hash] of manifest.files) {
        const bytes = await readIfThere(copyOf(hash));
        if (bytes === undefined || sha256(bytes) !== hash) return "damaged";
        files.set(resolve(stateDir, path), bytes);
      }
      return { ...manifest, files };
    },
    async save({ at, actor, files, earlier }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const hashes = new Map([...files].map(([path, bytes]) => [placeOf(path), sha256(bytes)]));
      // Copies first: a manifest never names what is not there.
      for (const bytes of files.values()) await writeAtomically(copyOf(sha256(bytes)), bytes);
      const manifest = { at, actor, files: Object.fromEntries(hashes), earlier: earlier.slice(0, limits.approvedMax) };
      await writeAtomically(manifestPath, new TextEncoder().encode(encodeChecked(manifest)));
      const kept = new Set([manifestName, ...[...hashes.values()].map((hash) => `copy-${hash}`)]);
      for (const name of await readdir(folder)) if (!kept.has(name)) await rm(join(folder, name), { force: true });
    },
  };
}

type Manifest = Omit<Approved, "files"> & { readonly files: readonly (readonly [path: string, hash: string])[] };

function parseManifest(bytes: Uint8Array): Manifest | undefined {
  const read = parseChecked(new TextDecoder().decode(bytes));
  if (!read.ok) return undefined;
  const { at, actor, files, earlier } = read.value;
  if (typeof at !== "string" || typeof actor !== "string" || !isRecord(files) || !Array.isArray(earlier))
    return undefined;
  const entries = Object.entries(files);
  if (!entries.every(([, hash]) => typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash))) return undefined;
  const hashes = (earlier as readonly unknown[]).filter((hash) => typeof hash === "string");
  return { at, actor, files: entries as [string, string][], earlier: hashes };
}

export function sameFiles(left: ReadonlyMap<string, Uint8Array>, right: ReadonlyMap<string, Uint8Array>): boolean {
  if (left.size !== right.size) return false;
  return [...left].every(([path, bytes]) => {
    const other = right.get(path);
    return other !== undefined && Buffer.from(bytes).equals(other);
  });
}
