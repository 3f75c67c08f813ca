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
  const words: Label = { integrity: integrity[principal.kind], readers: [principal.id] };
  if (envelope.media.length === 0) return words;
  return joinLabels(words, { integrity: "untrusted", readers: [principal.id] });
}
