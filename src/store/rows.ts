// What the parts of the store share: the ground they stand on, and JSON columns that only this process ever wrote.
import type { Clock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import type { Database } from "./database.ts";
import type { Seals } from "./seal/seals.ts";

export type Ground = {
  readonly database: Database;
  readonly clock: Clock;
  readonly epoch: number;
  readonly seals: Seals;
};

export function toJson(value: unknown): string {
  return JSON.stringify(value);
}

/** Reads back a column that `toJson` wrote. The database is inside the trust boundary, so its shape is believed. */
export function fromJson<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    const message =
      "a value in the database is damaged; lorica doctor names it, and lorica backup restore gets it back";
    throw new LoricaError("internal", message, { cause });
  }
}

/** Whether `fromJson` would read it: for rows that must not stand in the way of others. */
export function isJson(text: string): boolean {
  return parseJson(text).ok;
}

export function orUndefined<T>(value: T | null): T | undefined {
  return value ?? undefined;
}

/** Stands for a text that cannot be read any more. */
export const damagedText = "[damaged: this cannot be read any more]";
