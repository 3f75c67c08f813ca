// The approved config in memory: what holds whatever happens to the files, and what held before.
import type { Clock } from "../../base/clock.ts";
import { sha256 } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { Loaded, LoadedConfig } from "../load.ts";
import type { StatePaths } from "../paths.ts";
import { readOwnFile } from "../read/file.ts";
import { sameFiles } from "./approved.ts";
import type { Approved, ApprovedStore } from "./approved.ts";

export type Judge = (bytes: Uint8Array | undefined, held?: ReadonlyMap<string, Uint8Array>) => Promise<Loaded>;

export type Approval = {
  /** Undefined before the first approval. */
  version(): Promise<Approved | undefined>;
  /** By the last look: nothing is known of what was approved, for what was kept is damaged and nothing ever started well. */
  isLost(): boolean;
  /** Whether what is kept was found damaged; once, and then it is written anew from what took its place. */
  mend(): Promise<"damaged" | "whole">;
  /** The same as it is on the disk now: until this process keeps the files, another may change what is approved. */
  onDisk(): Promise<Approved | undefined>;
  /** The approved files as a config, read with what the environment is now. */
  config(): Promise<LoadedConfig | undefined>;
  approve(loaded: LoadedConfig, actor: string): Promise<void>;
  /** Whether this content of the config file held at some time; true where nothing is known of the past. */
  held(hash: string): Promise<boolean>;
};

export function createApproval({
  paths,
  clock,
  store,
  judge,
}: {
  readonly paths: StatePaths;
  readonly clock: Clock;
  readonly store: ApprovedStore;
  readonly judge: Judge;
}): Approval {
  let approved: Approved | undefined;
  let isOpen = false;

  let isDamaged = false;
  let isLost = false;

  const onDisk = async (): Promise<Approved | undefined> => {
    const kept = await store.load();
    if (kept === "damaged") isDamaged = true;
    const known = kept === "damaged" || kept === undefined ? await fromLastGood(paths) : kept;
    isLost = kept === "damaged" && known === undefined;
    return known;
  };

  async function version(): Promise<Approved | undefined> {
    if (!isOpen) approved = await onDisk();
    isOpen = true;
    return approved;
  }

  return {
    version,
    onDisk,
    isLost: () => isLost && approved === undefined,
    async mend() {
      const held = await version();
      if (!isDamaged) return "whole";
      isDamaged = false;
      if (held !== undefined) await store.save(held);
      return "damaged";
    },
    async config() {
      const { files } = (await version()) ?? {};
      if (files === undefined) return undefined;
      const loaded = await judge(files.get(paths.configPath), files);
      return loaded.kind === "loaded" ? loaded : undefined;
    },
    async approve({ sources }, actor) {
      const earlier = (await version())?.earlier ?? [];
      const now = sources.get(paths.configPath);
      const hashes = new Set([...(now === undefined ? [] : [sha256(now)]), ...earlier]);
      approved = { at: new Date(clock.now()).toISOString(), actor, files: sources, earlier: [...hashes] };
      await store.save(approved);
    },
    held: async (hash) => (await version())?.earlier.includes(hash) ?? true,
  };
}

/** A restore by hand (`cp openclaw.json.bak openclaw.json`) brings back what the owner has approved before. */
export function isEarlier({ files, earlier }: Approved, { sources }: LoadedConfig, configPath: string): boolean {
  const main = sources.get(configPath);
  if (main === undefined || !earlier.includes(sha256(main))) return false;
  const others = (all: ReadonlyMap<string, Uint8Array>) => new Map([...all].filter(([path]) => path !== configPath));
  return sameFiles(others(sources), others(files));
}

/** Credentials of another value: they stand under the same name, so no difference of the keys shows them. */
export function otherSecrets(before: LoadedConfig, after: LoadedConfig): readonly string[] {
  return [...after.secrets].flatMap(([name, value]) => {
    const was = before.secrets.get(name);
    return was === undefined || was === value ? [] : [name];
  });
}

export function nameCredential(name: string): string {
  return `the credential ${name}`;
}

/** A state directory from before there was a watchdog: what last started well is what its owner wanted. */
async function fromLastGood({ lastGoodPath, configPath }: StatePaths): Promise<Approved | undefined> {
  const read = await readOwnFile(lastGoodPath, limits.configFileMaxBytes);
  if (read?.ok !== true) return undefined;
  const { bytes } = read.value;
  return { at: "", actor: "last start", files: new Map([[configPath, bytes]]), earlier: [sha256(bytes)] };
}
