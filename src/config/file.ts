// The config file as its one writer sees it: edits with a base hash, copies before each write, a record of each change,
// and word of every change that somebody else makes. A config that does not validate is never written.
import { LoricaError } from "../base/errors.ts";
import { acceptPending } from "./guard/waiting.ts";
import { writeAtomically } from "./keep/atomic.ts";
import type { ConfigFile, ConfigFileOptions, Edit, EditOptions, EditResult } from "./keep/config-file.ts";
import { editOnce, requireBase, textInForce } from "./keep/editing.ts";
import { chooseVersion, versionsThere } from "./keep/going-back.ts";
import { openKeeping } from "./keep/keeping.ts";
import { changesBetween } from "./keep/store.ts";
import { comparablePath, listVersions, readVersion } from "./keep/versions.ts";
import type { LoadedConfig } from "./load.ts";
import { watchConfig } from "./look.ts";

export type {
  ConfigChange,
  ConfigFile,
  ConfigFileOptions,
  ConfigReload,
  ConfigVersion,
  Edit,
  EditOptions,
  EditResult,
  Finding,
  JournalEntry,
  Pending,
  Sealing,
} from "./keep/config-file.ts";
export { digestOf } from "./guard/pending.ts";
export { listVersions as listConfigVersions } from "./keep/versions.ts";

export function createConfigFile(options: ConfigFileOptions): ConfigFile {
  const { paths } = options;
  const keeping = openKeeping(options);
  const { approval, guard, journal, judge, pendingStore, store } = keeping;
  let queue: Promise<unknown> = Promise.resolve();
  /** One change at a time, whether or not the one before it went well. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work, work);
    queue = result.catch(() => undefined);
    return result;
  };
  const edit = (edits: readonly Edit[], about: EditOptions): Promise<EditResult> =>
    editOnce(edits, about, { ...options, ...keeping });
  const approve = async (running: LoadedConfig): Promise<void> => {
    if ((await approval.version()) === undefined) await approval.approve(running, "first start");
  };
  return {
    load: async () => (await import("./load.ts")).loadConfig(options),
    screen: () => inTurn(guard.screen),
    peek: () => inTurn(guard.peek),
    listen: guard.listen,
    state: guard.state,
    pending: async () => pendingStore.list(),
    sealPending: () => inTurn(pendingStore.sealPlain),
    accept: (only, actor, digest) =>
      inTurn(async () => {
        await guard.screen();
        const parts = {
          ...options,
          ...keeping,
          edit: (edits: readonly Edit[], by: string) => edit(edits, { actor: by }),
        };
        return acceptPending({ only, actor, digest }, parts);
      }),
    reject: () =>
      inTurn(async () => {
        await guard.screen();
        return pendingStore.settle();
      }),
    edit: (edits, about) => inTurn(() => edit(edits, about)),
    rollback: (about) =>
      inTurn(async () => {
        const { present, files } = await textInForce(await guard.screen(), { approval, paths });
        const before = await judge(present, files);
        requireBase(before.hash, about.baseHash);
        const next = await chooseVersion({ paths, judge, held: approval.held, to: about.to, hash: before.hash });
        return store.save({ present, before, next, files, secrets: new Map(), ...about });
      }),
    history: async () => ({ versions: await listVersions(paths.configPath), entries: await journal.read() }),
    async compare(version) {
      const [then, now] = [
        await readVersion(comparablePath(paths.configPath, version)),
        await readVersion(paths.configPath),
      ];
      if (then === undefined)
        throw new LoricaError("not_found", `there is no version ${version} yet; ${await versionsThere(paths)}`);
      return changesBetween(await judge(then), await judge(now));
    },
    markGood: (hash) =>
      inTurn(async () => {
        const present = await readVersion(paths.configPath);
        const loaded = await judge(present);
        if (present === undefined || loaded.kind === "invalid" || loaded.hash !== hash) return;
        await store.noteStopped(loaded);
        await writeAtomically(paths.lastGoodPath, present);
      }),
    watch: (current, onReload, signal) =>
      watchConfig({ current, options, approve, screen: guard.screen, onReload, inTurn }, signal),
  };
}
