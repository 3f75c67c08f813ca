// People who write over channels: who of them has been let in, who asks to be, and what they are told. Who is in is kept
// in memory too, because every message asks.
import type { AuditLog } from "../../audit/audit.ts";
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import type { Envelope, ReplyAddress } from "../../base/envelope.ts";
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { SenderApproval, SenderPlace, SenderRequest, SenderRole, Store } from "../../store/store.ts";
import { hashCode, matchesCode, newCode } from "./code.ts";

export type Senders = {
  /** What the owner let this sender be; undefined for a stranger. */
  roleOf(place: SenderPlace): SenderRole | undefined;
  /** Whether anybody has been let in as the owner. */
  hasOwner(): boolean;
  /** A stranger has written. They are told of a code once; until that has expired they hear nothing more (PAIR-008). */
  ask(envelope: Envelope, replyTo: ReplyAddress): Promise<"asked" | "waiting" | "full">;
  /** The reply to a request, made when it leaves, with a code that was never anywhere else. Undefined: it is too late. */
  replyFor(requestId: string): Promise<string | undefined>;
  requests(): Promise<readonly SenderRequest[]>;
  approvals(): readonly SenderApproval[];
  approve(which: PairingChoice, role: SenderRole, by: string): Promise<SenderApproval>;
  dismiss(requestId: string, by: string): Promise<SenderRequest>;
  /** Holds at once for what is asked from now on; whoever calls it ends what still runs. */
  revoke(place: SenderPlace, by: string): Promise<boolean>;
  /** An approved sender has written. */
  seen(place: SenderPlace): void;
};

/** By the code that the sender was told, or by the request itself where the owner sees the list. */
export type PairingChoice = { readonly channel: string; readonly account?: string | undefined } & (
  | { readonly code: string }
  | { readonly requestId: string }
);

export type SendersOptions = {
  readonly store: Pick<Store, "senders">;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly report: (error: unknown) => void;
};

export async function openSenders(options: SendersOptions): Promise<Senders> {
  const { store, clock, audit } = options;
  const approved = new Map<string, SenderApproval>();
  const seenAt = new Map<string, number>();
  for (const approval of await store.senders.approvals()) approved.set(keyOf(approval), approval);
  const tries = createTries(clock);

  const record = (what: string, place: SenderPlace, by: string): void =>
    audit.record({
      kind: "pairing",
      verdict: what.startsWith("approved") ? "allow" : "deny",
      rule: "senders",
      actor: by,
      resource: `sender ${what}: ${place.channel}/${place.account}/${place.senderId}`,
    });

  return {
    roleOf: (place) => approved.get(keyOf(place))?.role,
    hasOwner: () => [...approved.values()].some(({ role }) => role === "owner"),
    async ask({ channel, account, sender }, replyTo) {
      const now = clock.now();
      const place = { channel, account, senderId: sender.id };
      const times = { createdAt: now, lastSeenAt: now, expiresAt: now + limits.senderCodeLifetimeMs };
      const request = { id: newId(), ...place, senderName: sender.name, replyTo, ...times };
      const asked = await store.senders.request(request, limits.senderRequestsMax);
      if (asked === "stored") record("asked", place, `${channel}:${account}:${sender.id}`);
      return asked === "stored" ? "asked" : asked;
    },
    async replyFor(requestId) {
      const request = (await store.senders.requests()).find(({ id }) => id === requestId);
      if (request === undefined) return undefined;
      const code = newCode();
      return (await store.senders.setCode(requestId, await hashCode(code))) ? renderReply(request, code) : undefined;
    },
    requests: () => store.senders.requests(),
    approvals: () => [...approved.values()],
    async approve(which, role, by) {
      const request = await findRequest(which, { requests: await store.senders.requests(), tries });
      const approval = await store.senders.approve(request.id, role, by);
      if (approval === undefined) throw gone();
      approved.set(keyOf(approval), approval);
      record(`approved as ${role}`, approval, by);
      return approval;
    },
    async dismiss(requestId, by) {
      const request = (await store.senders.requests()).find(({ id }) => id === requestId);
      if (request === undefined || !(await store.senders.dismiss(requestId))) throw gone();
      record("rejected", request, by);
      return request;
    },
    async revoke(place, by) {
      // Memory first: whatever becomes of the write, this process lets nobody in whom the owner sent away.
      approved.delete(keyOf(place));
      const revoked = await store.senders.revoke(place);
      if (revoked) record("revoked", place, by);
      return revoked;
    },
    seen(place) {
      const key = keyOf(place);
      const now = clock.now();
      const known = approved.get(key);
      if (known === undefined || now - (seenAt.get(key) ?? 0) < limits.senderSeenIntervalMs) return;
      seenAt.set(key, now);
      approved.set(key, { ...known, lastSeenAt: now });
      store.senders.seen(place).catch(options.report);
    },
  };
}

