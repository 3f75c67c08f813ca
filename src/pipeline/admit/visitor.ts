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
  /** What counts as a mention besides the platform's own. */
  readonly mentions: (text: string) => boolean;
  readonly isCommand: (text: string) => boolean;
};

type Verdict = Admitted | InTheRoom | Dropped;

type VisitorKind = Exclude<PrincipalKind, "system">;

/** What a sender is in a chat, whatever they say there; or why they are nobody. */
export type Standing =
  | { readonly kind: "direct"; readonly as: VisitorKind }
  /** `as` is undefined for those who are heard there without a say. */
  | { readonly kind: "room"; readonly as: VisitorKind | undefined; readonly group: GroupAccess }
  | Dropped;

const commandsInDirect = { owner: "all", member: "session", stranger: "none" } as const;

export function admitVisitor(envelope: Envelope, gate: Gate): Verdict {
  const standing = standingOf(envelope, gate);
  if (standing.kind === "dropped") return standing;
  if (standing.kind === "room") return admitInRoom(envelope, standing, gate);
  return admitted(envelope, standing.as, { commands: commandsInDirect[standing.as] });
}

export function standingOf(envelope: Pick<Envelope, "chat" | "sender">, gate: Gate): Standing {
  const { access } = gate;
  if (access === undefined) return dropped("the channel is not switched on");
  if (envelope.sender.isBot === true && !access.allowBots) return ignored("bots are not heard here");
  const kind: string = envelope.chat.kind;
  if (kind === "direct") return standingInDirect(envelope, gate, access);
  if (kind === "group" || kind === "channel") return standingInRoom(envelope, gate, access);
  // Fail closed: what nobody can name is neither a direct chat nor a room that the owner listed (PAIR-017).
  return dropped("it is not known what kind of chat this is");
}

function standingInDirect({ sender }: Pick<Envelope, "sender">, gate: Gate, access: ChannelAccess): Standing {
  if (access.dmPolicy === "disabled") return dropped("direct messages are switched off");
  const { isOwner, role } = gate;
  if (isOwner || role === "owner") return { kind: "direct", as: "owner" };
  if (role === "member" || access.allowFrom.includes(sender.id)) return { kind: "direct", as: "member" };
  if (access.dmPolicy === "open" || access.allowFrom.includes("*")) return { kind: "direct", as: "stranger" };
  return access.dmPolicy === "pairing"
    ? { ...dropped("the sender is not paired"), after: "ask" }
    : dropped("the sender is not on the list");
}

/**
 * In a room nobody is the owner, however well known: others read what is answered, and what others wrote is in the
 * context. Approval in a direct chat counts for nothing here (PAIR-016).
 */
function standingInRoom(
  { chat, sender }: Pick<Envelope, "chat" | "sender">,
  gate: Gate,
  access: ChannelAccess,
): Standing {
  const group = groupOf(chat.id, access);
  if (group === undefined) return ignored("this group is not heard");
  const list = group.allowFrom.length > 0 ? group.allowFrom : access.groupAllowFrom;
  if (gate.isOwner || list.includes(sender.id)) return { kind: "room", as: "member", group };
  const open = access.groupPolicy === "open" || list.includes("*");
  return { kind: "room", as: open ? "stranger" : undefined, group };
}

function admitInRoom(
  envelope: Envelope,
  { as, group }: Extract<Standing, { readonly kind: "room" }>,
  gate: Gate,
): Verdict {
  const { commandPrefix = "", historyLimit = 0 } = gate.access ?? {};
  const addressed = addressedText(envelope, { gate, group, commandPrefix, isListed: as === "member" });
  if (as === undefined || addressed === undefined)
    return historyLimit > 0 && envelope.text.trim() !== ""
      ? { kind: "overheard", envelope, keep: historyLimit }
      : ignored("it is not meant for the assistant");
  const command = isOwnCommand({ ...envelope, text: addressed }, gate);
  if (command && as !== "member") return ignored("commands are for those whom the owner has listed");
  const about = {
    commands: gate.isOwner ? "all" : as === "member" ? "session" : "none",
    ...(group.systemPrompt === undefined ? {} : { instructions: group.systemPrompt }),
  } as const;
  return { ...admitted({ ...envelope, text: addressed }, as, about), listens: !command };
}

/** What is passed on is somebody else's, and commands nothing. */
function isOwnCommand({ text, forwardedFrom }: Envelope, { isCommand }: Gate): boolean {
  return forwardedFrom === undefined && isCommand(text);
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

/**
 * The text, without the prefix that it must begin with; undefined where it is not meant for the assistant. A command of
 * somebody on the list needs no mention: that is how people stop what is running.
 */
function addressedText(
  envelope: Envelope,
  how: {
    readonly gate: Gate;
    readonly group: GroupAccess;
    readonly commandPrefix: string;
    readonly isListed: boolean;
  },
): string | undefined {
  const { addressed = "no", text } = envelope;
  const { gate, group, commandPrefix: prefix, isListed } = how;
  const meant =
    !group.requireMention ||
    addressed !== "no" ||
    (isListed && isOwnCommand(envelope, gate)) ||
    (envelope.forwardedFrom === undefined && gate.mentions(text));
  if (!meant) return undefined;
  if (prefix === "") return text;
  // Most platforms put the mention into the text, and then it comes first.
  const words = addressed === "mention" ? text.replace(/^\s*@\S+\s*/, "") : text.trimStart();
  return words.startsWith(prefix) ? words.slice(prefix.length).trimStart() || undefined : undefined;
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
