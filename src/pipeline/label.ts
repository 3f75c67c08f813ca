// Step 3: where a message's content came from. Only what a person typed is theirs; a file was written by anybody.
import type { Envelope } from "../base/envelope.ts";
import { joinLabels } from "../base/label.ts";
import type { Integrity, Label } from "../base/label.ts";
import type { Principal, PrincipalKind } from "../base/principal.ts";

const integrity: Record<PrincipalKind, Integrity> = {
  owner: "owner",
  system: "owner",
  member: "member",
  stranger: "untrusted",
};

export function labelOf(envelope: Envelope, principal: Principal): Label {
  const readers = [audienceOf(envelope, principal)];
  const words: Label = { integrity: integrity[principal.kind], readers };
  const { media, forwardedFrom, quote } = envelope;
  if (media.length === 0 && forwardedFrom === undefined && quote === undefined) return words;
  // What is passed on or answered was written by somebody else, whoever sends it (CH-016).
  return joinLabels(words, { integrity: "untrusted", readers });
}

/** Whatever is said in a room, the room has read. */
function audienceOf({ channel, account, chat }: Envelope, principal: Principal): string {
  return chat.kind === "direct" ? principal.id : `${channel}:${account}:${chat.kind}:${chat.id}`;
}
