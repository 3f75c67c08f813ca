// What the hooks say to something that is to be done in a cell: event by event, each change read back into the action.
import { LoricaError } from "../base/errors.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import { describeFailure } from "./judge.ts";
import type { HookCall, Judge, Verdict } from "./judge.ts";
import type { BeforeAnswer } from "./port.ts";
import { toolEvents, withInput } from "./tools.ts";
import type { CellAction, HookInput, Place } from "./tools.ts";
import { unwrap } from "./wrapper.ts";

/** What is true of the agents' cells. */
export type CellSurroundings = {
  readonly home: string;
  /** Whether an agent's cell reaches anything outside of itself. */
  readonly reaches: (agentId: string) => boolean;
  readonly access: (agentId: string) => "rw" | "ro" | "none";
};

type Judging = CellSurroundings & { readonly judge: Judge };

export async function judgeAction(
  options: Judging,
  { call, action }: { readonly call: HookCall; readonly action: CellAction },
  signal: AbortSignal,
): Promise<BeforeAnswer> {
  const contexts: string[] = [];
  let changed = action;
  const tools = toolEvents(action, placeOf(options, call));
  for (const tool of tools) {
    const accept = (from: HookInput, updated: HookInput): Parsed<HookInput> =>
      acceptInput({ ...options, call, action }, from, updated);
    const verdict = await safely(options.judge.judge(call, { event: "PreToolUse", tool, accept }, signal), signal);
    if (verdict.kind === "deny") return verdict;
    contexts.push(...verdict.contexts);
    const next = withInput(changed, tool.input, verdict.input);
    if (!next.ok) return { kind: "deny", reason: next.reason };
    changed = next.value;
  }
  return changed === action ? { kind: "pass", contexts } : { kind: "changed", action: changed, contexts };
}

function acceptInput(
  { call, action, ...options }: Judging & { readonly call: HookCall; readonly action: CellAction },
  before: HookInput,
  updated: HookInput,
): Parsed<HookInput> {
  const rewritten = updated["command"];
  const original = before["command"];
  let accepted = updated;
  if (typeof rewritten === "string" && typeof original === "string" && rewritten !== original) {
    const surroundings = { workspace: call.workspace ?? "/tmp", access: options.access(call.agentId) };
    const wrapped = unwrap(original, rewritten, surroundings);
    if (wrapped.kind === "impossible") return rejected(wrapped.reason);
    if (wrapped.kind === "same" && wrapped.network === "none" && options.reaches(call.agentId))
      return rejected(noNetwork);
    if (wrapped.kind === "same") accepted = { ...updated, command: original };
  }
  const fits = withInput(action, before, accepted);
  return fits.ok ? parsed(accepted) : fits;
}

const noNetwork =
  "it wraps the command into bubblewrap without a network, and this agent's cell has allowed hosts; take them away with: lorica egress deny";

/** A hook that could not be asked has not said yes. */
export async function safely(judging: Promise<Verdict>, signal: AbortSignal): Promise<Verdict> {
  try {
    return await judging;
  } catch (error) {
    if (signal.aborted || !(error instanceof LoricaError)) throw error;
    return { kind: "deny", reason: `a hook could not be asked: ${describeFailure(error)}` };
  }
}

export function placeOf({ home }: { readonly home: string }, call: HookCall): Place {
  return { workspace: call.workspace ?? "/tmp", home };
}
