// What a hook is told on its standard input, and what its exit status and output mean. A hook can say no, change the
// input, or step aside; that it says yes opens nothing. Whatever is not clearly one of these is a no.
import { isRecord, nestsDeeper, parseJson } from "../base/json.ts";
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { HookEvent } from "./definition.ts";
import type { HookInput } from "./tools.ts";

/** How the process of a hook ended. */
export type RoomEnd = {
  readonly end: "exited" | "timed_out" | "output_capped" | "not_started";
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type HookAnswer =
  | { readonly kind: "pass"; readonly input?: HookInput; readonly context?: string }
  /** `failure`: the hook did not say no, but nobody can say that it said anything else. */
  | { readonly kind: "deny"; readonly by: "hook" | "failure"; readonly reason: string };

export type HookQuestion = {
  readonly event: HookEvent;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly callId: string;
  readonly cwd: string;
  readonly toolName: string;
  readonly input: HookInput;
  /** After the call: what it returned. */
  readonly response?: Json;
};

const depthMax = 32;

export function renderQuestion(question: HookQuestion): string {
  return JSON.stringify({
    session_id: question.sessionKey,
    // Conversations are nobody's to read but the gateway's.
    transcript_path: "/dev/null",
    cwd: question.cwd,
    permission_mode: "default",
    hook_event_name: question.event,
    agent_id: question.agentId,
    tool_name: question.toolName,
    tool_input: question.input,
    tool_use_id: question.callId,
    ...(question.response === undefined ? {} : { tool_response: question.response }),
  });
}

export function parseAnswer(ran: RoomEnd): HookAnswer {
  if (ran.end === "timed_out") return failure("it did not answer in time");
  if (ran.end === "output_capped") return failure("it printed more than an answer can be");
  if (ran.end === "not_started") return failure(`it could not be started: ${shorten(ran.stderr)}`);
  if (ran.exitCode === 2) return denied(ran.stderr.trim() === "" ? ran.stdout : ran.stderr);
  if (ran.exitCode !== 0)
    return failure(
      `it ended with ${ran.exitCode === null ? "a signal" : `status ${ran.exitCode}`}: ${shorten(ran.stderr)}`,
    );
  return parseOutput(ran.stdout.trim());
}

function parseOutput(stdout: string): HookAnswer {
  if (stdout === "") return { kind: "pass" };
  const json = parseJson(stdout);
  // A remark is no answer and needs none. What has a brace in it may be an answer that something was printed in front of.
  if (!json.ok) return stdout.includes("{") ? failure("its output is not JSON") : { kind: "pass" };
  if (!isRecord(json.value) || nestsDeeper(json.value, depthMax)) return failure("its output is not an answer");
  return readAnswer(json.value);
}

function readAnswer(answer: Readonly<Record<string, unknown>>): HookAnswer {
  const specific = answer["hookSpecificOutput"] ?? {};
  if (!isRecord(specific)) return failure("its hookSpecificOutput is not an object");
  if (answer["continue"] === false) return denied(answer["stopReason"]);
  const decisions = [specific["permissionDecision"], answer["permissionDecision"], answer["decision"]];
  const reason = specific["permissionDecisionReason"] ?? answer["permissionDecisionReason"] ?? answer["reason"];
  for (const decision of decisions) {
    if (decision === undefined || decision === "allow" || decision === "approve") continue;
    if (decision === "deny" || decision === "block") return denied(reason);
    if (decision === "ask")
      return denied(`it wants a person to be asked, which is not possible yet, so the answer is no. ${textOf(reason)}`);
    return failure(`it decided ${JSON.stringify(decision).slice(0, 64)}, which is no decision`);
  }
  const input = specific["updatedInput"];
  if (input !== undefined && !isRecord(input)) return failure("its updatedInput is not an object");
  const context = textOf(specific["additionalContext"]);
  return {
    kind: "pass",
    ...(input === undefined ? {} : { input: input as HookInput }),
    ...(context === "" ? {} : { context: shorten(context) }),
  };
}

function denied(reason: unknown): HookAnswer {
  const text = shorten(textOf(reason));
  return { kind: "deny", by: "hook", reason: text === "" ? "it gave no reason" : text };
}

function failure(reason: string): HookAnswer {
  return { kind: "deny", by: "failure", reason: `${reason}. A hook that fails is a no` };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function shorten(text: string): string {
  return text.trim().slice(0, limits.hookReasonMaxChars);
}
