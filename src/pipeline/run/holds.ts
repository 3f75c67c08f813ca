// Messages that wait for their owner's word: what was said is taken from the broker, done to the rows in one write, and
// answered once nothing of a message is on its way any more. Asked for again after a restart, it does nothing twice.
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import type { OutboxRow } from "../../store/store.ts";
import type { PipelineOptions } from "../settings.ts";

/** Where the owner's words are. */
export type HoldDesk = {
  /** What was said and is not yet known to be done. */
  decided(signal: AbortSignal): Promise<readonly { readonly hold: string; readonly isAllowed: boolean }[]>;
  /** What became of it, for the owner. */
  settled(about: HoldEnd, signal: AbortSignal): Promise<void>;
};

export type HoldEnd = {
  readonly hold: string;
  /** `gone`: nothing of it is kept any more. */
  readonly status: OutboxRow["status"] | "gone";
  readonly reason: string;
};

export type Holds = {
  /** The owner has spoken, or this is a start. */
  take(): Promise<void>;
  /** The outbox has done with this row for now. */
  attempted(row: string): void;
};

type Parts = Pick<PipelineOptions, "store" | "holdDesk" | "report"> & { readonly kick: () => void };

export function createHolds({ store, holdDesk: desk, report, kick }: Parts, signal: AbortSignal): Holds {
  /** By row: the hold whose rows are being sent. */
  const released = new Map<string, string>();
  const refusal = { kind: "refuse", reason: "its owner refused it" } as const;

  async function settle(hold: string, rows: readonly OutboxRow[]): Promise<void> {
    const open = rows.filter(({ status }) => status === "pending" || status === "sending");
    for (const { id } of open) released.set(id, hold);
    if (open.length > 0) return kick();
    for (const { id } of rows) released.delete(id);
    await desk?.settled({ hold, ...endOf(rows) }, bounded(signal, limits.holdTimeoutMs));
  }

  async function look(): Promise<void> {
    for (const { hold, isAllowed } of (await desk?.decided(bounded(signal, limits.holdTimeoutMs))) ?? [])
      await settle(hold, await store.outbox.decide(hold, isAllowed ? { kind: "send" } : refusal));
  }

  const reported = async (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => {
      if (!signal.aborted) report(newId(), error);
    });
  return {
    take: () => reported(look()),
    attempted(row) {
      const hold = released.get(row);
      if (hold !== undefined) void reported(store.outbox.ofHold(hold).then((rows) => settle(hold, rows)));
    },
  };
}

/** Of several pieces, the one that a person must hear of. */
function endOf(rows: readonly OutboxRow[]): Omit<HoldEnd, "hold"> {
  const [first] = rows;
  if (first === undefined) return { status: "gone", reason: "it is kept no longer" };
  const { status, reason = "" } = rows.find((row) => row.status !== "sent") ?? first;
  return { status, reason };
}
