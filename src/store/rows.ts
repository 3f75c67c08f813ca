// What the parts of the store share: the ground they stand on, and JSON columns that only this process ever wrote.
import type { Clock } from "../base/clock.ts";
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
  return JSON.parse(text) as T;
}

export function orUndefined<T>(value: T | null): T | undefined {
  return value ?? undefined;
}

/** Stands for a text that cannot be read any more. */
export const damagedText = "[damaged: this cannot be read any more]";
