// A model's answer before anything is made of it: what must not leave is taken out before it is stored, shown or run. A
// call that holds some is stored without it and not made.
import { isRecord, parseJson } from "../../base/json.ts";
import type { Json } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { AssistantPart } from "../../base/transcript.ts";
import type { CallScope, TurnScope } from "../scope.ts";

export async function screenContent(
  scope: TurnScope,
  content: readonly AssistantPart[],
): Promise<readonly AssistantPart[]> {
  const said = content.flatMap((part) => (part.type === "tool_call" ? [] : [part]));
  const screened = await screenSaid(scope, said);
  const parts: AssistantPart[] = [];
  for (const part of content) {
    if (part.type === "tool_call") parts.push(await screenCall(scope, part));
    else parts.push(...(screened.get(part) ?? []));
  }
  return parts;
}

type Said = Exclude<AssistantPart, { type: "tool_call" }>;

async function screenSaid(
  { options, turn, signal }: TurnScope,
  said: readonly Said[],
): Promise<ReadonlyMap<Said, readonly Said[]>> {
  if (said.every(({ text }) => text === "")) return new Map(said.map((part) => [part, [part]]));
  const { agentId, sessionKey } = turn;
  // All of an answer is one text to whoever reads it, so a value in two parts of it is found too.
  const shown = said.slice(0, limits.dlpTextsMax);
  const texts = shown.map(({ text }) => text);
  const question = { point: "answer", agentId, sessionKey, texts } as const;
  const { verdict, texts: left, reason } = await options.dlp.inspect(question, signal);
  if (verdict === "block" || verdict === "hold")
    return new Map(said.map((part, at) => [part, at === 0 ? [notice(reason)] : []]));
  return new Map(
    shown.map((part, at) => {
      const text = left[at] ?? "";
      if (text === part.text) return [part, [part]];
      // A provider's signature is over the words as they were: without them the thought has to go.
      return [part, part.type === "reasoning" ? [] : [{ type: "text", text }]];
    }),
  );
}

/** In the words of the assistant, because it stands where the answer would. */
function notice(reason: string): Said {
  return {
    type: "text",
    text: `I have left out my answer: it held ${reason}. The owner finds it with \`lorica dlp list\`.`,
  };
}

type CallPart = Extract<AssistantPart, { type: "tool_call" }>;

/** Notes in the scope why the call may not be made. */
export async function screenCall(scope: CallScope, part: CallPart): Promise<CallPart> {
  const { agentId, sessionKey } = scope.turn;
  const written = JSON.stringify(part.input);
  const question = { point: "call", agentId, sessionKey, texts: [written] } as const;
  const { verdict, texts, reason } = await scope.options.dlp.inspect(question, scope.signal);
  if (verdict === "pass") return part;
  scope.withheld.set(part.callId, reason);
  const json = parseJson(texts[0] ?? "");
  const input: Json = json.ok && isRecord(json.value) ? (json.value as Json) : {};
  const { provider: _, ...rest } = part;
  return { ...rest, input };
}
