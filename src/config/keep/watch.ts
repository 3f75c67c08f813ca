// Notices when the config file, one of its includes or `.env` changes. The folders are watched, not the files, because
// an editor that saves puts a new file in the old one's place.
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import { limits } from "../../base/limits.ts";

export type Watching = {
  /** Absolute; asked again after each change, because includes come and go. */
  readonly files: () => readonly string[];
  /** Called once for any number of changes in quick succession, and never twice at a time. */
  readonly onChange: () => Promise<void>;
  /** The system would not watch, or stopped: nothing will be noticed any more. */
  readonly onLost: (reason: string) => void;
};

export function watchFiles(watching: Watching, signal: AbortSignal): void {
  const watchers = new Map<string, FSWatcher>();
  let wanted: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  let running: Promise<void> = Promise.resolve();
  // What an event was lost for is found by looking: nothing stays unnoticed for longer than this.
  const scan = setInterval(() => changed(), limits.watchdogScanMs).unref();

  const close = (): void => {
    clearTimeout(timer);
    clearInterval(scan);
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
  const lost = (error: unknown): void => {
    close();
    watching.onLost(error instanceof Error ? error.message : String(error));
  };
  // Quiet for a moment, so that an editor has finished; but somebody who never stops writing is not waited for.
  const changed = (): void => {
    const now = performance.now();
    if (timer === undefined) since = now;
    clearTimeout(timer);
    const latest = since + limits.configReloadMaxMs - now;
    timer = setTimeout(
      () => {
        timer = undefined;
        running = running.then(watching.onChange).then(follow).catch(lost);
      },
      Math.max(0, Math.min(limits.configReloadDebounceMs, latest)),
    );
    timer.unref();
  };
  const open = (folder: string): FSWatcher =>
    watch(folder, { persistent: false }, (_event, name) => {
      if (name === null || wanted.get(folder)?.has(name) === true) changed();
    }).on("error", lost);
  // A folder that stays is never let go in between: what happens in that moment would be lost. Into a new one somebody
  // may have written before it was watched, so it is looked at once more.
  const follow = (): void => {
    if (signal.aborted) return;
    wanted = byFolder(watching.files());
    for (const [folder, watcher] of watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of wanted.keys()) {
      if (watchers.has(folder)) continue;
      watchers.set(folder, open(folder));
      changed();
    }
  };

  signal.addEventListener("abort", close, { once: true });
  try {
    follow();
  } catch (error) {
    lost(error);
  }
}

function byFolder(files: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  for (const file of files) folders.set(dirname(file), (folders.get(dirname(file)) ?? new Set()).add(basename(file)));
  return folders;
}
