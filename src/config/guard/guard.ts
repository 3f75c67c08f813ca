// Judges what others do to the config files. A change that lets nobody do more holds at once; any other is put aside, and
// the approved version is put back in its place. The kernel cannot tell the owner's editor from another process of the
// same user, so what is asked is not who did it but what it would allow.
import type { Clock } from "../../base/clock.ts";
import { sha256 } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { sleep } from "../../base/wait.ts";
import type { Change } from "../keep/record.ts";
import type { InvalidConfig, Loaded, LoadedConfig, LoadOptions } from "../load.ts";
import { isEarlier, nameCredential, otherSecrets } from "./approval.ts";
import type { Approval, Judge } from "./approval.ts";
import { sameFiles } from "./approved.ts";
import type { Approved } from "./approved.ts";
import { changedFiles, findOdd, isEmptied, putBack } from "./disk.ts";
import { createFight } from "./fight.ts";
import type { createEmitter } from "./fight.ts";
import type { NewEdit, Pending, PendingStore } from "./pending.ts";

/** What was done to the config, by whom, and what became of it. */
export type Finding =
  /** By the owner, a client or the program itself; each key that changed, and those that give somebody more. */
  | {
      readonly kind: "saved";
      readonly actor: string;
      readonly changed: readonly string[];
      readonly widening: readonly string[];
    }
  /** `changes` is one line for each key, secrets by their mark; `allows` the keys that give somebody more. */
  | { readonly kind: "taken"; readonly changes: string; readonly allows: readonly string[] }
  | { readonly kind: "held"; readonly pending: Pending; readonly isNew: boolean }
  /** It stays where it is for whoever edits it, and is not used; said once for each content. */
  | { readonly kind: "invalid"; readonly what: string }
  /** Whoever writes does not stop: the files are left alone, and the approved config holds without them. */
  | { readonly kind: "fight"; readonly rounds: number }
  /**
   * What is kept of the approved config was changed. What last started well has taken its place, or where nothing has, the
   * safest reading of what lies there.
   */
  | { readonly kind: "damaged" };

export type Guard = {
  /** Looks at the files. What holds, or an invalid file: it stays where it is for whoever edits it, and is never used. */
  screen(): Promise<Loaded>;
  /** The same answer, and nothing is done: for whoever may not be the one that keeps these files. */
  peek(): Promise<Loaded>;
  /** Whether the approved files lie at their places. */
  state(): "in place" | "fighting";
  /** What was found before anybody listened is handed over at once. */
  listen(listener: (finding: Finding) => void): void;
};

export type GuardOptions = {
  readonly paths: LoadOptions["paths"];
  readonly env: LoadOptions["env"];
  readonly clock: Clock;
  readonly approval: Approval;
  readonly pendingStore: PendingStore;
  /** Reads the files as they are. */
  readonly load: () => Promise<Loaded>;
  readonly judge: Judge;
  readonly record: (change: Change) => Promise<void>;
  /** Keeps what is found until somebody listens. */
  readonly emitter: ReturnType<typeof createEmitter>;
};

export function createGuard(options: GuardOptions): Guard {
  const { emitter } = options;
  const fight = createFight();
  const refused = createRefused(emitter);
  return {
    async screen() {
      if ((await options.approval.mend()) === "damaged") emitter.emit({ kind: "damaged" });
      const least = await leastIfLost(options);
      if (least !== undefined) await options.approval.approve(least, "the watchdog, for want of an approval");
      return refused(await screenWith(await options.approval.version(), effectsOf({ ...options, fight }), options));
    },
    async peek() {
      const version = await options.approval.onDisk();
      const least = await leastIfLost(options);
      return await screenWith(least === undefined ? version : versionOf(least), noEffects, options);
    },
    state: () => (fight.isOn() ? "fighting" : "in place"),
    listen: emitter.listen,
  };
}

