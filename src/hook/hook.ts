// Hooks that the owner registers in settings.json: programs that see a tool call before it is made, and what came of it.
// They can only tighten. A yes of theirs opens nothing, a change of theirs is judged like any other call, and a hook that
// fails, is missing or is not what the owner trusted is a no. This is the folder's front door.
import type { Action } from "../base/action.ts";
import { LoricaError } from "../base/errors.ts";
import type { Json } from "../base/json.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import type { Clock } from "../base/clock.ts";
import { createJudge, describeFailure } from "./judge.ts";
import type { HookCall, Judge, JudgeOptions, Verdict } from "./judge.ts";
import { createPasses } from "./passes.ts";
import type { Registry } from "./registry.ts";
import { isCellAction, sameInput, toolEvents, withInput } from "./tools.ts";
import type { CellAction, HookInput } from "./tools.ts";
import { unwrap } from "./wrapper.ts";

export { describeHook } from "./judge.ts";
export type { HookCall, RunHook } from "./judge.ts";
export type { RoomEnd } from "./contract.ts";
export type { HookEvent } from "./definition.ts";
export { openRegistry } from "./registry.ts";
export type { Registered, Registry } from "./registry.ts";
export { hookRoom } from "./room.ts";
export type { Room, RoomHost } from "./room.ts";
export { isCellAction } from "./tools.ts";
export type { CellAction, HookInput } from "./tools.ts";

/** What the gateway asks about: something in a cell, by the action, or a tool of its own, by name. */
export type HookSubject =
  | { readonly kind: "cell"; readonly action: CellAction }
  | { readonly kind: "tool"; readonly tool: string; readonly input: HookInput };

export type BeforeAnswer =
  | { readonly kind: "pass"; readonly contexts: readonly string[] }
  /** What is to be done instead, and judged by everybody else as if it had been asked for. */
  | { readonly kind: "changed"; readonly action: CellAction; readonly contexts: readonly string[] }
  | { readonly kind: "changed_input"; readonly input: HookInput; readonly contexts: readonly string[] }
  | { readonly kind: "deny"; readonly reason: string };

export type AfterAnswer =
  | { readonly kind: "pass"; readonly contexts: readonly string[] }
  /** It has taken effect; what it returned is not to be shown. */
  | { readonly kind: "withhold"; readonly reason: string };

/** What the gateway knows of the hooks: whether it has to ask at all. */
export type HookWants = { readonly before: boolean; readonly after: boolean };

/** The gateway's port. Both answer at once where no hook is registered. */
export type ToolHooks = {
  before(call: ToolCallToJudge, signal: AbortSignal): Promise<BeforeAnswer>;
  after(call: ToolCallToJudge, output: HookOutput, signal: AbortSignal): Promise<AfterAnswer>;
};

export type ToolCallToJudge = {
  readonly callId: string;
  readonly tool: string;
  readonly input: unknown;
  readonly action: Action;
};

export type HookOutput = { readonly text: string; readonly isError: boolean };

export type HooksOptions = Omit<JudgeOptions, "hooks"> & {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly home: string;
  /** Whether an agent's cell reaches anything outside of itself. */
  readonly reaches: (agentId: string) => boolean;
  readonly access: (agentId: string) => "rw" | "ro" | "none";
};

export type Hooks = {
  wants(): HookWants;
  before(call: HookCall, subject: HookSubject, signal: AbortSignal): Promise<BeforeAnswer>;
  after(call: HookCall, about: HookSubject & HookOutput, signal: AbortSignal): Promise<AfterAnswer>;
  /** Where the effect is. Throws `forbidden` for what the hooks do not allow, whoever did not ask them. */
  guard(call: HookCall, action: CellAction, signal: AbortSignal): Promise<void>;
};

