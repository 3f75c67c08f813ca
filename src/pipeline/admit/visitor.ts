// Who of those who write over a platform is let in. Pure: what the config says and who was approved come in, a verdict
// comes out. People and rooms are known by the platform's ids alone; names, titles and text decide nothing (PAIR-013).
import type { Envelope } from "../../base/envelope.ts";
import { owner } from "../../base/principal.ts";
import type { PrincipalKind } from "../../base/principal.ts";
import type { SenderRole } from "../../store/store.ts";
import type { Admitted, Dropped, InTheRoom } from "../admit.ts";
import type { ChannelAccess, GroupAccess } from "../settings.ts";

export type Gate = {
  /** Undefined: the config has no such account, or it is switched off. */
  readonly access: ChannelAccess | undefined;
  /** The config names this sender as the owner. */
  readonly isOwner: boolean;
  /** What the owner let this sender be, in direct chats. */
  readonly role: SenderRole | undefined;
  readonly mentionPatterns: readonly string[];
  readonly isCommand: (text: string) => boolean;
};

type Verdict = Admitted | InTheRoom | Dropped;

/** Of a long text only the beginning is looked at for what counts as a mention. */
const mentionWithinChars = 1_000;

export function admitVisitor(envelope: Envelope, gate: Gate): Verdict {
  const { access } = gate;
  if (access === undefined) return dropped("the channel is not switched on");
  if (envelope.sender.isBot === true && !access.allowBots) return ignored("bots are not heard here");
  const kind: string = envelope.chat.kind;
  if (kind === "direct") return admitDirect(envelope, gate, access);
  if (kind === "group" || kind === "channel") return admitInRoom(envelope, gate, access);
  // Fail closed: what nobody can name is neither a direct chat nor a room that the owner listed (PAIR-017).
  return dropped("it is not known what kind of chat this is");
}

function admitDirect(envelope: Envelope, gate: Gate, access: ChannelAccess): Verdict {
  if (access.dmPolicy === "disabled") return dropped("direct messages are switched off");
  const { isOwner, role } = gate;
  if (isOwner || role === "owner") return admitted(envelope, "owner", { commands: "all" });
  const listed = role === "member" || access.allowFrom.includes(envelope.sender.id);
  if (listed) return admitted(envelope, "member", { commands: "session" });
  if (access.dmPolicy === "open" || access.allowFrom.includes("*"))
    return admitted(envelope, "stranger", { commands: "none" });
  return access.dmPolicy === "pairing"
    ? { ...dropped("the sender is not paired"), after: "ask" }
    : dropped("the sender is not on the list");
}

/**
 * In a room nobody is the owner, however well known: others read what is answered, and what others wrote is in the
 * context. Approval in a direct chat counts for nothing here (PAIR-016).
 */
function admitInRoom(envelope: Envelope, gate: Gate, access: ChannelAccess): Verdict {
  const group = groupOf(envelope.chat.id, access);
  if (group === undefined) return ignored("this group is not heard");
  const overheard: InTheRoom | Dropped =
    access.historyLimit > 0 && envelope.text.trim() !== ""
      ? { kind: "overheard", envelope, keep: access.historyLimit }
      : ignored("it is not meant for the assistant");
  const list = group.allowFrom.length > 0 ? group.allowFrom : access.groupAllowFrom;
  const known = gate.isOwner || list.includes(envelope.sender.id);
  const open = access.groupPolicy === "open" || list.includes("*");
  const addressed = addressedText(envelope, { gate, access, group });
  if ((!known && !open) || addressed === undefined) return overheard;
  const command = gate.isCommand(addressed);
  if (command && !known) return ignored("commands are for those whom the owner has listed");
  const about = {
    commands: gate.isOwner ? "all" : known ? "session" : "none",
    ...(group.systemPrompt === undefined ? {} : { instructions: group.systemPrompt }),
  } as const;
  const verdict = admitted({ ...envelope, text: addressed }, known ? "member" : "stranger", about);
  return { ...verdict, listens: !command };
}

/** Undefined where the room is not one that the owner means. `*` has settings for rooms and lets none in. */
function groupOf(id: string, access: ChannelAccess): GroupAccess | undefined {
  if (access.groupPolicy === "disabled") return undefined;
  const own = Object.hasOwn(access.groups, id) && id !== "*" ? access.groups[id] : undefined;
  const listed = own !== undefined || access.allowedGroups.includes(id);
  if (access.groupPolicy === "allowlist" && !listed) return undefined;
  const group = own ?? access.groups["*"] ?? plainGroup;
  return group.enabled ? group : undefined;
}

const plainGroup: GroupAccess = { enabled: true, requireMention: true, allowFrom: [], systemPrompt: undefined };

/** The text, without the prefix that it must begin with; undefined where it is not meant for the assistant. */
function addressedText(
  { addressed = "no", text }: Envelope,
  { gate, access, group }: { readonly gate: Gate; readonly access: ChannelAccess; readonly group: GroupAccess },
): string | undefined {
  const meant = !group.requireMention || addressed !== "no" || mentions(text, gate.mentionPatterns);
  if (!meant) return undefined;
  const { commandPrefix: prefix } = access;
  if (prefix === undefined || prefix === "") return text;
  // Most platforms put the mention into the text, and then it comes first.
  const words = addressed === "mention" ? text.replace(/^\s*@\S+\s*/, "") : text.trimStart();
  return words.startsWith(prefix) ? words.slice(prefix.length).trimStart() || undefined : undefined;
}

function mentions(text: string, patterns: readonly string[]): boolean {
  const start = text.slice(0, mentionWithinChars);
  return patterns.some((pattern) => new RegExp(pattern, "iu").test(start));
}

function admitted(
  envelope: Envelope,
  kind: PrincipalKind,
  request: Envelope["request"],
): Extract<Verdict, { kind: "admitted" }> {
  const { channel, account, sender } = envelope;
  const principal = kind === "owner" ? owner : { id: `${channel}:${account}:${sender.id}`, kind, account };
  return { kind: "admitted", envelope: { ...envelope, request }, principal, listens: false };
}

function dropped(reason: string): Dropped {
  return { kind: "dropped", reason };
}

function ignored(reason: string): Dropped {
  return { kind: "dropped", reason, after: "nothing" };
}
