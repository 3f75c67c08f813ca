// Turns what happens in runs into the events that connections get. Text comes in many small pieces; it is gathered for
// a moment, because every event carries the whole text so far.
import type { TurnEvent, TurnOutcome } from "../agent/agent.ts";
import { limits } from "../base/limits.ts";
import type { Publish } from "./connections/connections.ts";
import { usageFigures } from "./rpc/usage.ts";

export type RunAbout = { readonly runId: string; readonly sessionKey: string; readonly agentId: string };

export type Broadcast = {
  run(event: TurnEvent, about: RunAbout): void;
  sessionChanged(about: { readonly sessionKey: string; readonly agentId: string }, reason: string): void;
  close(): void;
};

type Watched = {
  readonly about: RunAbout;
  agentSeq: number;
  chatSeq: number;
  text: string;
  shownText: string;
  reasoning: string;
  timer: NodeJS.Timeout | undefined;
};

const longTextChars = 32_768;
const longTextSlowdown = 10;

export function createBroadcast(deps: {
  readonly publish: Publish;
  readonly isHeard: () => boolean;
  readonly now: () => number;
}): Broadcast {
  const watched = new Map<string, Watched>();

  function watchedRun(about: RunAbout): Watched {
    const found = watched.get(about.runId);
    if (found !== undefined) return found;
    const one: Watched = { about, agentSeq: 0, chatSeq: 0, text: "", shownText: "", reasoning: "", timer: undefined };
    watched.set(about.runId, one);
    forgetOldest();
    return one;
  }

  /** A run leaves when it ends. Should an end ever be missed, the oldest make room. */
  function forgetOldest(): void {
    if (watched.size <= limits.lanesMax) return;
    const [oldest] = watched.values();
    if (oldest === undefined) return;
    clearTimeout(oldest.timer);
    watched.delete(oldest.about.runId);
  }

  function agent(one: Watched, stream: string, data: Readonly<Record<string, unknown>>): void {
    one.agentSeq += 1;
    const payload = { ...one.about, seq: one.agentSeq, stream, ts: deps.now(), data };
    const { sessionKey } = one.about;
    const isTool = stream === "tool";
    deps.publish("agent", payload, { needed: stream === "lifecycle", tools: isTool, sessionKey });
    if (isTool) deps.publish("session.tool", payload, { sessionKey });
  }

  function chat(one: Watched, state: string, data: Readonly<Record<string, unknown>>): void {
    one.chatSeq += 1;
    const payload = { ...one.about, seq: one.chatSeq, state, ...data };
    deps.publish("chat", payload, { needed: state !== "delta", sessionKey: one.about.sessionKey });
  }

  function flush(one: Watched): void {
    clearTimeout(one.timer);
    one.timer = undefined;
    if (one.reasoning !== "") agent(one, "thinking", { delta: one.reasoning });
    one.reasoning = "";
    if (one.text === one.shownText) return;
    const replace = !one.text.startsWith(one.shownText);
    const delta = replace ? one.text : one.text.slice(one.shownText.length);
    one.shownText = one.text;
    const replaced = replace ? { replace: true } : {};
    agent(one, "assistant", { text: one.text, delta, ...replaced });
    chat(one, "delta", { deltaText: delta, message: assistantMessage(one.text, deps.now()), ...replaced });
  }

  /** The first piece goes out at once, so that a reader sees that something is coming. */
  function gather(one: Watched): void {
    if (one.shownText === "" && one.timer === undefined && one.text !== "") flush(one);
    if (one.timer !== undefined) return;
    const slowdown = one.text.length > longTextChars ? longTextSlowdown : 1;
    one.timer = setTimeout(() => flush(one), limits.deltaIntervalMs * slowdown);
  }

  function finish(one: Watched, outcome: TurnOutcome): void {
    const endedAt = deps.now();
    if (outcome.status === "done") {
      agent(one, "lifecycle", { phase: "end", endedAt });
      const message = outcome.text === "" ? {} : { message: assistantMessage(outcome.text, endedAt) };
      chat(one, "final", { stopReason: outcome.stopReason, usage: usageFigures(outcome.usage), ...message });
    } else if (outcome.status === "cancelled") {
      agent(one, "lifecycle", { phase: "end", endedAt, aborted: true });
      chat(one, "aborted", { stopReason: "rpc" });
    } else {
      agent(one, "lifecycle", { phase: "error", endedAt, error: outcome.message });
      chat(one, "error", { errorMessage: outcome.message, errorKind: errorKind(outcome.code) });
    }
  }

  return {
    run(event, about) {
      if (!deps.isHeard() && !watched.has(about.runId)) return;
      const one = watchedRun(about);
      if (event.type === "text") {
        one.text = event.text;
        return gather(one);
      }
      if (event.type === "reasoning") {
        one.reasoning += event.delta;
        return gather(one);
      }
      flush(one);
      if (event.type !== "finished") return agent(one, ...streamOf(event, deps.now()));
      watched.delete(about.runId);
      finish(one, event.outcome);
      this.sessionChanged(about, "run.finished");
    },
    sessionChanged({ sessionKey, agentId }, reason) {
      const payload = { sessionKey, agentId, reason, ts: deps.now() };
      deps.publish("sessions.changed", payload, { sessionKey });
    },
    close() {
      for (const one of watched.values()) clearTimeout(one.timer);
      watched.clear();
    },
  };
}

function streamOf(
  event: Exclude<TurnEvent, { readonly type: "text" | "reasoning" | "finished" }>,
  now: number,
): [stream: string, data: Readonly<Record<string, unknown>>] {
  switch (event.type) {
    case "started":
      return ["lifecycle", { phase: "start", startedAt: now, attempt: event.attempt }];
    case "model":
      return ["lifecycle", { phase: "model", provider: event.provider, model: event.model }];
    case "tool_started":
      return ["tool", { phase: "start", name: event.tool, toolCallId: event.callId, args: event.input }];
    case "tool_progress":
      return ["tool", { phase: "update", name: event.tool, toolCallId: event.callId, partialResult: event.text }];
    case "tool_finished":
      return [
        "tool",
        {
          phase: "result",
          name: event.tool,
          toolCallId: event.callId,
          result: event.text,
          isError: event.outcome !== "ok",
          meta: { outcome: event.outcome },
        },
      ];
    case "compacted":
      return ["compaction", { phase: "end", tokensBefore: event.tokensBefore, tokensAfter: event.tokensAfter }];
    case "usage":
      return ["usage", { ...usageFigures(event.usage) }];
  }
}

function assistantMessage(text: string, timestamp: number): Readonly<Record<string, unknown>> {
  return { role: "assistant", content: [{ type: "text", text }], timestamp };
}

function errorKind(code: string): string {
  if (code === "timeout") return "timeout";
  if (code === "overloaded") return "rate_limit";
  return code === "too_large" ? "context_length" : "unknown";
}
