// Notices when the config file, one of its includes or `.env` changes. The folders are watched, not the files, because
// an editor that saves puts a new file in the old one's place.
import { statSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import { limits } from "../../base/limits.ts";

/** A file of this name stands for every file of its folder. */
const anyName = "*";

export type Watching = {
  /** Absolute; asked again after each change, because includes come and go. */
  readonly files: () => readonly string[];
  /** Called once for any number of changes in quick succession, and never twice at a time. */
  readonly onChange: () => Promise<void>;
  /** The system would not watch, or a look failed. It is tried again at the next scan, which finds what was missed. */
  readonly onLost: (reason: string) => void;
};

export function watchFiles(watching: Watching, signal: AbortSignal): void {
  let running: Promise<void> = Promise.resolve();
  let said: string | undefined;
  // Each reason once, until it is gone: what cannot be watched now is tried again at each scan.
  const lost = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === said) return;
    said = reason;
    watching.onLost(reason);
  };
  const look = async (): Promise<void> => {
    try {
      await watching.onChange();
      if (folders.follow()) said = undefined;
    } catch (error) {
      lost(error);
      folders.follow();
    }
  };
  const quiet = createQuiet(() => {
    running = running.then(look).catch(lost);
  });
  const folders = createFolders({ files: watching.files, changed: quiet.changed, lost });
  // What an event was lost for is found by looking: nothing stays unnoticed for longer than this.
  const scan = setInterval(quiet.changed, limits.watchdogScanMs).unref();
  signal.addEventListener(
    "abort",
    () => {
      clearInterval(scan);
      quiet.close();
      folders.close();
    },
    { once: true },
  );
  folders.follow();
}

/** Quiet for a moment, so that an editor has finished; but somebody who never stops writing is not waited for. */
function createQuiet(then: () => void): { readonly changed: () => void; readonly close: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  return {
    changed() {
      const now = performance.now();
      if (timer === undefined) since = now;
      clearTimeout(timer);
      const latest = since + limits.configReloadMaxMs - now;
      const waitMs = Math.max(0, Math.min(limits.configReloadDebounceMs, latest));
      timer = setTimeout(() => {
        timer = undefined;
        then();
      }, waitMs).unref();
    },
    close: () => clearTimeout(timer),
  };
}

type Folders = {
  readonly files: Watching["files"];
  readonly changed: () => void;
  readonly lost: (error: unknown) => void;
};

/** The folders of the files, and the folders above: one that is moved away takes its watcher along. */
function createFolders({ files, changed, lost }: Folders) {
  const watchers = new Map<string, { readonly watcher: FSWatcher; readonly identity: string }>();
  let wanted: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  let isClosed = false;

  const letGo = (folder: string): void => {
    watchers.get(folder)?.watcher.close();
    watchers.delete(folder);
  };
  const open = (folder: string): FSWatcher =>
    watch(folder, { persistent: false }, (_event, name) => {
      const names = wanted.get(folder);
      if (name === null || names?.has(name) === true || names?.has(anyName) === true) changed();
    }).on("error", (error) => {
      letGo(folder);
      lost(error);
    });
  return {
    /** Whether all is watched. */
    follow(): boolean {
      if (isClosed) return true;
      const present = files();
      const needed = new Set(present.map((file) => dirname(file)));
      wanted = byFolder(present);
      for (const [folder, { identity }] of watchers)
        if (!wanted.has(folder) || identityOf(folder) !== identity) letGo(folder);
      let isWhole = true;
      for (const folder of wanted.keys()) {
        const identity = identityOf(folder);
        // One that stays is never let go in between: what happens in that moment would be lost.
        if (watchers.has(folder) || identity === undefined) continue;
        try {
          watchers.set(folder, { watcher: open(folder), identity });
          // Somebody may have written into a new one before it was watched.
          changed();
        } catch (error) {
          // The folder above may be nobody's to read; without it the scan finds what was moved.
          if (!needed.has(folder)) continue;
          isWhole = false;
          lost(error);
        }
      }
      return isWhole;
    },
    close(): void {
      isClosed = true;
      for (const folder of watchers.keys()) letGo(folder);
    },
  };
}

/** Undefined where there is no such folder: what is not there has nothing in it to watch. */
function identityOf(folder: string): string | undefined {
  const stat = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}

/** Each folder with the names in it that matter, its own name in the folder above among them. */
function byFolder(files: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  const add = (path: string): void =>
    void folders.set(dirname(path), (folders.get(dirname(path)) ?? new Set()).add(basename(path)));
  for (const file of files) {
    add(file);
    add(dirname(file));
  }
  return folders;
}
