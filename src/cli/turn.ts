// Runs one turn for a person: sends the message, shows the answer as it comes, and cancels the run when they leave.
import { newId } from "../base/ids.ts";
import type { TurnRequest } from "../base/envelope.ts";
import { isRecord } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { EventFrame } from "../protocol/frames.ts";
import type { ParamsOf } from "../protocol/methods.ts";
import type { AgentEnd } from "../protocol/shapes.ts";
import type { Io } from "./io.ts";
import { showable } from "./io.ts";
import type { GatewayClient } from "./reach.ts";
import { clip, renderCost } from "./text.ts";

export type TurnOrder = {
  readonly message: string;
  readonly agentId: string | undefined;
  readonly sessionKey: string | undefined;
  readonly model: string | undefined;
  readonly thinking: TurnRequest["thinking"];
  readonly timeoutMs: number | undefined;
  readonly rehearsal: TurnRequest["rehearsal"];
};

export type TurnSettings = { readonly io: Io; readonly verbose: boolean; readonly signal: AbortSignal };

/** Shows the turn as `settings` say and returns its end. An error of the turn is thrown, with its code. */
export async function runTurn(gateway: GatewayClient, order: TurnOrder, settings: TurnSettings): Promise<AgentEnd> {
  const { io, signal } = settings;
  const runId = newId();
  const view = createTurnView(settings, runId);
  const stop = gateway.listen(view.show);
  let sessionKey = order.sessionKey;
  try {
    const end = gateway.call("agent", paramsOf(gateway.isOwn ? order : { ...order, rehearsal: undefined }, runId), {
      signal,
      timeoutMs: "none",
      onAccepted: (payload) => {
        if (isRecord(payload) && typeof payload["sessionKey"] === "string") sessionKey = payload["sessionKey"];
      },
    });
    await io.progress("waiting for the answer", Promise.race([view.started, end]));
    const result = (await end) as AgentEnd;
    view.finish(result);
    return result;
  } catch (error) {
    view.interrupt();
    if (signal.aborted && sessionKey !== undefined) await cancelRun(gateway, sessionKey, runId);
    throw error;
  } finally {
    stop();
  }
}

function paramsOf(order: TurnOrder, runId: string): ParamsOf<"agent"> {
  const { agentId, sessionKey, model, thinking, timeoutMs, rehearsal } = order;
  return {
    message: order.message,
    idempotencyKey: runId,
    ...(agentId === undefined ? {} : { agentId }),
    ...(sessionKey === undefined ? {} : { sessionKey }),
    ...(model === undefined ? {} : { model }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(timeoutMs === undefined ? {} : { timeout: Math.ceil(timeoutMs / 1_000) }),
    ...(rehearsal === undefined ? {} : { rehearsal }),
  };
}

/** The person is gone; the run must not go on working and spending for nobody. */
async function cancelRun(gateway: GatewayClient, sessionKey: string, runId: string): Promise<void> {
  const signal = AbortSignal.timeout(limits.cliConnectTimeoutMs);
  await gateway.call("chat.abort", { sessionKey, runId }, { signal });
}

type TurnView = {
  /** Resolves with the first thing that was shown. */
  readonly started: Promise<void>;
  show(event: EventFrame): void;
  finish(end: AgentEnd): void;
  /** The line on the screen stays; what follows begins on a new one. */
  interrupt(): void;
};

/** Streams to a person; for anything else the whole answer comes at the end, so that nothing replaced is in it. */
function createTurnView({ io, verbose }: TurnSettings, runId: string): TurnView {
  const started = Promise.withResolvers<void>();
  let shown = "";
  let midLine = false;

  const breakLine = (): void => {
    if (midLine) io.write("\n");
    midLine = false;
  };
  const showText = (text: string): void => {
    const grows = text.startsWith(shown);
    if (!grows) breakLine();
    const fresh = showable(io, grows ? text.slice(shown.length) : text);
    shown = text;
    if (fresh === "") return;
    io.write(fresh);
    midLine = !fresh.endsWith("\n");
  };
  const aside = (text: string): void => {
    breakLine();
    io.note(io.style("dim", clip(showable({ interactive: true }, text).replaceAll("\n", " "), io.width)));
  };

  return {
    started: started.promise,
    show(event) {
      const step = parseStep(event, runId);
      if (step === undefined) return;
      if (step.kind === "text") {
        if (!io.interactive) return;
        started.resolve();
        showText(step.text);
      } else if (verbose) {
        started.resolve();
        aside(step.line);
      }
    },
    finish(end) {
      const text = (end.result?.payloads ?? []).map((payload) => payload.text).join("\n\n");
      io.result(end, () => {
        if (io.interactive && shown.trim() === text.trim()) breakLine();
        else {
          breakLine();
          io.line(showable(io, text));
        }
      });
      if (verbose && !io.json) io.note(io.style("dim", spent(end)));
    },
    interrupt: breakLine,
  };
}

type Step = { readonly kind: "text"; readonly text: string } | { readonly kind: "aside"; readonly line: string };

/** One `agent` event of this run, as what a person is shown; undefined for what they are not. */
function parseStep({ event, payload }: EventFrame, runId: string): Step | undefined {
  if (event !== "agent" || !isRecord(payload) || payload["runId"] !== runId) return undefined;
  const data = isRecord(payload["data"]) ? payload["data"] : {};
  if (payload["stream"] === "assistant" && typeof data["text"] === "string")
    return { kind: "text", text: data["text"] };
  if (payload["stream"] === "thinking" && typeof data["delta"] === "string")
    return { kind: "aside", line: `… ${data["delta"]}` };
  if (payload["stream"] !== "tool") return undefined;
  const name = String(data["name"]);
  if (data["phase"] === "start") return { kind: "aside", line: `▸ ${name} ${JSON.stringify(data["args"])}` };
  if (data["phase"] !== "result") return undefined;
  return { kind: "aside", line: `${data["isError"] === true ? "✗" : "✓"} ${name} ${textOf(data["result"])}` };
}

/** A tool's result: text, or content blocks. */
function textOf(result: unknown): string {
  if (typeof result === "string") return result;
  const content = isRecord(result) ? result["content"] : undefined;
  if (!Array.isArray(content)) return result === undefined ? "" : JSON.stringify(result);
  return content.map((block: unknown) => (isRecord(block) ? String(block["text"] ?? "") : "")).join(" ");
}

function spent(end: AgentEnd): string {
  const meta = end.result?.meta;
  if (meta === undefined) return "";
  const { provider, model, usage, sessionKey } = meta.agentMeta;
  const cost = renderCost(usage.costUsd === null ? null : usage.costUsd * 1_000_000);
  const tokens = `${usage.input} in, ${usage.output} out${usage.estimated ? " (estimated)" : ""}`;
  return `${provider ?? "?"}/${model ?? "?"} · ${tokens} · ${cost} · ${meta.durationMs} ms · ${sessionKey}`;
}
