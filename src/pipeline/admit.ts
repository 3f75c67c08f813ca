// Step 2: who speaks, and whether what they say can be taken in. Strangers end here, before anything is spent on them.
// The order is identity, then scope, and the model last: nothing it says lets anybody in (PAIR-015).
import type { Code } from "../base/errors.ts";
import type { Envelope, TurnRequest } from "../base/envelope.ts";
import { limits } from "../base/limits.ts";
import { owner } from "../base/principal.ts";
import type { Principal } from "../base/principal.ts";
import type { ChannelDefinition } from "../channel/channel.ts";
import { admitVisitor } from "./admit/visitor.ts";
import type { Gate } from "./admit/visitor.ts";

export type Refused = { readonly kind: "refused"; readonly code: Code; readonly reason: string };
export type Dropped = {
  readonly kind: "dropped";
  readonly reason: string;
  /** `nothing`: not even that it came, as in rooms that are none of ours. `ask`: its sender may be told how to get in. */
  readonly after?: "nothing" | "ask";
};
/** Said in a room that is listened to, and not to the assistant. */
export type InTheRoom = { readonly kind: "overheard"; readonly envelope: Envelope; readonly keep: number };
export type Admitted = {
  readonly kind: "admitted";
  readonly envelope: Envelope;
  readonly principal: Principal;
  /** A message that takes with it what was overheard in its room. */
  readonly listens: boolean;
};

export function admit(
  envelope: Envelope,
  door: ChannelDefinition,
  { gate, rehearsalDoors }: { readonly gate: Gate; readonly rehearsalDoors: readonly string[] },
): Admitted | InTheRoom | Dropped | Refused {
  const problem = nameProblem(envelope) ?? sizeProblem(envelope);
  if (problem !== undefined) return problem;
  const text = cleanText(envelope.text);
  if (text.trim() === "" && envelope.media.length === 0) return refused("invalid_request", "the message is empty");
  if (door.senders === "stranger") return admitVisitor({ ...envelope, text, request: {} }, gate);
  const request = rehearsalDoors.includes(envelope.channel) ? envelope.request : withoutRehearsal(envelope.request);
  return { kind: "admitted", envelope: { ...envelope, text, request }, principal: owner, listens: false };
}

/** What goes into keys, logs and addresses holds no control characters and has an end. */
function nameProblem(envelope: Envelope): Refused | undefined {
  const { id, channel, account, dedupeKey, chat, sender } = envelope;
  const names = { id, channel, account, "dedupe key": dedupeKey, chat: chat.id, sender: sender.id };
  for (const [what, name] of Object.entries({ ...names, thread: chat.thread ?? "-" })) {
    if (name === "") return refused("invalid_request", `the message's ${what} is empty`);
    if (name.length > limits.nameMaxChars) return refused("invalid_request", `the message's ${what} is too long`);
    if (/\p{Cc}/u.test(name)) return refused("invalid_request", `the message's ${what} holds a control character`);
  }
  return undefined;
}

function sizeProblem({ text, media }: Envelope): Refused | undefined {
  if (text.includes("\0")) return refused("invalid_request", "the message holds a NUL character; send text only");
  if (text.length > limits.messageMaxChars)
    return refused(
      "too_large",
      `the message has ${text.length} characters; at most ${limits.messageMaxChars} are read`,
    );
  if (media.length > limits.attachmentsMax)
    return refused("too_large", `the message has ${media.length} files; at most ${limits.attachmentsMax} are read`);
  return undefined;
}

/**
 * Text as people see it: control characters other than tab and line break can hide words from the reader or speak to
 * a terminal, half a surrogate pair cannot be stored.
 */
function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll(/[^\P{Cc}\t\n]/gu, "");
}

function withoutRehearsal(request: TurnRequest): TurnRequest {
  const { rehearsal, ...rest } = request;
  return rehearsal === undefined ? request : rest;
}

function refused(code: Code, reason: string): Refused {
  return { kind: "refused", code, reason };
}
