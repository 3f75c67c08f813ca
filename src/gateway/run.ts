// Brings a client's request to the pipeline as an envelope, once: the same key with the same body is the same run,
// with another body it is a conflict.
import { setTimeout } from "node:timers/promises";
import { codes, LoricaError } from "../base/errors.ts";
import type { Code } from "../base/errors.ts";
import type { Envelope, MediaRef, TurnRequest } from "../base/envelope.ts";
import { sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import type { TurnOutcome } from "../agent/agent.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { createRecent } from "./recent.ts";

export type RunRequest = {
  /** The channel that the envelope names. */
  readonly door: "cli" | "http" | "webchat";
  readonly runId: string;
  readonly idempotencyKey: string;
  /** What the key stands for, as the client sent it. */
  readonly body: unknown;
  readonly chatId: string;
  readonly text: string;
  /** Called only for a new run, so that a repeated request stores nothing again. */
  readonly media: () => Promise<readonly MediaRef[]>;
  readonly request: TurnRequest;
};

export type StartedRun = { readonly runId: string; readonly sessionKey: string; readonly startedAt: number };

export type Runs = {
  /** `isNew` is false for a request that was made before. */
  start(request: RunRequest): Promise<{ readonly run: StartedRun; readonly isNew: boolean }>;
};

export function createRuns(deps: { readonly pipeline: Pipeline; readonly now: () => number }): Runs {
  type Begun = { readonly run: StartedRun; readonly isNew: boolean };
  type Known = { readonly digest: string; readonly begun: Promise<Begun> };
  const known = createRecent<Known>({
    entriesMax: limits.requestDedupeMax,
    windowMs: limits.requestDedupeWindowMs,
    now: deps.now,
  });

  async function begin(request: RunRequest): Promise<Begun> {
    const envelope = envelopeOf(request, await request.media(), deps.now());
    const accepted = await deps.pipeline.handle(envelope);
    if (accepted.kind === "dropped") throw new LoricaError("forbidden", `the message was refused: ${accepted.reason}`);
    // A duplicate that only the store remembers, from before a restart or from long ago.
    if (accepted.kind === "duplicate" && !accepted.same) throw conflict();
    const run = { runId: accepted.runId, sessionKey: accepted.sessionKey, startedAt: envelope.receivedAt };
    return { run, isNew: accepted.kind !== "duplicate" };
  }

  return {
    async start(request) {
      const key = `${request.door} ${request.idempotencyKey}`;
      const digest = sha256(JSON.stringify(request.body));
      const before = known.find(key);
      if (before !== undefined) {
        if (before.digest !== digest) throw conflict();
        return { run: (await before.begun).run, isNew: false };
      }
      const begun = begin(request);
      known.add(key, { digest, begun });
      try {
        return await begun;
      } catch (cause) {
        // Nothing was stored, so the client may try again with the same key.
        known.remove(key);
        throw cause;
      }
    },
  };
}

/** What runs already is answered; nothing new begins once the gateway is stopping. */
export function refuseWhileDraining(runs: Runs, isDraining: () => boolean): Runs {
  return {
    start: async (request) => {
      if (!isDraining()) return runs.start(request);
      throw new LoricaError("unavailable", "the gateway is stopping; try again in a moment", { retryAfterMs: 2_000 });
    },
  };
}

/** Resolves once no run is on its way any more, or after `graceMs`: whoever waits for one should still hear its end. */
export async function untilIdle(pipeline: Pick<Pipeline, "active">, graceMs: number): Promise<void> {
  const until = performance.now() + graceMs;
  while (performance.now() < until && [...pipeline.active().values()].some((runs) => runs.length > 0)) {
    await setTimeout(limits.drainStepMs);
  }
}

/** A run that ended badly, as the error that it is for whoever asked. */
export function errorOfOutcome(outcome: Exclude<TurnOutcome, { readonly status: "done" }>): {
  readonly error: LoricaError;
  readonly id: string | undefined;
} {
  if (outcome.status === "cancelled")
    return { error: new LoricaError("cancelled", "the run was cancelled"), id: undefined };
  const code: Code = Object.hasOwn(codes, outcome.code) ? (outcome.code as Code) : "internal";
  const { message, id, retryAfterMs } = outcome;
  return { error: new LoricaError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs }), id };
}

function envelopeOf(request: RunRequest, media: readonly MediaRef[], receivedAt: number): Envelope {
  return {
    id: request.runId,
    channel: request.door,
    account: "default",
    dedupeKey: request.idempotencyKey,
    chat: { kind: "direct", id: request.chatId },
    sender: { id: "owner", name: "owner" },
    text: request.text,
    media,
    receivedAt,
    request: request.request,
  };
}

function conflict(): LoricaError {
  return new LoricaError("conflict", "this idempotency key was used before for a different request; use a new key", {
    details: { reason: "chat-request-conflict" },
  });
}
