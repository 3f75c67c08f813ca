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
  let watchers: readonly FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const close = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  };
  const lost = (error: unknown): void => {
    close();
    watching.onLost(error instanceof Error ? error.message : String(error));
  };
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running
        .then(watching.onChange)
        .then(() => {
          if (!signal.aborted) open();
        })
        .catch(lost);
    }, limits.configReloadDebounceMs);
    timer.unref();
  };
  const open = (): void => {
    close();
    const names = new Map<string, Set<string>>();
    for (const file of watching.files())
      names.set(dirname(file), (names.get(dirname(file)) ?? new Set()).add(basename(file)));
    try {
      watchers = [...names].map(([folder, wanted]) =>
        watch(folder, { persistent: false, signal }, (_event, name) => {
          if (name === null || wanted.has(name)) changed();
        }).on("error", lost),
      );
    } catch (error) {
      lost(error);
    }
  };

  signal.addEventListener(
    "abort",
    () => {
      clearTimeout(timer);
      close();
    },
    { once: true },
  );
  if (!signal.aborted) open();
}
