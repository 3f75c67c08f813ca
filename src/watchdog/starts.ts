// What is remembered from one start to the next: which config is proved to live, how often the present one has failed, and
// why this start came about. The file is the broker's own; where it is missing or damaged nothing is known, and nothing undone.
import { readFile } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import { isMissing } from "../base/errors.ts";
import { isRecord, parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { replaceFile } from "../base/replace-file.ts";

export type StartRecord = {
  readonly version: string;
  /** Hash of the config file that it went by. */
  readonly config: string;
  /** `starting` until the config has lived for a while; `ended` where it was stopped in order. */
  readonly state: "starting" | "good" | "ended";
  /** When starts with this config failed, without one that lived in between. */
  readonly failures: readonly number[];
  /** The last config that lived. */
  readonly good: string | null;
};

/** What the run before left, and how often this config has failed in a row. */
export type Begun = {
  readonly before: StartRecord | undefined;
  readonly failures: number;
  readonly good: string | null;
};

export type StartBook = {
  /** The same as `begin` would answer, and nothing is noted. */
  look(config: string): Promise<Begun>;
  begin(config: string): Promise<Begun>;
  /** A start that came to nothing before it could begin, as with a config that is not valid. */
  failed(config: string): Promise<void>;
  /** Another config holds from now on. */
  changed(config: string): Promise<void>;
  /** The present config has lived long enough. */
  lived(): Promise<void>;
  ended(): Promise<void>;
};

export function openStartBook({
  path,
  version,
  clock,
}: {
  readonly path: string;
  readonly version: string;
  readonly clock: Clock;
}): StartBook {
  let present: StartRecord | undefined;
  const save = async (next: StartRecord): Promise<void> => {
    present = next;
    await replaceFile(path, JSON.stringify(next));
  };
  const fresh = (config: string): StartRecord => ({ version, config, state: "starting", failures: [], good: null });

  async function look(config: string): Promise<Begun & { readonly times: readonly number[] }> {
    const before = await load(path);
    const known = before?.config === config ? before.failures : [];
    const isFailed = before?.config === config && before.state === "starting";
    const times = [...known, ...(isFailed ? [clock.now()] : [])]
      .filter((at) => clock.now() - at < limits.startFailuresWindowMs)
      .slice(-limits.startFailuresMax);
    return { before, failures: times.length, good: before?.good ?? null, times };
  }

  return {
    look,
    async begin(config) {
      const begun = await look(config);
      await save({ ...fresh(config), failures: begun.times, good: begun.good });
      return begun;
    },
    async failed(config) {
      const { times, good } = await look(config);
      // Noted as a start that has not ended, so that the next look counts it.
      await save({ ...fresh(config), failures: times, good });
    },
    async changed(config) {
      if (present !== undefined && present.config !== config)
        await save({ ...present, config, state: "starting", failures: [] });
    },
    async lived() {
      if (present === undefined || present.state === "good") return;
      await save({ ...present, state: "good", failures: [], good: present.config });
    },
    async ended() {
      if (present !== undefined) await save({ ...present, state: "ended" });
    },
  };
}

async function load(path: string): Promise<StartRecord | undefined> {
  try {
    const read = parseJson(await readFile(path, "utf8"));
    return read.ok && isStartRecord(read.value) ? read.value : undefined;
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

function isStartRecord(value: unknown): value is StartRecord {
  if (!isRecord(value)) return false;
  const { version, config, state, failures, good } = value;
  return (
    typeof version === "string" &&
    typeof config === "string" &&
    (state === "starting" || state === "good" || state === "ended") &&
    Array.isArray(failures) &&
    failures.every((at) => typeof at === "number") &&
    (good === null || typeof good === "string")
  );
}
