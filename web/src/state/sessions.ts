// The list of conversations, and what can be done to one.
import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { SessionRow } from "../../../src/protocol/shapes.ts";
import type { Call } from "../wire/frames.ts";

export type Sessions = {
  readonly rows: ReadonlySignal<readonly SessionRow[]>;
  readonly isLoaded: ReadonlySignal<boolean>;
  refresh(): Promise<void>;
  /** In a moment, and once for many changes. */
  refreshSoon(): void;
  /** A conversation in which nothing has been said yet. */
  isNew(key: string): boolean;
  rename(key: string, label: string): Promise<void>;
  remove(key: string): Promise<void>;
  chooseModel(key: string, model: string | null): Promise<void>;
};

const listMax = 200;
const refreshDelayMs = 150;
const labelMaxChars = 48;

export function createSessions(call: Call): Sessions {
  const rows = signal<readonly SessionRow[]>([]);
  const isLoaded = signal(false);
  let wanted = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  return {
    rows,
    isLoaded,
    async refresh() {
      const mine = (wanted += 1);
      const { sessions } = await call("sessions.list", { limit: listMax });
      // Answers may come out of order; only the last question's counts.
      if (mine !== wanted) return;
      rows.value = sessions;
      isLoaded.value = true;
    },
    refreshSoon() {
      clearTimeout(timer);
      // A lost connection is all that can go wrong here, and whoever comes back reads everything anyway.
      timer = setTimeout(() => void this.refresh().catch(() => undefined), refreshDelayMs);
    },
    isNew: (key) => isLoaded.value && !rows.value.some((row) => row.key === key),
    async rename(key, label) {
      await call("sessions.patch", { key, label: label.trim() === "" ? null : label.trim() });
      await this.refresh();
    },
    async remove(key) {
      await call("sessions.delete", { key });
      await this.refresh();
    },
    async chooseModel(key, model) {
      await call("sessions.patch", { key, model });
      await this.refresh();
    },
  };
}

/** What a conversation is called before anybody names it: how it began. */
export function labelFrom(message: string): string | undefined {
  const line = message.trim().split("\n", 1)[0]?.trim() ?? "";
  if (line === "" || line.startsWith("/")) return undefined;
  return line.length <= labelMaxChars ? line : `${line.slice(0, labelMaxChars - 1).trimEnd()}…`;
}

export function newSessionKey(agentId: string): string {
  return `agent:${agentId}:dashboard:${crypto.randomUUID()}`;
}
