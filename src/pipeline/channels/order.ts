// What the owner has the gateway write by itself, answering nobody: to people and rooms that they let in, and to no one
// else. It leaves through the same outbox as every reply, with a grant of its own and at the same pace.
import type { ReplyPlace } from "../../base/action.ts";
import type { ReplyAddress } from "../../base/envelope.ts";
import { LoricaError } from "../../base/errors.ts";
import { sha256 } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { owner } from "../../base/principal.ts";
import { unlessAborted } from "../../base/wait.ts";
import { splitMarkdown } from "../../channel/channel.ts";
import type { OutboxDraft, OutboxRow } from "../../store/store.ts";
import { createHolds } from "../run/holds.ts";
import type { ChannelState, Pipeline } from "../pipeline.ts";
import type { ChannelAccess, PipelineOptions } from "../settings.ts";

export type Order = {
  readonly channel: string;
  readonly account: string;
  /** A platform's id of a person or a room, or `self` for the owner. */
  readonly recipient: string;
  readonly thread?: string | undefined;
  readonly text: string;
  readonly agentId: string;
  /** The same key again is the same order, and is not sent twice. */
  readonly idempotencyKey: string;
};

/** `pending`: it is stored and will leave, but not within the time that the caller waits. */
export type Ordered = {
  readonly id: string;
  readonly recipient: string;
  readonly status: OutboxRow["status"];
  readonly receipt: string | undefined;
  readonly reason: string | undefined;
};

export type Orders = {
  send(order: Order, signal: AbortSignal): Promise<Ordered>;
  /** Where the owner can be written to, on these channels. */
  owners(channels: readonly ChannelState[]): ReturnType<Pipeline["owners"]>;
  /** The owner has said what becomes of what was held. */
  takeWord(): Promise<void>;
  /** The outbox has done with this row for now. */
  attempted(id: string): void;
};

type Knowing = Pick<PipelineOptions, "settings" | "senders">;

export type OrderParts = Knowing &
  Pick<PipelineOptions, "store" | "channels" | "dlp" | "holdDesk" | "report"> & {
    readonly kick: () => void;
    /** Whether the channel was stopped by hand: nothing leaves over it until somebody starts it. */
    readonly isHeld: (channel: string) => boolean;
  };

export function createOrders(parts: OrderParts, sendsEnd: AbortSignal): Orders {
  const { store } = parts;
  const holds = createHolds(parts, sendsEnd);
  /** One for all who wait for a row: an order that is repeated while it waits has two. */
  const waiting = new Map<string, PromiseWithResolvers<void>>();

  function wake(id: string): void {
    waiting.get(id)?.resolve();
    waiting.delete(id);
  }

  async function untilSettled(id: string, signal: AbortSignal): Promise<OutboxRow | undefined> {
    for (;;) {
      const next = waiting.get(id) ?? Promise.withResolvers<void>();
      waiting.set(id, next);
      const row = await store.outbox.find(id);
      const isOnItsWay = row?.status === "sending" || (row?.status === "pending" && !parts.isHeld(row.to.channel));
      if (!isOnItsWay || signal.aborted) {
        // Whoever else waits looks for themselves.
        wake(id);
        return row;
      }
      parts.kick();
      await unlessAborted(next.promise, signal).catch(() => undefined);
    }
  }

  return {
    async send(order, signal) {
      if (order.text.trim() === "") throw new LoricaError("invalid_request", "there is nothing to send");
      const to = addressOf(order, parts);
      const pending = await store.outbox.list({ status: "pending", limit: limits.ordersPendingMax });
      if (pending.length >= limits.ordersPendingMax)
        throw new LoricaError("overloaded", `${pending.length} messages wait to be sent already; try again later`);
      const id = `order-${sha256(order.idempotencyKey).slice(0, 32)}`;
      const screened = await screenOrder(order, { to, known: await store.outbox.find(id) }, { ...parts, signal });
      const drafts = draftsOf(screened, { id, to, charsMax: charsMax(order, parts) });
      const { agentId } = order;
      const stored = await store.outbox.order(drafts, { turnId: null, sessionKey: "", agentId, principal: owner });
      if (stored === "different")
        throw new LoricaError("conflict", "this idempotency key was used for another message");
      // The last piece leaves last.
      const row = await untilSettled(drafts.at(-1)?.id ?? id, signal);
      return {
        id,
        recipient: to.recipient,
        status: row?.status ?? "pending",
        receipt: row?.receipt,
        reason: row?.reason ?? (parts.isHeld(to.channel) ? `${to.channel} is stopped` : undefined),
      };
    },
    owners: (channels) =>
      channels.flatMap(({ channel, accounts }) =>
        accounts.flatMap(({ id: account }) =>
          ownersAt({ channel, account }, parts).map((recipient) => ({ channel, account, recipient })),
        ),
      ),
    takeWord: holds.take,
    attempted(id) {
      wake(id);
      holds.attempted(id);
    },
  };
}

/** What fits into one message: the platform's word, or the account's where that is less. */
function charsMax({ channel, account }: Order, { channels, settings }: OrderParts): number {
  const capable = channels.find(({ id }) => id === channel)?.capabilities.textMaxChars ?? limits.replyMaxChars;
  return Math.min(capable, settings().access?.(channel, account)?.textMaxChars ?? limits.replyMaxChars);
}

