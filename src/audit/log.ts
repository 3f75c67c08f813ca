// The log as everything but its writer sees it: a sentence for people, and fields for whoever searches.

export type LogFields = Readonly<Record<string, unknown>>;

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/** Logging never throws and never waits. Credentials are taken out of the rendered line, but do not belong in it. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

export const silentLog: Log = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
};
