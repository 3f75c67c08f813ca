// POST /v1/responses. A response's id holds its run's, so that going on from it needs no memory of its own.
import type { TurnEvent, TurnOutcome } from "../../agent/agent.ts";
import type { Edge } from "../edge.ts";
import { createStreamedText } from "./streamed-text.ts";
import { HttpProblem, sendJson } from "./answer.ts";
import type { ErrorBody } from "./answer.ts";
import { startCall } from "./call.ts";
import type { ApiDeps, Ask, Caller } from "./call.ts";
import { openEventStream } from "./event-stream.ts";
import { problemOf } from "./outcome.ts";
import { messageItem, outputPart, responseObject } from "./response-object.ts";
import type { ResponseHead } from "./response-object.ts";
import { parseResponses } from "./responses-request.ts";
import { findTarget } from "./target.ts";

export async function answerResponses(deps: ApiDeps, caller: Caller, body: Record<string, unknown>): Promise<void> {
  const request = parseResponses(body);
  const { model, user, previousId, instructions } = request;
  const previousKey = previousId === undefined ? undefined : await sessionOf(deps.edge, previousId);
  const target = await findTarget(deps.edge, caller.req, { api: "openresponses", model, user, previousKey });
  const createdAt = Math.floor(deps.edge.clock.now() / 1_000);
  const head = { createdAt, model, instructions: instructions ?? null, previousId: previousId ?? null };
  const ask = { ...request, target, body };
  if (request.stream) return streamResponse(deps, caller, { ...ask, head });
  const call = await startCall(deps, caller, { ...ask, onEvent: () => undefined });
  try {
    const outcome = await call.outcome;
    if (outcome.status !== "done") {
      return sendJson(caller.res, problemOf(deps.edge, outcome));
    }
    sendJson(caller.res, { status: 200, body: responseObject({ ...head, runId: call.runId }, { outcome }) });
  } finally {
    call.close();
  }
}

async function streamResponse(
  deps: ApiDeps,
  caller: Caller,
  ask: Ask & { readonly head: Omit<ResponseHead, "runId"> },
): Promise<void> {
  const early: TurnEvent[] = [];
  let onEvent = (event: TurnEvent): void => void early.push(event);
  const call = await startCall(deps, caller, { ...ask, onEvent: (event) => onEvent(event) });
  const story = createStory(openEventStream(caller.res, deps.commentIntervalMs).send, {
    ...ask.head,
    runId: call.runId,
  });
  onEvent = story.follow;
  for (const event of early) onEvent(event);
  try {
    const outcome = await call.outcome;
    if (outcome.status === "done") story.complete(outcome);
    else story.fail(problemOf(deps.edge, outcome).body);
    caller.res.write("data: [DONE]\n\n");
    caller.res.end();
  } finally {
    call.close();
  }
}

/** The events of one response in the order that clients rely on, numbered. */
function createStory(send: (data: unknown, name: string) => void, head: ResponseHead) {
  const streamed = createStreamedText();
  const place = { item_id: messageItem(head, "", "in_progress").id, output_index: 0, content_index: 0 };
  let written = "";
  let number = 0;

  function tell(type: string, data: Readonly<Record<string, unknown>>): void {
    send({ type, sequence_number: number++, ...data }, type);
  }

  function append(delta: string): void {
    if (delta === "") return;
    if (written === "") {
      tell("response.output_item.added", {
        output_index: 0,
        item: { ...messageItem(head, "", "in_progress"), content: [] },
      });
      tell("response.content_part.added", { ...place, part: outputPart("") });
    }
    written += delta;
    tell("response.output_text.delta", { ...place, delta, logprobs: [] });
  }

  function endText(): void {
    if (written === "") return;
    tell("response.output_text.done", { ...place, text: written, logprobs: [] });
    tell("response.content_part.done", { ...place, part: outputPart(written) });
    tell("response.output_item.done", { output_index: 0, item: messageItem(head, written, "completed") });
  }

  tell("response.created", { response: responseObject(head, {}) });
  tell("response.in_progress", { response: responseObject(head, {}) });

  return {
    follow(event: TurnEvent): void {
      if (event.type === "text") append(streamed.follow(event.text));
      if (event.type === "tool_started") streamed.endAnswer();
    },
    complete(outcome: Extract<TurnOutcome, { readonly status: "done" }>): void {
      append(streamed.finish(outcome.text));
      endText();
      const response = responseObject(head, { outcome: { ...outcome, text: written } });
      tell(outcome.stopReason === "length" ? "response.incomplete" : "response.completed", { response });
    },
    fail(body: ErrorBody): void {
      tell("response.failed", { response: responseObject(head, { error: body.error }) });
    },
  };
}

/** `resp_` and the run's id without its dashes. */
async function sessionOf(edge: Edge, responseId: string): Promise<string> {
  const hex = /^resp_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(responseId);
  const row = hex === null ? undefined : await edge.store.inbox.find(hex.slice(1).join("-"));
  const isOurs = row?.envelope.channel === "http" && row.routed?.principal.kind === "owner";
  if (row?.routed !== undefined && isOurs) return row.routed.sessionKey;
  throw new HttpProblem(400, "no such response; leave previous_response_id out to begin anew", {
    param: "previous_response_id",
    details: { code: "previous_response_not_found" },
  });
}
