// Reading what commander collected: each option as what it should be, or an error that names the option and its range.
import { LoricaError } from "../base/errors.ts";

export type Options = {
  flag(name: string): boolean;
  /** True where `--no-<name>` was given. */
  off(name: string): boolean;
  text(name: string): string | undefined;
  /** Of an option that takes several words, or comes several times. */
  list(name: string): readonly string[];
  whole(name: string, range: { readonly min: number; readonly max: number }): number | undefined;
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined;
  /** Milliseconds, from `500ms`, `30s`, `5m`, `2h` or a bare number of seconds. */
  duration(name: string): number | undefined;
};

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `values` by commander's names: `--custom-base-url` is `customBaseUrl`. */
export function createOptions(values: Readonly<Record<string, unknown>>): Options {
  return {
    flag: (name) => values[name] === true,
    off: (name) => values[name] === false,
    text: (name) => textOf(values[name]),
    list: (name) => [values[name] ?? []].flat().filter((value) => typeof value === "string"),
    whole: (name, range) => {
      const text = textOf(values[name]);
      return text === undefined ? undefined : parseWhole(name, text, range);
    },
    choice: (name, choices) => {
      const text = textOf(values[name]);
      if (text === undefined) return undefined;
      const found = choices.find((choice) => choice === text);
      if (found === undefined) throw wrong(name, `one of ${choices.join(", ")}`, text);
      return found;
    },
    duration: (name) => {
      const text = textOf(values[name]);
      return text === undefined ? undefined : parseDuration(name, text);
    },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function parseWhole(name: string, text: string, range: { readonly min: number; readonly max: number }): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < range.min || value > range.max)
    throw wrong(name, `a whole number from ${range.min} to ${range.max}`, text);
  return value;
}

export function parseDuration(name: string, text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(text);
  if (match === null) throw wrong(name, "a duration such as 500ms, 30s, 5m or 2h", text);
  return Number(match[1]) * (unitsMs[match[2] ?? "s"] ?? 1_000);
}

function wrong(name: string, expected: string, text: string): LoricaError {
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return new LoricaError("invalid_request", `${flag} takes ${expected}, not ${JSON.stringify(text)}`);
}
