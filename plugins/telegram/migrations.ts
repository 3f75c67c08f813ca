// Groups that became supergroups: what was addressed to the old number goes to the new one, also after a restart.
import { isRecord } from "../../src/base/json.ts";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import type { Line } from "./line.ts";

export type Migrations = {
  add(from: number, to: number): Promise<void>;
  /** Where a chat is now. */
  find(chat: number): number;
};

const stateKey = "migrated";

export async function loadMigrations(line: Line): Promise<Migrations> {
  const stored = await line.context.state.get(line.id, stateKey);
  const moved = new Map<number, number>();
  for (const [from, to] of Object.entries(isRecord(stored) ? stored : {})) {
    if (typeof to === "number" && Number.isSafeInteger(to)) moved.set(Number(from), to);
  }
  return {
    async add(from, to) {
      if (moved.get(from) === to) return;
      moved.set(from, to);
      const oldest = moved.keys().next().value;
      if (moved.size > limits.telegramMigrationsMax && oldest !== undefined) moved.delete(oldest);
      await line.context.state.set(line.id, stateKey, Object.fromEntries(moved));
      line.context.report(
        new LoricaError(
          "conflict",
          `the Telegram group ${from} is now ${to}; where the config names ${from}, put ${to} in its place`,
        ),
      );
    },
    find: (chat) => moved.get(chat) ?? chat,
  };
}
