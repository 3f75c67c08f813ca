// The hooks put together: asked before a call, after it, and where it takes effect.
import type { Clock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { parsed } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";
import { judgeAction, placeOf, safely } from "./action.ts";
import type { CellSurroundings } from "./action.ts";
import { createJudge } from "./judge.ts";
import type { HookCall, JudgeOptions } from "./judge.ts";
import { createPasses } from "./passes.ts";
import type { AfterAnswer, BeforeAnswer, HookOutput, HookSubject, HookWants } from "./port.ts";
import type { Registry } from "./registry.ts";
import { namesOf, sameInput, toolEvents } from "./tools.ts";
import type { CellAction, HookInput } from "./tools.ts";

export type HooksOptions = Omit<JudgeOptions, "registry"> &
  CellSurroundings & { readonly registry: Registry; readonly clock: Clock };

export type Hooks = {
  wants(): HookWants;
  before(call: HookCall, subject: HookSubject, signal: AbortSignal): Promise<BeforeAnswer>;
  after(call: HookCall, about: HookSubject & HookOutput, signal: AbortSignal): Promise<AfterAnswer>;
  /** What they would say; nothing is let pass by it. */
  test(
    call: HookCall,
    about: { readonly tool: string; readonly input: HookInput },
    signal: AbortSignal,
  ): Promise<BeforeAnswer>;
  /** Where the effect is. Throws `forbidden` for what the hooks do not allow, whoever did not ask them. */
  guard(call: HookCall, action: CellAction, signal: AbortSignal): Promise<void>;
};

export function createHooks(options: HooksOptions): Hooks {
  const judge = createJudge(options);
  const passes = createPasses(options.clock);

  async function before(call: HookCall, subject: HookSubject, signal: AbortSignal): Promise<BeforeAnswer> {
    if (subject.kind === "cell")
      return await judgeAction({ ...options, judge }, { call, action: subject.action }, signal);
    const { input } = subject;
    const tool = { names: namesOf(subject.tool), input };
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
          : [{ names: namesOf(subject.tool), input: subject.input }];
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
    async test(call, { tool, input }, signal) {
      const { command } = input;
      const isCommand = namesOf(tool)[0] === "Bash" && typeof command === "string";
      if (!isCommand) return await before(call, { kind: "tool", tool, input }, signal);
      const answer = await before(call, { kind: "cell", action: commandAction(call, command) }, signal);
      if (answer.kind !== "changed") return answer;
      const [changed] = toolEvents(answer.action, placeOf(options, call));
      return { kind: "changed_input", input: changed?.input ?? {}, contexts: answer.contexts };
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

/** A call that nobody makes. */
function commandAction({ agentId, sessionKey }: HookCall, command: string): CellAction {
  return {
    verb: "process.run",
    agentId,
    sessionKey,
    principal: { id: "owner", kind: "owner", account: "" },
    label: { integrity: "owner", readers: [] },
    resource: { command, cwd: ".", timeoutMs: limits.execForegroundMs, terminal: "none", mode: "foreground" },
  };
}

/** What the tool has done cannot be done otherwise any more. */
function keepInput(before: HookInput): Parsed<HookInput> {
  return parsed(before);
}

function responseOf(toolName: string, text: string, isError: boolean): Json {
  if (toolName === "Bash") return { stdout: text, stderr: "", interrupted: false, isImage: false, isError };
  return { content: text, success: !isError, isError };
}
