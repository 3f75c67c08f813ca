// A program on a real terminal: typed into, watched, resized.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { Writable } from "node:stream";
import { Screen } from "./screen.ts";

const patienceMs = 30_000;

export type Terminal = {
  readonly screen: Screen;
  type(keys: string): void;
  resize(rows: number, columns: number): void;
  /** Once it can be seen; throws with what can be seen instead. */
  until(seen: RegExp | ((text: string) => boolean), withinMs?: number): Promise<string>;
  /** The exit status. */
  readonly ended: Promise<number | null>;
  /** Everything that the program wrote, as it wrote it. */
  raw(): string;
  kill(): void;
};

export function openTerminal(
  command: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly rows?: number; readonly columns?: number },
): Terminal {
  const { rows = 40, columns = 100 } = options;
  const screen = new Screen(rows, columns);
  const child = spawn(
    "python3",
    [join(import.meta.dirname, "on-terminal.py"), String(rows), String(columns), ...command],
    {
      env: { TERM: "xterm-256color", ...options.env },
      stdio: ["pipe", "pipe", "inherit", "pipe"],
    },
  );
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("the program has no streams");
  let raw = "";
  const watchers = new Set<() => void>();
  stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
    screen.write(text);
    for (const watcher of watchers) watcher();
  });
  stdin.on("error", () => undefined);
  const orders = child.stdio[3];
  if (!(orders instanceof Writable)) throw new Error("descriptor 3 is missing");
  const ended = new Promise<number | null>((done) => child.once("close", done));
  return {
    screen,
    ended,
    raw: () => raw,
    type: (keys) => void stdin.write(keys),
    resize(nextRows, nextColumns) {
      screen.resize(nextRows, nextColumns);
      orders.write(`${nextRows} ${nextColumns}\n`);
    },
    async until(seen, withinMs = patienceMs) {
      const isSeen = (): boolean => (typeof seen === "function" ? seen(screen.text()) : seen.test(screen.text()));
      if (isSeen()) return screen.text();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const fail = (why: string) => (): void =>
        reject(new Error(`${why}, and never showed ${String(seen)}:\n${screen.text()}`));
      const timer = setTimeout(fail(`${withinMs / 1_000} s passed`), withinMs);
      void ended.then(fail("it ended"));
      const watcher = (): void => (isSeen() ? resolve() : undefined);
      watchers.add(watcher);
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        watchers.delete(watcher);
      }
      return screen.text();
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
