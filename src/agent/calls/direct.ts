// One tool call without a turn around it: parsed, decided, performed, inspected and recorded by the very code that runs
// a model's calls. Who asks is somebody at a door instead of a model.
import { newId } from "../../base/ids.ts";
import type { Json } from "../../base/json.ts";
import type { Label } from "../../base/label.ts";
import { limits } from "../../base/limits.ts";
import type { Principal } from "../../base/principal.ts";
import { screenCall } from "../asking/screen-answer.ts";
import { parseCall } from "./parse-call.ts";
import { createSlots } from "./slots.ts";
import { runCall } from "./tool-call.ts";
import type { CallResult } from "./tool-call.ts";
import type { TurnRunnerOptions } from "../runner.ts";
import type { CallScope } from "../scope.ts";
import { offeredTools } from "./offered.ts";

export type DirectCall = {
  readonly agentId: string;
  readonly sessionKey: string;
  readonly principal: Principal;
  readonly label: Label;
  readonly tool: string;
  readonly input: Json;
};

export type DirectAnswer =
  /** No such tool, or not for this principal: whoever asks does not learn which. */
  | { readonly kind: "none" }
  | { readonly kind: "wrong"; readonly reason: string }
  | { readonly kind: "ran"; readonly outcome: CallResult["outcome"]; readonly text: string };

export type DirectCalls = (call: DirectCall, signal: AbortSignal) => Promise<DirectAnswer>;

export function createDirectCalls(options: TurnRunnerOptions): DirectCalls {
  const state = { slots: createSlots(limits.toolCallsGatewayMax) };
  return async ({ agentId, sessionKey, principal, label, tool, input }, signal) => {
    const profile = options.profile(agentId);
    if (profile === undefined) return { kind: "none" };
    const scope: CallScope = {
      options,
      state,
      signal,
      turn: { agentId, sessionKey, principal },
      run: { emit: () => undefined },
      label: () => label,
      withheld: new Map(),
      ...offeredTools(options, profile, principal.kind),
    };
    // To ask in somebody's place may take tools away and never adds one.
    const mayOwner = offeredTools(options, profile, "owner");
    for (const { tools, unavailable } of [scope, mayOwner])
      if (!tools.has(tool) && !unavailable.tools.includes(tool)) return { kind: "none" };
    const part = { type: "tool_call", callId: newId(), tool, input } as const;
    await screenCall(scope, part);
    const parsed = parseCall(scope, part);
    if (parsed.kind === "wrong") return { kind: "wrong", reason: parsed.reason };
    const { outcome, text } = await runCall(scope, parsed, limits.toolOutputMaxChars);
    return { kind: "ran", outcome, text };
  };
}
