// The log: one JSON object a line, redacted after it is rendered, whoever wrote it. What comes from the gateway is read
// as data and rendered again, so that no line of its can pass for one of the broker's.
import { pino } from "pino";
import type { Log, LogFields, LogLevel } from "../audit.ts";
import type { Clock } from "../../base/clock.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { redactedMark, redactJsonLine } from "../../dlp/dlp.ts";
import type { Redactor } from "../../dlp/dlp.ts";
import { openRotatingFile } from "./rotating-file.ts";

export type LogThreshold = LogLevel | "silent";

export type LogSettings = {
  readonly level: LogThreshold;
  readonly consoleLevel: LogThreshold;
  readonly consoleStyle: "pretty" | "json";
};

export type LogWriterOptions = {
  readonly path: string;
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly settings: LogSettings;
  readonly redactor: Redactor;
  readonly clock: Clock;
  /** The disk is nearly full: nothing goes to the file meanwhile. */
  readonly isLow?: () => boolean;
  /** The terminal, a line at a time. */
  readonly print: (line: string) => void;
};

export type LogWriter = {
  readonly path: string;
  /** The log of one part of the broker. */
  source(name: string): Log;
  /** One line that a child process printed: JSON of its logger, or anything at all. */
  accept(source: string, line: string, fallback: LogLevel): void;
  /** Takes effect with the next line. */
  configure(settings: LogSettings, redactor: Redactor): void;
  close(): void;
};

const ranks = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: 100 } as const;
const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const satisfies readonly LogLevel[];

/** Names that a line has already; a field of the same name would make one key mean two things. */
const reserved: ReadonlySet<string> = new Set(["level", "time", "source", "msg", "message", "pid", "hostname", "v"]);

/** Renders lines as the whole product does. Also used in the gateway, whose lines go to the broker. */
export function createLog(options: {
  readonly bindings: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly write: (line: string, level: LogLevel) => void;
}): Log {
  let current: LogLevel = "info";
  const logger = pino(
    {
      level: "trace",
      base: options.bindings,
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => options.write(line.trimEnd(), current) },
  );
  const write = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    current = level;
    logger[level](renameReserved(fields), message);
  };
  return Object.fromEntries(
    levels.map((level) => [level, (message: string, fields?: LogFields) => write(level, message, fields)]),
  ) as Log;
}

export function openLogWriter(options: LogWriterOptions): LogWriter {
  const { path, maxBytes, maxFiles, clock } = options;
  let { settings, redactor } = options;
  const now = (): string => new Date(clock.now()).toISOString();
  const file = openRotatingFile({
    path,
    maxBytes,
    maxFiles,
    ...(options.isLow === undefined ? {} : { isLow: options.isLow }),
    describeLoss: (lines, errno) =>
      JSON.stringify({ level: "error", time: now(), source: "log", msg: `${lines} lines were lost`, errno }),
  });

  function write(rendered: string, level: LogLevel): void {
    const wantsFile = ranks[level] >= ranks[settings.level];
    const wantsConsole = ranks[level] >= ranks[settings.consoleLevel];
    if (!wantsFile && !wantsConsole) return;
    const bounded = rendered.length > limits.logLineMaxBytes ? shorten(rendered) : rendered;
    const redacted = redactJsonLine(redactor, bounded);
    const line = redacted.ok
      ? redacted.value
      : JSON.stringify({ level, time: now(), source: "log", msg: redactedMark });
    if (wantsFile) file.write(line);
    if (wantsConsole) options.print(settings.consoleStyle === "json" ? line : renderPretty(line));
  }

  const sources = new Map<string, Log>();
  function source(name: string): Log {
    const log = sources.get(name) ?? createLog({ bindings: { source: name }, clock, write });
    sources.set(name, log);
    return log;
  }

  return {
    path,
    source,
    accept(name, line, fallback) {
      const json = line.length <= limits.logLineMaxBytes ? parseJson(line) : undefined;
      if (json?.ok !== true || !isRecord(json.value) || typeof json.value["msg"] !== "string") {
        const cut = line.length > limits.logLineMaxBytes ? `${line.slice(0, limits.logLineMaxBytes / 4)}…` : line;
        return source(name)[fallback](cut);
      }
      const { level, msg, time: _, source: part, ...fields } = json.value;
      const known = levels.find((each) => each === level) ?? fallback;
      source(name)[known](msg, typeof part === "string" ? { ...fields, part } : fields);
    },
    configure(next, nextRedactor) {
      settings = next;
      redactor = nextRedactor;
    },
    close: () => file.close(),
  };
}

function renameReserved(fields: LogFields | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields ?? {}).map(([name, value]) => [reserved.has(name) ? `${name}_` : name, value]),
  );
}

/** What is left of a line that is too long: its head, and the beginning of its message. */
function shorten(rendered: string): string {
  const line = parseJson(rendered);
  const { level, time, source, msg } = line.ok && isRecord(line.value) ? line.value : {};
  const text = String(msg).slice(0, limits.logLineMaxBytes / 4);
  return JSON.stringify({ level, time, source, msg: text, truncatedFromChars: rendered.length });
}

/** For a terminal: no control character of a message reaches it. */
function renderPretty(line: string): string {
  const json = parseJson(line);
  if (!json.ok || !isRecord(json.value)) return redactedMark;
  const { level, time, source, msg, ...fields } = json.value;
  // An operating error says it all; where in the code it was noticed is in the file.
  const said = (value: unknown) => (isRecord(value) && value["name"] === "LoricaError" ? value["message"] : value);
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(said(value))}`);
  const text = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(source)}: ${String(msg)}${rest.join("")}`;
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, " ");
}
