// Step 8: the outbox worker. It takes a row, sends it with the grant that release gave, and keeps the receipt; what the
// platform refuses for now is tried again later, in order per address, and what cannot be known is shown as unknown.
import { codeOf, LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import { withDeadline } from "../base/wait.ts";
import type { Channel, ChannelDefinition, Receipt } from "../channel/channel.ts";
import type { OutboxRow } from "../store/store.ts";
import { knownPlace } from "./channels/order.ts";
import { createPace } from "./channels/pace.ts";
import type { Pace } from "./channels/pace.ts";
import type { ChannelSupervisor } from "./channels/supervise.ts";
import { untilStored } from "./run/patience.ts";
import { placeOf, recipientGone, release } from "./release.ts";
import type { Reason, Reply } from "./release.ts";
import type { PipelineOptions } from "./settings.ts";

export type OpenChannel = { readonly definition: ChannelDefinition; readonly channel: Channel };

export type Delivery = {
  /** Looks for due rows now: something was put into the outbox. */
  kick(): void;
  /** Takes nothing more, and resolves once nothing is being sent. */
  stop(): Promise<void>;
};

export type DeliveryParts = Pick<
  PipelineOptions,
  "store" | "policy" | "audit" | "clock" | "report" | "checkpoint" | "observe"
> &
  Pick<PipelineOptions, "channels" | "senders" | "settings" | "commandOf"> & {
    readonly open: ReadonlyMap<string, OpenChannel>;
    readonly supervisor: Pick<ChannelSupervisor, "sent">;
    readonly attempted?: (id: string) => void;
  };

export function createDelivery(parts: DeliveryParts, signal: AbortSignal): Delivery {
  const { store, clock } = parts;
  const pace = createPace(clock);
  const sending = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  const state = { looking: false, again: false, stopped: false };

  const kick = (): void => {
    state.again = true;
    if (!state.looking && !state.stopped) void look();
  };
  const look = async (): Promise<void> => {
    state.looking = true;
    try {
      while (state.again && !state.stopped) {
        state.again = false;
        await startDue();
      }
      if (!state.stopped) await armTimer();
    } catch (error) {
      parts.report(newId(), error);
      wakeIn(limits.outboxBackoffMs);
    } finally {
      state.looking = false;
    }
    if (state.again) kick();
  };
  const startDue = async (): Promise<void> => {
    const free = limits.sendsConcurrentMax - sending.size;
    if (free <= 0) return;
    // Rows on their way to being taken are still due, so as many more are read as are known.
    const rows = await store.outbox.due(clock.now(), free + sending.size);
    for (const row of rows.filter(({ id }) => !sending.has(id)).slice(0, free)) {
      const sent = deliver(row, { ...parts, pace }, signal)
        .catch((error: unknown) => parts.report(newId(), error))
        .finally(() => {
          sending.delete(row.id);
          parts.attempted?.(row.id);
          kick();
        });
      sending.set(row.id, sent);
    }
  };
  const armTimer = async (): Promise<void> => {
    if (sending.size > 0) return;
    const at = await store.outbox.nextAt();
    if (at !== undefined) wakeIn(at - clock.now());
  };
  const wakeIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(kick, Math.min(limits.outboxBackoffMaxMs, Math.max(10, ms)));
  };
  return {
    kick,
    async stop() {
      state.stopped = true;
      clearTimeout(timer);
      await Promise.all(sending.values());
    },
  };
}

async function deliver(
  row: OutboxRow,
  parts: DeliveryParts & { readonly pace: Pace },
  signal: AbortSignal,
): Promise<void> {
  const { store } = parts;
  const { channel: id } = row.to;
  if (!parts.channels.some((definition) => definition.id === id))
    return store.outbox.end(row.id, "failed", `there is no channel ${id}`);
  const open = parts.open.get(id);
  if (open === undefined)
    return postpone(row, { ms: limits.outboxBackoffMaxMs, reason: `${id} is not running` }, parts);
  const gone = await recipientGone(row, parts);
  if (gone !== undefined) return store.outbox.end(row.id, "held", gone);
  const decision = release(row, await reasonOf(row, parts), parts);
  if (decision.kind === "deny") return store.outbox.end(row.id, "held", decision.reason);
  const wait = open.definition.senders === "stranger" ? parts.pace.waitFor(row.to) : undefined;
  if (wait !== undefined) return postpone(row, wait, parts);
  // Made now and kept nowhere, so that a code which nobody has yet is in no file.
  const text = row.text === "" ? await parts.senders?.replyFor(row.id) : row.text;
  if (text === undefined) return store.outbox.end(row.id, "failed", "nobody waits for it any more");
  if (!(await store.outbox.take(row.id))) return;
  if (row.turnId !== undefined) parts.observe({ point: "reply.released", turnId: row.turnId, outboxId: row.id });
  parts.checkpoint?.("taken");
  const message = { idempotencyKey: row.id, to: row.to, text, media: row.media };
  const receipt = await attempt(open.definition, {
    send: () =>
      withDeadline(signal, limits.sendTimeoutMs, (ending) => open.channel.send(decision.grant, message, ending)),
    report: (error) => parts.report(row.id, error),
  });
  parts.checkpoint?.("sent");
  if (receipt.kind === "sent") parts.supervisor.sent(id, row.to.account);
  await keepReceipt(row, receipt, { ...parts, signal });
  parts.checkpoint?.("receipted");
  recordSend(row, receipt.kind, parts);
}

