// Asks the hooks about one call and makes one answer of theirs. Each sees what those before it made of the input, and one
// that has judged something else than what is done in the end is asked once more.
import type { AuditLog } from "../audit/audit.ts";
import { codeOf, LoricaError } from "../base/errors.ts";
import type { Json } from "../base/json.ts";
import type { Parsed } from "../base/parsed.ts";
import { limits } from "../base/limits.ts";
import { abortError } from "../base/wait.ts";
import { parseAnswer, renderQuestion } from "./contract.ts";
import type { HookAnswer, RoomEnd } from "./contract.ts";
import { matches } from "./definition.ts";
import type { HookDefinition, HookEvent } from "./definition.ts";
import type { Registered, Registry } from "./registry.ts";
import { sameInput } from "./tools.ts";
import type { HookInput, ToolEvent } from "./tools.ts";

/** Whose call it is. */
export type HookCall = {
  readonly agentId: string;
  readonly sessionKey: string;
  readonly callId: string;
  /** Undefined where the agent has no folder that a hook may see. */
  readonly workspace: string | undefined;
};

/** Runs a hook's command with the question on its input. Rejects only when `signal` ends. */
export type RunHook = (
  hook: Registered,
  about: { readonly workspace: string | undefined; readonly question: string },
  signal: AbortSignal,
) => Promise<RoomEnd>;

export type JudgeOptions = {
  readonly registry: Pick<Registry, "hooks" | "has">;
  readonly run: RunHook;
  /** Throws where the owner has stopped what this agent's tools do. What it answers ends a hook that runs when they do. */
  readonly admit: (agentId: string) => AbortSignal;
  readonly audit: AuditLog;
  /** A hook was needed and could not be asked, because it is not what the owner has trusted. */
  readonly onProblem: (definition: HookDefinition, problem: string) => void;
};

/** What is asked about, and what may become of it. */
export type Asked = {
  readonly event: HookEvent;
  readonly tool: ToolEvent;
  readonly response?: Json;
  /** What a hook's change of the input amounts to, or why it cannot be taken. */
  readonly accept: (before: HookInput, updated: HookInput) => Parsed<HookInput>;
};

export type Verdict =
  | { readonly kind: "pass"; readonly input: HookInput; readonly contexts: readonly string[] }
  | { readonly kind: "deny"; readonly reason: string };

export type Judge = {
  /** Whether any hook would be asked, by event. */
  has(event: HookEvent): boolean;
  judge(call: HookCall, asked: Asked, signal: AbortSignal): Promise<Verdict>;
};

export function createJudge(options: JudgeOptions): Judge {
  const ask = createAsk(options);

  function asking(event: HookEvent, tool: ToolEvent): readonly Registered[] {
    const { hooks } = options.registry;
    return hooks((definition) => definition.event === event && matches(definition.matcher, tool.names));
  }

  return {
    has: (event) => options.registry.has((definition) => definition.event === event),
    async judge(call, asked, signal) {
      const hooks = asking(asked.event, asked.tool);
      const judged = new Map<Registered, HookInput>();
      const contexts: string[] = [];
      let { input } = asked.tool;
      for (const hook of hooks) {
        const verdict = await ask(hook, { ...asked, call, tool: { ...asked.tool, input } }, signal);
        if (verdict.kind === "deny") return verdict;
        input = verdict.input;
        judged.set(hook, input);
        contexts.push(...verdict.contexts);
      }
      for (const hook of hooks) {
        if (sameInput(judged.get(hook) ?? {}, input)) continue;
        const verdict = await ask(hook, { ...asked, call, tool: { ...asked.tool, input } }, signal);
        if (verdict.kind === "deny") return verdict;
        if (!sameInput(verdict.input, input)) return { kind: "deny", reason: disagreement };
      }
      return { kind: "pass", input, contexts };
    },
  };
}

type Judged = {
  readonly call: HookCall;
  readonly asked: Asked;
  readonly verdict: Verdict;
  readonly durationMs: number;
};

