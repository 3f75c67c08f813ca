// Which hooks hold now: what settings.json registers, as far as it is what the owner has trusted. Looked at anew before
// each use, so that nothing changed slips in between a change and somebody noticing it.
import { lstatSync, readFileSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { errnoOf, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { noHooks, parseHookSettings } from "./definition.ts";
import type { HookDefinition, HookSettings } from "./definition.ts";
import { loadPins, savePins } from "./pins.ts";
import type { Pins } from "./pins.ts";
import { checkOwner, createFolderHash, scriptFolders } from "./scripts.ts";
import type { ScriptPlaces } from "./scripts.ts";

export type RegistryOptions = ScriptPlaces & {
  readonly settingsPath: string;
  readonly pinsPath: string;
  readonly clock: Clock;
};

/** A hook that may be asked, with the folders that its cell is given; or why it must not be. */
export type Registered = {
  readonly definition: HookDefinition;
  readonly folders: readonly string[];
  readonly problem: string | undefined;
};

export type Registry = {
  /**
   * All that may have something to say, or those of them that are wanted: only their files are looked at. A settings file
   * that cannot be understood is one hook about everything, with a problem.
   */
  hooks(isWanted?: (definition: HookDefinition) => boolean): readonly Registered[];
  /** The same without a look at their files. */
  has(isWanted: (definition: HookDefinition) => boolean): boolean;
  readonly ignoredEvents: () => readonly string[];
  /** The owner says that what is there now is what they want. Throws where it cannot be used at all. */
  trust(): Promise<readonly Registered[]>;
};

export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const read = createReader(options.settingsPath);
  const folderHash = createFolderHash();
  let pins: Pins | undefined;
  let damage: string | undefined;
  try {
    pins = await loadPins(options.pinsPath);
  } catch (error) {
    if (!(error instanceof LoricaError)) throw error;
    damage = error.message;
  }

  /** Each with the problem that it has before anybody looks at its files. */
  function registered(): readonly Omit<Registered, "folders">[] {
    const settings = read();
    if (typeof settings === "string") return [...lost(noHooks), everything(settings)];
    if (damage !== undefined) return [everything(damage)];
    // Taken away without the owner's word: what was forbidden stays forbidden until they have said so.
    const there = settings.definitions.map((definition) => ({ definition, problem: undefined }));
    return [...there, ...lost(settings)];
  }

  function hooks(isWanted: (definition: HookDefinition) => boolean = () => true): readonly Registered[] {
    const wanted = registered().filter(({ definition }) => isWanted(definition));
    return wanted.map((hook) => (hook.problem === undefined ? look(hook.definition) : { ...hook, folders: [] }));
  }

  /** What was trusted and is not registered any more. */
  function lost(settings: HookSettings): readonly Omit<Registered, "folders">[] {
    const still = new Set(settings.definitions.map(nameOf));
    const gone = (pins?.definitions ?? []).filter((definition) => !still.has(nameOf(definition)));
    const problem = `${options.settingsPath} does not register it any more. To let it go: lorica hooks trust`;
    return gone.map((definition) => ({ definition, problem }));
  }

  function look(definition: HookDefinition): Registered {
    try {
      const folders = scriptFolders(definition.command, options);
      const known = pins?.definitions.some((pinned) => nameOf(pinned) === nameOf(definition)) === true;
      const changed = folders.find((folder) => folderHash(folder) !== pins?.folders[folder]);
      return { definition, folders, problem: problemOf(known, changed) };
    } catch (error) {
      return { definition, folders: [], problem: describe(error) };
    }
  }

  return {
    hooks,
    has: (isWanted) => registered().some(({ definition }) => isWanted(definition)),
    ignoredEvents() {
      const settings = read();
      return typeof settings === "string" ? [] : settings.ignoredEvents;
    },
    async trust() {
      const settings = read();
      if (typeof settings === "string") throw new LoricaError("config_invalid", settings);
      const folders: Record<string, string> = {};
      for (const { command } of settings.definitions)
        for (const folder of scriptFolders(command, options)) folders[folder] = folderHash(folder);
      const next: Pins = { version: 1, at: options.clock.now(), definitions: [...settings.definitions], folders };
      await savePins(options.pinsPath, next);
      pins = next;
      damage = undefined;
      return hooks();
    },
  };
}

/** The file as it is now, or what is wrong with it; parsed again only where the file system says that it changed. */
function createReader(path: string): () => HookSettings | string {
  let stamp = "";
  let value: HookSettings | string = noHooks;
  return () => {
    let status: BigIntStats | undefined;
    try {
      status = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      return `${path} cannot be looked at: ${errnoOf(error) ?? "unknown"}`;
    }
    const now = status === undefined ? "" : [status.ino, status.size, status.mtimeNs, status.ctimeNs].join();
    if (now === stamp) return value;
    value = status === undefined ? noHooks : readSettings(path, status);
    stamp = now;
    return value;
  };
}

function readSettings(path: string, status: BigIntStats): HookSettings | string {
  try {
    if (!status.isFile()) return `${path} is not a regular file`;
    if (status.size > BigInt(limits.hookSettingsMaxBytes)) return `${path} is too large`;
    checkOwner(path, status);
    const settings = parseHookSettings(readFileSync(path, "utf8"));
    return settings.ok ? settings.value : `${path} cannot be used: ${settings.reason}`;
  } catch (error) {
    return describe(error);
  }
}

function everything(problem: string): Omit<Registered, "folders"> {
  const definition = { event: "PreToolUse", matcher: "*", command: "settings.json", timeoutMs: 1 } as const;
  return { definition, problem };
}

function problemOf(isKnown: boolean, changedFolder: string | undefined): string | undefined {
  if (!isKnown) return "you have not trusted it yet. To trust what is there now: lorica hooks trust";
  if (changedFolder === undefined) return undefined;
  return `files in ${changedFolder} have changed since you trusted them. To trust them as they are: lorica hooks trust`;
}

function nameOf({ event, matcher, command, timeoutMs }: HookDefinition): string {
  return JSON.stringify([event, matcher, command, timeoutMs]);
}

function describe(error: unknown): string {
  if (error instanceof LoricaError) return error.message;
  if (errnoOf(error) !== undefined && error instanceof Error) return error.message;
  throw error;
}
