// What waits for the owner's word: where it was going and since when, never what it is. The text is in the gateway's
// outbox; what the owner said about it is here, where a gateway cannot write, until it is known to be done.
import { readFileSync } from "node:fs";
import type { Clock } from "../../../base/clock.ts";
import { isMissing, LoricaError } from "../../../base/errors.ts";
import { writePrivateFile } from "../../../base/files/private-file.ts";
import { isRecord, parseJson } from "../../../base/json.ts";
import { limits } from "../../../base/limits.ts";
import type { Incident } from "../../../dlp/dlp.ts";

export type Held = Pick<Incident, "id" | "at" | "point" | "rules" | "agentId" | "sessionKey" | "to" | "where"> & {
  /** `expired` is the owner's silence, and means no. */
  readonly word: "none" | "allowed" | "refused" | "expired";
};

export type HeldBook = {
  list(): readonly Held[];
  /** The name under which it waits, its incident's; undefined where too much waits already. */
  add(incident: Incident): Promise<string | undefined>;
  /** Resolves once it would survive a restart. */
  say(id: string, word: Exclude<Held["word"], "none">): Promise<void>;
  /** What was said has been done. */
  drop(id: string): Promise<void>;
  /** Says no to what has waited too long; answers how much that was. */
  expire(): Promise<number>;
};

export function openHeld(path: string, clock: Clock): HeldBook {
  let all = load(path);
  let writing: Promise<void> = Promise.resolve();

  /** One write after the other, each the whole list. */
  async function replace(next: readonly Held[]): Promise<void> {
    all = next;
    const text = `${JSON.stringify({ held: all }, null, 2)}\n`;
    writing = writing.catch(() => undefined).then(() => writePrivateFile(path, text));
    await writing;
  }

  return {
    list: () => all,
    async add({ id, point, rules, agentId, sessionKey, to, where }) {
      if (all.length >= limits.dlpHeldMax) return undefined;
      const about = { id, at: clock.now(), point, rules, agentId, sessionKey, to, where };
      await replace([...all, { ...about, word: "none" }]);
      return id;
    },
    say: (id, word) => replace(all.map((one) => (one.id === id ? { ...one, word } : one))),
    drop: (id) => replace(all.filter((one) => one.id !== id)),
    async expire() {
      const before = clock.now() - limits.dlpHeldMs;
      const late = all.filter(({ at, word }) => word === "none" && at < before);
      if (late.length > 0) await replace(all.map((one) => (late.includes(one) ? { ...one, word: "expired" } : one)));
      return late.length;
    },
  };
}

function load(path: string): readonly Held[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
  const json = parseJson(text);
  if (json.ok && isRecord(json.value) && Array.isArray(json.value["held"]))
    return json.value["held"] as readonly Held[];
  throw new LoricaError(
    "internal",
    `${path} is no list of held messages; move it away, and what waits in it is not sent`,
  );
}
