// A model's answer in the form in which it is stored.
import { newToken } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { AssistantPart } from "../../base/transcript.ts";
import type { Entry } from "../../store/store.ts";
import { safeHead } from "../truncate.ts";

export function ownContent(content: readonly AssistantPart[], entries: readonly Entry[]): readonly AssistantPart[] {
  const capped = content.map(capText);
  return capped.some((part) => part.type === "tool_call") ? withOwnIds(capped, entries) : capped;
}

/**
 * A call's id joins it to its result, in the journal as at the provider. Some providers number from zero in every
 * answer or give none: what is not unique in this window, or not in the form that all of them take, gets one of ours.
 */
function withOwnIds(content: readonly AssistantPart[], entries: readonly Entry[]): readonly AssistantPart[] {
  const taken = new Set<string>();
  for (const { body } of entries) {
    if (body.kind !== "assistant") continue;
    for (const part of body.content) if (part.type === "tool_call") taken.add(part.callId);
  }
  return content.map((part) => {
    if (part.type !== "tool_call") return part;
    const callId = /^[\w-]{4,64}$/.test(part.callId) && !taken.has(part.callId) ? part.callId : `call_${newToken(12)}`;
    taken.add(callId);
    return { ...part, callId };
  });
}

function capText(part: AssistantPart): AssistantPart {
  return part.type === "text" ? { ...part, text: safeHead(part.text, limits.replyMaxChars) } : part;
}
