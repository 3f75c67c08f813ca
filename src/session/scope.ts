// Which conversation a message belongs to: from who wrote where, and how the owner wants conversations kept apart.
import type { Chat } from "../base/envelope.ts";
import { encodeSegment, foldCase, sessionKey } from "./key.ts";
import type { SessionKey } from "./key.ts";

export type SessionScope = {
  /** `main`: everybody's direct chats are one conversation, the owner's own. The others keep peers apart. */
  readonly dmScope: "main" | "per-peer" | "per-channel-peer" | "per-account-channel-peer";
  readonly groupScope: "per-group" | "main";
  readonly scope: "per-sender" | "global";
  /** Name of a person → `channel:sender id` of each of their accounts. No effect while `dmScope` is `main`. */
  readonly identityLinks: Readonly<Record<string, readonly string[]>>;
};

export type SessionOrigin = {
  readonly agentId: string;
  readonly channel: string;
  readonly account: string;
  readonly chat: Chat;
  readonly senderId: string;
};

export function sessionKeyFor(origin: SessionOrigin, scope: SessionScope): SessionKey {
  const { agentId, chat } = origin;
  if (scope.scope === "global") return sessionKey(agentId, ["global"]);
  if (chat.kind !== "direct") {
    if (scope.groupScope === "main") return sessionKey(agentId, ["main"]);
    return build(agentId, [origin.channel, chat.kind, chat.id, ...threadOf(origin)]);
  }
  // The owner's own terminal has no peers to be kept apart from.
  if (scope.dmScope === "main" || origin.channel === "cli") return sessionKey(agentId, ["main"]);
  return build(agentId, [...peerPrefix(origin, scope), "direct", peerOf(origin, scope), ...threadOf(origin)]);
}

function peerPrefix({ channel, account }: SessionOrigin, { dmScope }: SessionScope): readonly string[] {
  if (dmScope === "per-peer") return [];
  return dmScope === "per-channel-peer" ? [channel] : [channel, account];
}

function peerOf({ channel, senderId }: SessionOrigin, { identityLinks }: SessionScope): string {
  const account = `${channel}:${senderId}`.toLowerCase();
  const linked = Object.entries(identityLinks).find(([, accounts]) =>
    accounts.some((known) => known.toLowerCase() === account),
  );
  return linked?.[0] ?? senderId;
}

function threadOf({ channel, chat }: SessionOrigin): readonly string[] {
  if (chat.thread === undefined) return [];
  return [channel === "telegram" ? "topic" : "thread", chat.thread];
}

function build(agentId: string, names: readonly string[]): SessionKey {
  return sessionKey(agentId, foldCase(names.map(encodeSegment)));
}
