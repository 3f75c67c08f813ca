// What a command says and to whom: results to stdout, everything else to stderr, colour only for a person who watches.
import { styleText } from "node:util";
import type { Output } from "./context.ts";
import { stripControls } from "../base/text/controls.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export type Io = {
  /** True: results are one JSON value for a program. */
  readonly json: boolean;
  readonly width: number;
  /** True: a person watches stdout. */
  readonly interactive: boolean;
  /** A line of the result. */
  line(text?: string): void;
  /** Text as it is, without a newline: streaming. */
  write(text: string): void;
  /** The result: `value` for a program, what `render` makes of it for a person. */
  result(value: unknown, render: () => void): void;
  /** For the person, never part of the result. */
  note(text: string): void;
  style(style: Style, text: string): string;
  /** Shows that something goes on where `work` takes longer than a second. */
  progress<T>(what: string, work: Promise<T>): Promise<T>;
  /** The exit status of a command that worked and whose answer is bad news. */
  exitWith(status: number): void;
};

const progressAfterMs = 800;
const progressEveryMs = 120;
/** Without a terminal there is one line, which stays; it is worth that only where somebody may think it hangs. */
const plainProgressAfterMs = 10_000;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

export type IoSettings = {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly json: boolean;
  readonly color: boolean;
  readonly onExit: (status: number) => void;
};

export function createIo(settings: IoSettings): Io {
  const { stdout, stderr, json, color } = settings;
  const spinner = createSpinner(stderr);
  // Whatever is said takes the spinner's line; clearing that line afterwards would erase what was said.
  const say = (stream: Output, text: string): void => {
    spinner.clear();
    stream.write(text);
  };
  return {
    json,
    width: stdout.columns ?? 100,
    interactive: stdout.isTTY === true && !json,
    line: (text = "") => say(stdout, `${text}\n`),
    write: (text) => say(stdout, text),
    result: (value, render) => {
      if (json) say(stdout, `${JSON.stringify(value, null, 2)}\n`);
      else render();
    },
    note: (text) => say(stderr, `${text}\n`),
    style: (style, text) => (color ? styleText(style, text, { validateStream: false }) : text),
    async progress(what, work) {
      spinner.start(what);
      try {
        return await work;
      } finally {
        spinner.clear();
      }
    },
    exitWith: settings.onExit,
  };
}

/** Text from a model, a tool or a file, made safe for a terminal that obeys escape sequences. */
export function showable(io: Pick<Io, "interactive">, text: string): string {
  return io.interactive ? stripControls(text) : text;
}

function createSpinner(stderr: Output): { start(what: string): void; clear(): void } {
  const animated = stderr.isTTY === true;
  const afterMs = animated ? progressAfterMs : plainProgressAfterMs;
  let timer: NodeJS.Timeout | undefined;
  let shown = 0;
  const clear = (): void => {
    clearInterval(timer);
    if (animated && shown > 0) stderr.write("\r\u001B[K");
    shown = 0;
  };
  return {
    clear,
    start(what) {
      clear();
      const startedAt = performance.now();
      const show = (): void => {
        if (performance.now() - startedAt < afterMs) return;
        if (animated) stderr.write(`\r${frames[shown % frames.length]} ${what} …`);
        else if (shown === 0) stderr.write(`${what} …\n`);
        shown += 1;
      };
      timer = setInterval(show, progressEveryMs);
    },
  };
}