/** Whoever writes a config that would open the gateway may make a mistake in it, and the owner is to know of that, too. */
function createRefused({ emit }: GuardOptions["emitter"]): (found: Loaded) => Loaded {
  let last: string | undefined;
  return (found) => {
    if (found.kind === "invalid" && found.hash !== last) emit({ kind: "invalid", what: problemsOf(found) });
    last = found.kind === "invalid" ? found.hash : undefined;
    return found;
  };
}

/** Accepting what lies there because nobody knows better would be an intruder's way in. */
async function leastIfLost({ approval, load, judge, paths, env }: GuardOptions): Promise<LoadedConfig | undefined> {
  if (!approval.isLost()) return undefined;
  const found = await loadWritten(load, paths.configPath);
  if (found.kind === "invalid") return undefined;
  return await (await import("./least.ts")).leastOf(found, { judge, paths, env });
}

function versionOf({ sources }: LoadedConfig): Approved {
  return { at: "", actor: "", files: sources, earlier: [] };
}

/** What is done about what was found. */
type Effects = {
  readonly begin: (found: LoadedConfig) => Promise<void>;
  readonly take: (difference: Difference<LoadedConfig>, found: Judged) => Promise<void>;
  readonly hold: (difference: Difference<Loaded>, edit: Edited) => Promise<void>;
};

type Judged = { readonly changes: string; readonly widening: readonly string[] };
type Edited = Pick<NewEdit, "what" | "widening" | "changes" | "files">;

const noEffects: Effects = { begin: async () => undefined, take: async () => undefined, hold: async () => undefined };

function effectsOf(holding: Holding): Effects {
  const { approval, emitter } = holding;
  return {
    begin: (found) => approval.approve(found, "first start"),
    async take(difference, { changes, widening }) {
      await approval.approve(difference.after, "hand");
      await note(difference, { verdict: "applied", widening }, holding);
      emitter.emit({ kind: "taken", changes, allows: widening });
    },
    hold: (difference, edit) => hold(difference, edit, holding),
  };
}

async function screenWith(
  version: Approved | undefined,
  effects: Effects,
  { paths, load, judge, approval }: GuardOptions,
): Promise<Loaded> {
  const found = await loadWritten(load, paths.configPath);
  if (version === undefined) {
    if (found.kind === "loaded" && !approval.isLost()) await effects.begin(found);
    return found;
  }
  if (found.kind === "loaded" && sameFiles(found.sources, version.files)) return found;
  const before = await judge(version.files.get(paths.configPath), version.files);
  if (before.kind === "invalid") return found.kind === "invalid" ? found : beyond(before);
  // Without `.env` there is less than before, and what was in it may be in the vault by now.
  const watched = [...version.files.keys()].filter((path) => path !== paths.dotEnvPath);
  const odd = await findOdd(watched, found);
  if (odd !== undefined) {
    const edit = { what: odd.what, widening: [], changes: "", files: new Map([[odd.path, undefined]]) };
    await effects.hold({ version, before, after: found }, edit);
    return before;
  }
  if (found.kind === "loaded") return decide({ version, before, after: found }, paths, effects);
  return await decideRefused({ version, before, after: found }, paths, effects);
}

/** An editor cuts a file off before it writes it again: what is empty for a moment is looked at once more. */
async function loadWritten(load: GuardOptions["load"], configPath: string): Promise<Loaded> {
  let found = await load();
  for (let tries = 0; tries < limits.emptyLooksMax && isEmptied(found, configPath); tries++) {
    await sleep(limits.emptyLookMs, new AbortController().signal);
    found = await load();
  }
  return found;
}

type Holding = GuardOptions & {
  readonly fight: ReturnType<typeof createFight>;
};

type Difference<After extends Loaded> = {
  readonly version: Approved;
  readonly before: LoadedConfig;
  readonly after: After;
};