export function createHooks(options: HooksOptions): Hooks {
  const judge = createJudge({ ...options, hooks: options.registry.hooks });
  const passes = createPasses(options.clock);

  async function before(call: HookCall, subject: HookSubject, signal: AbortSignal): Promise<BeforeAnswer> {
    if (!judge.has("PreToolUse")) return { kind: "pass", contexts: [] };
    if (subject.kind === "cell")
      return await judgeAction({ ...options, judge }, { call, action: subject.action }, signal);
    const { tool: name, input } = subject;
    const tool = { names: [name], input } as const;
    const asked = { event: "PreToolUse", tool, accept: (_: HookInput, updated: HookInput) => parsed(updated) } as const;
    const verdict = await safely(judge.judge(call, asked, signal), signal);
    if (verdict.kind === "deny") return verdict;
    const { contexts } = verdict;
    return sameInput(verdict.input, input)
      ? { kind: "pass", contexts }
      : { kind: "changed_input", input: verdict.input, contexts };
  }

  return {
    wants: () => ({ before: judge.has("PreToolUse"), after: judge.has("PostToolUse") }),
    async before(call, subject, signal) {
      const answer = await before(call, subject, signal);
      if (subject.kind === "cell" && answer.kind === "pass") passes.add(subject.action);
      if (answer.kind === "changed") passes.add(answer.action);
      return answer;
    },
    async after(call, { text, isError, ...subject }, signal) {
      const tools =
        subject.kind === "cell"
          ? toolEvents(subject.action, placeOf(options, call))
          : [{ names: [subject.tool], input: subject.input } as const];
      const contexts: string[] = [];
      for (const tool of tools) {
        const asked = {
          event: "PostToolUse",
          tool,
          response: responseOf(tool.names[0], text, isError),
          accept: keepInput,
        } as const;
        const verdict = await safely(judge.judge(call, asked, signal), signal);
        if (verdict.kind === "deny") return { kind: "withhold", reason: verdict.reason };
        contexts.push(...verdict.contexts);
      }
      return { kind: "pass", contexts };
    },
    async guard(call, action, signal) {
      if (!judge.has("PreToolUse") || passes.take(action)) return;
      const answer = await before(call, { kind: "cell", action }, signal);
      if (answer.kind === "pass") return;
      const reason =
        answer.kind === "deny" ? answer.reason : "a hook changes this call, and it was not asked beforehand";
      throw new LoricaError("forbidden", `refused by a hook: ${reason}`);
    },
  };
}

type Judging = Pick<HooksOptions, "home" | "reaches" | "access"> & { readonly judge: Judge };

async function judgeAction(
  options: Judging,
  { call, action }: { readonly call: HookCall; readonly action: CellAction },
  signal: AbortSignal,
): Promise<BeforeAnswer> {
  const contexts: string[] = [];
  let changed = action;
  const tools = toolEvents(action, placeOf(options, call));
  for (const tool of tools) {
    const accept = (from: HookInput, updated: HookInput): Parsed<HookInput> =>
      acceptInput(options, { call, action }, from, updated);
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
  options: Judging,
  { call, action }: { readonly call: HookCall; readonly action: CellAction },
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

/** What the tool has done cannot be done otherwise any more. */
function keepInput(before: HookInput): Parsed<HookInput> {
  return parsed(before);
}

/** A hook that could not be asked has not said yes. */
async function safely(judging: Promise<Verdict>, signal: AbortSignal): Promise<Verdict> {
  try {
    return await judging;
  } catch (error) {
    if (signal.aborted || !(error instanceof LoricaError)) throw error;
    return { kind: "deny", reason: `a hook could not be asked: ${describeFailure(error)}` };
  }
}

function placeOf({ home }: { readonly home: string }, call: HookCall) {
  return { workspace: call.workspace ?? "/tmp", home };
}

function responseOf(toolName: string, text: string, isError: boolean): Json {
  if (toolName === "Bash") return { stdout: text, stderr: "", interrupted: false, isImage: false, isError };
  return { content: text, success: !isError, isError };
}