async function findRequest(
  which: PairingChoice,
  { requests, tries }: { readonly requests: readonly SenderRequest[]; readonly tries: Tries },
): Promise<SenderRequest> {
  const { channel, account } = which;
  const here = requests.filter(
    (request) => request.channel === channel && (account === undefined || request.account === account),
  );
  if ("requestId" in which) {
    const request = here.find(({ id }) => id === which.requestId);
    if (request === undefined) throw gone();
    return request;
  }
  // Where nobody waits there is nothing to guess, and no name of a channel is worth remembering.
  if (here.length === 0) throw unknownCode(channel);
  tries.check(channel);
  // All are compared, so that the time this takes does not say which of them was near.
  const matches = await Promise.all(
    here.map(async ({ code }) => code !== undefined && (await matchesCode(which.code, code))),
  );
  const found = here.find((_, at) => matches[at]);
  if (found !== undefined) return found;
  tries.failed(channel);
  throw unknownCode(channel);
}

function unknownCode(channel: string): LoricaError {
  return new LoricaError(
    "not_found",
    `no request on ${channel} has this code. Codes are good for one hour and for one use; see: lorica pairing list ${channel}`,
  );
}

type Tries = { check(channel: string): void; failed(channel: string): void };

/** Whoever guesses is stopped after a few, however right the next guess is. */
function createTries(clock: Clock): Tries {
  const failures = new Map<string, { count: number; since: number }>();
  const recent = (channel: string) => {
    const known = failures.get(channel);
    const isOver = known === undefined || clock.now() - known.since > limits.senderCodeTriesWindowMs;
    return isOver ? { count: 0, since: clock.now() } : known;
  };
  return {
    check(channel) {
      const { count, since } = recent(channel);
      if (count < limits.senderCodeTriesMax) return;
      const retryAfterMs = since + limits.senderCodeTriesWindowMs - clock.now();
      throw new LoricaError(
        "overloaded",
        `${count} wrong codes for ${channel}; try again in ${Math.ceil(retryAfterMs / 60_000)} minutes`,
        { retryAfterMs },
      );
    },
    failed(channel) {
      const known = recent(channel);
      failures.set(channel, { ...known, count: known.count + 1 });
    },
  };
}

function renderReply({ channel, account, senderId }: SenderRequest, code: string): string {
  const where = account === "default" ? "" : ` --account ${account}`;
  return [
    "This assistant answers only people whom its owner has let in.",
    `Your ${channel} id: ${senderId}`,
    `Pairing code: ${code}`,
    "",
    "If you are the owner, or know them, this lets you in:",
    "```",
    `lorica pairing approve ${channel} ${code}${where}`,
    "```",
    "The code is good for one hour. Until then there is no other answer here.",
  ].join("\n");
}

function gone(): LoricaError {
  return new LoricaError("not_found", "this pairing request is gone: answered already, or an hour old");
}

function keyOf({ channel, account, senderId }: SenderPlace): string {
  return JSON.stringify([channel, account, senderId]);
}