async function decide(
  difference: Difference<LoadedConfig>,
  paths: GuardOptions["paths"],
  effects: Effects,
): Promise<LoadedConfig> {
  const { version, before, after } = difference;
  const { widening, changes } = await compare(before, after, paths);
  if (widening.length === 0 || isEarlier(version, after, paths.configPath)) {
    await effects.take(difference, { changes, widening });
    return after;
  }
  const files = changedFiles(version.files, after.sources, paths);
  await effects.hold(difference, { what: describe(widening), widening, changes, files });
  return before;
}

/**
 * What is not valid stays where it is for whoever writes it, unless it is whole and would give somebody more: that is put
 * aside like any such edit, or else whoever forgets an acknowledgement could hold up the next start.
 */
async function decideRefused(
  { version, before, after }: Difference<InvalidConfig>,
  paths: GuardOptions["paths"],
  effects: Effects,
): Promise<Loaded> {
  if (after.meant === undefined) return after;
  const { widening, changes } = await compare(before, after.meant, paths);
  if (widening.length === 0) return after;
  const files = changedFiles(version.files, after.meant.sources, paths);
  const what = `${describe(widening)}; as it is, it is not valid: ${problemsOf(after)}`;
  await effects.hold({ version, before, after }, { what, widening, changes, files });
  return before;
}

async function compare(
  before: LoadedConfig,
  after: LoadedConfig,
  { dotEnvPath }: GuardOptions["paths"],
): Promise<Judged> {
  const [{ diffConfigs, renderChanges }, { widensByHand }, { widensByDotEnv }] = await Promise.all([
    import("../diff.ts"),
    import("../widen.ts"),
    import("./dot-env.ts"),
  ]);
  const found = diffConfigs(before.written, after.written);
  const byKey = widensByHand({ before: before.written, after: after.written, changes: found });
  const byDotEnv = widensByDotEnv(before, after, dotEnvPath);
  const widening = new Set([...byKey, ...byDotEnv, ...otherSecrets(before, after).map(nameCredential)]);
  return { widening: [...widening], changes: renderChanges(found) };
}

function problemsOf({ issues }: InvalidConfig): string {
  const lines = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return lines.slice(0, limits.wideningShownMax).join("; ");
}

/** Keeps the edit, puts the approved files back, and says so; unless it has done so too often in a row. */
async function hold(difference: Difference<Loaded>, edit: Edited, holding: Holding): Promise<void> {
  const { paths, clock, pendingStore, emitter, fight } = holding;
  if (fight.isOn()) return;
  const { files } = difference.version;
  const main = files.get(paths.configPath);
  const last = await pendingStore.waiting();
  const at = new Date(clock.now()).toISOString();
  const pending = await pendingStore.add({ ...edit, at, base: main === undefined ? "" : sha256(main) });
  const isNew = pending.id !== last?.id;
  if (fight.round() === "lost") emitter.emit({ kind: "fight", rounds: limits.watchdogRoundsMax });
  else await putBack(difference.version, paths);
  await pendingStore.tidy();
  if (isNew) await note(difference, { verdict: "held", widening: edit.widening }, holding);
  emitter.emit({ kind: "held", pending, isNew });
}

async function note(
  { version, before, after }: Difference<Loaded>,
  about: Pick<Change, "verdict" | "widening">,
  { paths, record }: Holding,
): Promise<void> {
  const bytesBefore = version.files.get(paths.configPath);
  const bytesAfter = after.kind === "loaded" ? after.sources.get(paths.configPath) : undefined;
  await record({ ...about, actor: "hand", before, after, bytesBefore, bytesAfter });
}

function describe(widening: readonly string[]): string {
  const shown = widening.slice(0, limits.wideningShownMax).join(", ");
  const more = widening.length - limits.wideningShownMax;
  return `could give somebody more than before: ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}

function beyond({ issues, ...rest }: InvalidConfig): InvalidConfig {
  const message =
    "the file differs from the approved one, which this version cannot read any more; if you changed it: lorica config accept";
  return { ...rest, issues: [{ path: "", message }, ...issues] };
}
