// One API call as one run: started, listened to, cancelled the moment its caller leaves.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TurnEvent, TurnOutcome } from "../../agent/agent.ts";
import { LoricaError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import type { Edge } from "../edge.ts";
import { saveMedia } from "../media.ts";
import type { Runs } from "../run.ts";
import { HttpProblem } from "./answer.ts";
import type { Said } from "./content.ts";
import { composeMessage } from "./conversation.ts";
import { failedWait } from "./outcome.ts";
import type { Target } from "./target.ts";

export type ApiDeps = { readonly edge: Edge; readonly runs: Runs; readonly commentIntervalMs: number };

export type Ask = {
  readonly target: Target;
  readonly said: readonly Said[];
  readonly instructions: string | undefined;
  readonly outputTokensMax: number | undefined;
  /** What the client sent, to tell a repetition from another request under the same key. */
  readonly body: unknown;
};

export type ApiCall = {
  readonly runId: string;
  /** Rejects as `cancelled` when the caller leaves. */
  readonly outcome: Promise<TurnOutcome>;
  close(): void;
};

export type Caller = { readonly req: IncomingMessage; readonly res: ServerResponse };

export async function startCall(
  { edge, runs }: ApiDeps,
  caller: Caller,
  ask: Ask & { readonly onEvent: (event: TurnEvent) => void },
): Promise<ApiCall> {
  const wanted = newId();
  let runId = wanted;
  const stop = edge.pipeline.watch((event, about) => {
    if (about.runId === runId) ask.onEvent(event);
  });
  const gone = callerGone(caller.res);
  try {
    const { text, media } = composeMessage(ask.said, ask.target.session);
    const { run, isNew } = await runs.start({
      door: "http",
      runId: wanted,
      idempotencyKey: idempotencyKey(caller.req) ?? wanted,
      body: ask.body,
      chatId: ask.target.sessionKey,
      text,
      media: () => saveMedia(edge.store.media, media),
      request: requestOf(ask),
    });
    runId = run.runId;
    // Who only joined a run that another call began does not end it by leaving.
    if (isNew) abortWhenGone(edge, runId, gone);
    const outcome = edge.pipeline.wait(runId, gone).then(
      (end) => end.outcome,
      (error: unknown) => failedWait(edge, gone, error),
    );
    // Streams await it only after their first events; a caller may be gone by then.
    outcome.catch(() => undefined);
    return { runId, outcome, close: stop };
  } catch (cause) {
    stop();
    throw cause;
  }
}

function requestOf({ target, instructions, outputTokensMax }: Ask) {
  const { agentId, sessionKey, model } = target;
  return {
    agentId,
    sessionKey,
    // Each call waits for an answer of its own, so it never steers the turn of another.
    queue: "followup",
    ...(model === undefined ? {} : { model }),
    ...(instructions === undefined || instructions === "" ? {} : { instructions }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
  } as const;
}

function callerGone(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const leave = (): void => {
    if (!res.writableEnded) gone.abort(new LoricaError("cancelled", "the caller has left"));
  };
  if (res.destroyed) leave();
  else res.once("close", leave);
  return gone.signal;
}

function abortWhenGone(edge: Edge, runId: string, gone: AbortSignal): void {
  const abort = (): void => {
    edge.pipeline
      .abort({ runId })
      .catch((error: unknown) => edge.log("error", "a run could not be cancelled", { runId, error }));
  };
  if (gone.aborted) abort();
  else gone.addEventListener("abort", abort, { once: true });
}

function idempotencyKey(req: IncomingMessage): string | undefined {
  const value = req.headers["idempotency-key"];
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^[\x21-\x7e]{1,200}$/.test(value)) return value;
  throw new HttpProblem(400, "idempotency-key is 1 to 200 printable characters without spaces");
}