/** A reply answers its turn's message, or that of the stranger who asked to be let in; an order answers nobody. */
async function reasonOf(row: OutboxRow, parts: DeliveryParts): Promise<Reason> {
  const { store } = parts;
  if (row.turnId !== undefined) {
    const turn = await store.turns.find(row.turnId);
    return { answers: turn && placeOf(turn.replyTo) };
  }
  if (row.text !== "") return { ordered: knownPlace(placeOf(row.to), parts) };
  const request = (await store.senders.requests()).find(({ id }) => id === row.id);
  return { answers: request && placeOf(request.replyTo) };
}

/** A reply that cannot leave now is no failed attempt; one that could not for a day is given up, visibly. */
async function postpone(
  row: OutboxRow,
  { ms, reason }: { readonly ms: number; readonly reason: string },
  { store, clock }: DeliveryParts,
): Promise<void> {
  const now = clock.now();
  if (now - row.createdAt > limits.sendWaitMaxMs) return store.outbox.end(row.id, "failed", reason);
  await store.outbox.postpone(row.id, now + ms, reason);
}

async function keepReceipt(
  row: OutboxRow,
  receipt: Attempt,
  { store, clock, report, signal }: DeliveryParts & { readonly signal: AbortSignal },
): Promise<void> {
  const attempts = row.attempts + 1;
  const { reason } = { reason: "", ...receipt };
  const write = (): Promise<void> => {
    if (receipt.kind === "sent") return store.outbox.sent(row.id, receipt.platformId);
    if (receipt.kind === "unknown") return store.outbox.end(row.id, "unknown", reason);
    if (receipt.kind === "failed" || attempts >= limits.outboxAttemptsMax)
      return store.outbox.end(row.id, "failed", reason);
    return store.outbox.retry(row.id, reason, clock.now() + backoffMs(attempts, receipt.afterMs));
  };
  await untilStored(write, signal, (error, { isFirst }) => {
    if (isFirst) report(row.id, error);
  });
}

type Attempt = Receipt | { readonly kind: "unknown"; readonly reason: string };

/** A send that throws or takes too long may have arrived; it is repeated only where the platform would notice. */
async function attempt(
  { capabilities }: ChannelDefinition,
  { send, report }: { readonly send: () => Promise<Receipt>; readonly report: (error: unknown) => void },
): Promise<Attempt> {
  try {
    return await send();
  } catch (error) {
    report(error);
    const reason = `${error instanceof LoricaError ? error.message : "the channel failed"} (${codeOf(error)})`;
    if (capabilities.idempotentSend) return { kind: "retry", reason, afterMs: 0 };
    return { kind: "unknown", reason: `${reason}; it may have arrived` };
  }
}

function backoffMs(attempts: number, afterMs: number): number {
  const growing = limits.outboxBackoffMs * 2 ** (attempts - 1);
  return Math.min(limits.outboxBackoffMaxMs, Math.max(growing, afterMs));
}

export function recordSend(
  row: Reply & Pick<OutboxRow, "text" | "attempts">,
  result: string,
  { audit }: Pick<DeliveryParts, "audit">,
): void {
  audit.record({
    kind: "effect",
    verb: "message.send",
    agentId: row.agentId,
    sessionKey: row.sessionKey,
    principal: row.principal.id,
    resource: `${row.to.channel}/${row.to.account}/${row.to.recipient}`,
    result: { result, attempts: row.attempts + 1, chars: row.text.length },
  });
}