type Ask = (hook: Registered, about: Asked & { readonly call: HookCall }, signal: AbortSignal) => Promise<Verdict>;

/** One hook about one event, recorded. */
function createAsk(options: JudgeOptions): Ask {
  let running = 0;

  async function run(
    hook: Registered,
    { agentId, workspace, question }: Pick<HookCall, "agentId" | "workspace"> & { readonly question: string },
    signal: AbortSignal,
  ): Promise<RoomEnd> {
    const ends = AbortSignal.any([signal, options.admit(agentId)]);
    if (running >= limits.hookProcessesMax)
      throw new LoricaError("overloaded", `${limits.hookProcessesMax} hooks run already; try again later`);
    running += 1;
    try {
      const end = await options.run(hook, { workspace, question }, ends);
      if (ends.aborted) throw abortError(ends);
      return end;
    } finally {
      running -= 1;
    }
  }

  async function ask(hook: Registered, { call, ...asked }: Asked & { readonly call: HookCall }, signal: AbortSignal) {
    const startedAt = performance.now();
    const [toolName] = asked.tool.names;
    const { event, response } = asked;
    const { input } = asked.tool;
    const question = { ...call, event, cwd: call.workspace ?? "/tmp", toolName, input };
    const text = renderQuestion(response === undefined ? question : { ...question, response });
    if (hook.problem !== undefined) options.onProblem(hook.definition, hook.problem);
    const answer =
      hook.problem === undefined
        ? parseAnswer(await run(hook, { ...call, question: text }, signal))
        : untrusted(hook.problem);
    const verdict = toVerdict(hook.definition, asked, answer);
    record(hook.definition, { call, asked, verdict, durationMs: performance.now() - startedAt });
    return verdict;
  }

  function record(definition: HookDefinition, { call, asked, verdict, durationMs }: Judged): void {
    const { event, tool } = asked;
    const changed = verdict.kind === "pass" && !sameInput(tool.input, verdict.input);
    const after = changed ? `changed to ${JSON.stringify(verdict.input)}` : undefined;
    const reason = verdict.kind === "deny" ? verdict.reason : after;
    options.audit.record({
      kind: "hook",
      verdict: verdict.kind === "deny" ? "deny" : "allow",
      rule: describeHook(definition),
      agentId: call.agentId,
      sessionKey: call.sessionKey,
      resource: `${tool.names[0]} ${JSON.stringify(tool.input)}`.slice(0, limits.auditTextMaxChars),
      ...(reason === undefined ? {} : { reason: reason.slice(0, limits.auditTextMaxChars) }),
      result: { event, changed, durationMs: Math.round(durationMs) },
    });
  }

  return ask;
}

const disagreement = "the hooks change the input one after the other and do not come to an end";

function toVerdict(definition: HookDefinition, { tool, accept }: Asked, answer: HookAnswer): Verdict {
  const name = describeHook(definition);
  if (answer.kind === "deny") return { kind: "deny", reason: `${name}: ${answer.reason}` };
  const contexts = answer.context === undefined ? [] : [answer.context];
  if (answer.input === undefined) return { kind: "pass", input: tool.input, contexts };
  const accepted = accept(tool.input, { ...tool.input, ...answer.input });
  if (!accepted.ok)
    return { kind: "deny", reason: `${name}: its change of the input cannot be taken: ${accepted.reason}` };
  return { kind: "pass", input: accepted.value, contexts };
}

/** For people: the tools that it is about and the end of its command, where a script's name usually is. */
export function describeHook({ event, matcher, command }: HookDefinition): string {
  const shown = command.length > 60 ? `…${command.slice(-60)}` : command;
  return `${event} ${matcher === "" ? "*" : matcher} ${shown.replaceAll(/\s+/g, " ")}`;
}

function untrusted(problem: string): HookAnswer {
  return { kind: "deny", by: "failure", reason: problem };
}

/** For hooks that could not be asked at all. */
export function describeFailure(error: unknown): string {
  return error instanceof LoricaError ? `${error.code}: ${error.message}` : codeOf(error);
}