function draftsOf(
  { words, settled }: Screened,
  { id, to, charsMax: most }: { readonly id: string; readonly to: ReplyAddress; readonly charsMax: number },
): readonly OutboxDraft[] {
  const label = { integrity: "owner", readers: [owner.id, `${to.channel}:${to.account}:${to.recipient}`] } as const;
  return splitMarkdown(words, most).map((text, at) => ({
    id: at === 0 ? id : `${id}-${at}`,
    to,
    text,
    media: [],
    label,
    ...(settled === undefined ? {} : { settled }),
  }));
}

const waits = "it waits for its owner, who sends it with lorica dlp allow";

type Screened = { readonly words: string; readonly settled?: OutboxDraft["settled"] };

/** Throws where it must not leave. What its owner must be asked about waits in the outbox; asked again, it waits there already. */
async function screenOrder(
  { agentId, text }: Order,
  { to: address, known }: { readonly to: ReplyAddress; readonly known: OutboxRow | undefined },
  parts: OrderParts & { readonly signal: AbortSignal },
): Promise<Screened> {
  const { channel, account, recipient } = address;
  const to = `${channel}:${account}:${recipient}`;
  // To themselves the owner may write of anybody.
  const isOwner = ownersAt(address, parts).includes(recipient);
  const keeps = parts.holdDesk !== undefined && known === undefined;
  const question = { point: "order", agentId, sessionKey: "", to, isOwner, keeps, texts: [text] } as const;
  const { verdict, texts, reason, hold = known?.hold } = await parts.dlp.inspect(question, parts.signal);
  if (verdict === "hold" && hold !== undefined)
    return { words: texts[0] ?? "", settled: { status: "held", reason: `${waits}: it holds ${reason}`, hold } };
  if (verdict === "block" || verdict === "hold")
    throw new LoricaError("forbidden", `the message was not sent: it holds ${reason}`);
  return { words: texts[0] ?? "" };
}

/** Throws with what the owner can do about it. */
function addressOf({ channel, account, recipient, thread }: Order, parts: OrderParts): ReplyAddress {
  const access = parts.settings().access?.(channel, account);
  const isKnown = parts.channels.some(({ id, senders }) => id === channel && senders === "stranger");
  if (!isKnown || access === undefined)
    throw new LoricaError("not_found", `no account ${account} of a channel ${JSON.stringify(channel)} is switched on`);
  const to = { channel, account, recipient: recipient === "self" ? ownerAt({ channel, account }, parts) : recipient };
  if (knownPlace(to, parts) === undefined)
    throw new LoricaError(
      "forbidden",
      `${JSON.stringify(to.recipient)} is nobody whom you let in on ${channel}; approve them first, or name them in channels.${channel}`,
    );
  return { ...to, ...(thread === undefined ? {} : { thread }) };
}

type At = { readonly channel: string; readonly account: string };

/** Whom an account of a channel knows as the owner, by the config's word or by an approval. */
function ownersAt({ channel, account }: At, parts: Knowing): readonly string[] {
  const named = [...(parts.settings().owners ?? [])].flatMap((entry) =>
    entry.startsWith(`${channel}:`) ? [entry.slice(channel.length + 1)] : [],
  );
  const approved = (parts.senders?.approvals() ?? [])
    .filter((one) => one.channel === channel && one.account === account && one.role === "owner")
    .map(({ senderId }) => senderId);
  return [...new Set([...named, ...approved])];
}

function ownerAt({ channel, account }: At, parts: Knowing): string {
  const [first, ...others] = ownersAt({ channel, account }, parts);
  if (first === undefined)
    throw new LoricaError(
      "not_found",
      `nobody on ${channel} is known as the owner. Approve yourself with --owner, or set commands.ownerAllowFrom`,
    );
  if (others.length === 0) return first;
  throw new LoricaError(
    "invalid_request",
    `there are several owners on ${channel}; name one of them: ${[first, ...others].join(", ")}`,
  );
}

/**
 * The place, where the config or an approval names it. Asked again when the message leaves: whoever was sent away
 * meanwhile gets nothing. A direct chat has the id of the person in it.
 */
export function knownPlace(place: ReplyPlace, { settings, senders }: Knowing): ReplyPlace | undefined {
  const { channel, account, recipient } = place;
  const access = settings().access?.(channel, account);
  if (access === undefined) return undefined;
  const isOwner = settings().owners?.has(`${channel}:${recipient}`) === true;
  const isPerson =
    isOwner ||
    access.allowFrom.includes(recipient) ||
    senders?.roleOf({ channel, account, senderId: recipient }) !== undefined;
  const isLet = (isPerson && access.dmPolicy !== "disabled") || isListedRoom(recipient, access);
  return isLet && recipient !== "*" ? { channel, account, recipient } : undefined;
}

function isListedRoom(id: string, access: ChannelAccess): boolean {
  if (access.groupPolicy === "disabled") return false;
  const own = Object.hasOwn(access.groups, id) ? access.groups[id] : undefined;
  return own === undefined ? access.allowedGroups.includes(id) : own.enabled;
}
