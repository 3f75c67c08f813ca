// What the owner's hooks have to say to a call. Policy is asked before them, so that what it forbids reaches nobody, and
// again after them, because what they make of a call is a call that nobody has judged.
import type { Action, Verb } from "../../base/action.ts";
import { limits } from "../../base/limits.ts";
import type { ToolCallToJudge } from "../../hook/hook.ts";
import type { Decision } from "../../policy/policy.ts";
import { truncateMiddle } from "../truncate.ts";
import type { CallScope } from "../scope.ts";
import type { Inspected } from "./inspect.ts";
import type { ParsedCall } from "./parse-call.ts";
import { aboutAction, proposeAction } from "./propose.ts";
import type { ActionRecord } from "./propose.ts";

type Allowed = Extract<Decision<Verb>, { kind: "allow" }>;
type Ready = Extract<ParsedCall, { kind: "ready" }>;

export type Judged =
  | {
      readonly kind: "pass";
      readonly asked: ToolCallToJudge;
      readonly action: Action;
      readonly about: ActionRecord;
      /** Policy's yes, where no hook was asked in between. */
      readonly decision: Allowed | undefined;
      readonly contexts: readonly string[];
    }
  | { readonly kind: "deny"; readonly reason: string };

export async function judgeByHooks(scope: CallScope, call: Ready): Promise<Judged> {
  const { options } = scope;
  const action = proposeAction(scope, call);
  const first = options.policy.decide(action);
  if (first.kind === "deny") {
    const { rule, reason } = first;
    options.audit.record({ kind: "decision", verdict: "deny", rule, reason, ...aboutAction(action) });
    return { kind: "deny", reason: `refused: ${reason}` };
  }
  const asked = { callId: call.part.callId, tool: call.tool.name, input: call.input, action };
  const answer = await options.hooks.before(asked, scope.signal);
  const pass = (passed: ToolCallToJudge, contexts: readonly string[], decision?: Allowed): Judged => ({
    kind: "pass",
    asked: passed,
    action: passed.action,
    about: aboutAction(passed.action),
    decision,
    contexts,
  });
  if (answer === undefined) return pass(asked, [], first);
  if (answer.kind === "deny") return { kind: "deny", reason: `refused by a hook: ${options.redact(answer.reason)}` };
  if (answer.kind === "pass") return pass(asked, answer.contexts);
  const { contexts } = answer;
  if (answer.kind === "changed") {
    // Of what came back, only what is to be done is taken; who asks for it stays as it was.
    const changed = { ...action, resource: answer.action.resource } as Action;
    return pass({ ...asked, action: changed }, contexts);
  }
  const input = call.tool.input.safeParse(answer.input);
  if (!input.success)
    return { kind: "deny", reason: `refused: a hook made of the input what ${call.tool.name} does not take` };
  const changed = proposeAction(scope, { tool: call.tool, input: input.data });
  return pass({ ...asked, input: input.data, action: changed }, contexts);
}

/** The call has been made; what it returned is shown, with what the hooks add to it, or withheld. */
export async function showByHooks(
  scope: CallScope,
  judged: Extract<Judged, { kind: "pass" }>,
  { inspected, isError }: { readonly inspected: Inspected; readonly isError: boolean },
): Promise<Inspected> {
  const { hooks, redact } = scope.options;
  const answer = await hooks.after(judged.asked, { text: inspected.text, isError }, scope.signal);
  if (answer?.kind === "withhold")
    return { ...inspected, media: [], text: `done, but a hook withholds what it returned: ${redact(answer.reason)}` };
  const added = [...judged.contexts, ...(answer?.contexts ?? [])]
    .map((text) => `\n[a hook adds] ${redact(text)}`)
    .join("");
  return added === ""
    ? inspected
    : { ...inspected, text: inspected.text + truncateMiddle(added, limits.hookReasonMaxChars) };
}
