// `send`: to the assistant, which answers; or over a channel to the owner and to people and rooms that they let in.
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import { bounded } from "../../../base/wait.ts";
import type { Ordered, RunEnd } from "../../../pipeline/pipeline.ts";
import type { ParamsOf } from "../../../protocol/methods.ts";
import type { SendResult } from "../../../protocol/shapes.ts";
import type { Edge } from "../../edge.ts";
import type { StartedRun } from "../../run.ts";
import { sessionTarget } from "../target.ts";
import { failedRun } from "./run-end.ts";

type SendParams = ParamsOf<"send">;

export function checkAssistant({ to }: SendParams): void {
  if (to === "self") return;
  throw new LoricaError(
    "invalid_request",
    "say over which channel: without one only `self` can be sent to, which is the assistant",
  );
}

export function answerOf(run: StartedRun, end: RunEnd): SendResult {
  const { outcome } = end;
  if (outcome.status !== "done") throw failedRun(run, end, undefined);
  return { runId: run.runId, messageId: run.runId, channel: "cli", to: "self", text: outcome.text };
}

export async function sendOverChannel(
  edge: Edge,
  params: SendParams & { readonly channel: string },
  signal: AbortSignal,
): Promise<SendResult> {
  const { channel, idempotencyKey } = params;
  const order = {
    channel,
    account: params.accountId ?? "default",
    recipient: params.to,
    thread: params.threadId,
    text: params.message,
    agentId: sessionTarget(edge.settings(), { agentId: params.agentId }).agentId,
    idempotencyKey,
  };
  const sent = await edge.pipeline.order(order, bounded(signal, limits.orderWaitMs));
  if (sent.status !== "sent") throw unsent(sent);
  return { runId: sent.id, messageId: sent.receipt ?? sent.id, channel, to: sent.recipient };
}

function unsent({ id, status, reason }: Ordered): LoricaError {
  const why = reason === undefined ? "" : `: ${reason}`;
  if (status === "unknown")
    return new LoricaError("unavailable", `nobody knows whether it arrived, so it is not sent again${why}`);
  // Trying again would only ask for the same once more.
  if (status === "held") return new LoricaError("forbidden", `the message was not sent${why}`);
  if (status !== "pending" && status !== "sending")
    return new LoricaError("unavailable", `the message was not sent${why}`);
  return new LoricaError("unavailable", `the message is stored and will be sent, but has not left yet${why}`, {
    details: { code: "OUTBOUND_DELIVERY_QUEUED", messageId: id },
  });
}
