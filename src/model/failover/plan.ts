// Whom a call may ask, in which order, and how patiently: before anything is sent.
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Candidate, Directory } from "../directory.ts";
import type { Estimator, PromptSize } from "../estimate.ts";
import type { ModelCall } from "../models.ts";
import type { Cooldowns } from "./cooldown.ts";
import { consequences, failure, renderFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";

/** A candidate that is left, or why one is not. */
export type Try = {
  readonly candidate: Candidate;
  readonly inputTokens: number;
  /** It failed a moment ago: it is asked once, after all others, and only then. */
  readonly lastResort: boolean;
  /** How long to wait first, because the provider asked for it. */
  readonly waitMs: number;
};

export type Missed = { readonly ref: string; readonly failure: Failure };

export type Plan = { readonly tries: readonly Try[]; readonly missed: readonly Missed[] };

export type PlanContext = {
  readonly directory: Directory;
  readonly cooldowns: Cooldowns;
  readonly estimator: Estimator;
  readonly clock: Clock;
  readonly inputTokensMax: number | undefined;
  readonly retryMs: number;
};

export function planCall(context: PlanContext, call: ModelCall, size: PromptSize): Plan {
  if (call.candidates.length === 0)
    throw new LoricaError(
      "unavailable",
      "no model is configured: run `lorica onboard`, or set agents.defaults.model.primary",
    );
  const missed: Missed[] = [];
  const tries: Try[] = [];
  for (const candidate of findAll(context, call.candidates, missed)) {
    const planned = planOne(context, candidate, { call, size });
    if ("failure" in planned) missed.push(planned);
    else tries.push(planned);
  }
  const ordered = [...tries.filter((one) => !one.lastResort), ...tries.filter((one) => one.lastResort)];
  // Claimed before anything is awaited: of many calls that begin together, one probes what failed a while ago.
  if (ordered[0] !== undefined) claim(context, ordered[0].candidate);
  return { tries: ordered, missed };
}

export function claim(context: PlanContext, { provider, info }: Candidate): void {
  context.cooldowns.probe(provider.id, info.id);
}

/** A demonstration must never pass for an answer: the rehearsal model is asked where it comes first, or not at all. */
function findAll(context: PlanContext, refs: readonly string[], missed: Missed[]): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const ref of new Set(refs)) {
    try {
      found.push(context.directory.find(ref));
    } catch (error) {
      if (!(error instanceof LoricaError) || error.code !== "not_found") throw error;
      missed.push({ ref, failure: failure("model_not_found", error.message, { cause: error }) });
    }
  }
  return found.filter(
    (candidate, index) => candidate.provider.api !== "rehearsal" || (index === 0 && missed.length === 0),
  );
}

function planOne(
  context: PlanContext,
  candidate: Candidate,
  { call, size }: { readonly call: ModelCall; readonly size: PromptSize },
): Try | Missed {
  const { ref, info, provider } = candidate;
  const { tokens, calibrated } = context.estimator.estimate(`${call.sessionKey} ${ref}`, size);
  const cap = Math.min(info.contextTokens, context.inputTokensMax ?? Infinity);
  // A guess that nothing has confirmed may be a fifth too high; the provider then has the last word.
  if ((calibrated ? tokens : tokens * 0.8) > cap)
    return { ref, failure: failure("context_overflow", `about ${tokens} tokens, of at most ${cap}`) };
  const spared = context.cooldowns.spared(provider.id, info.id);
  const waitMs = spared?.asked === true ? Math.max(0, spared.until - context.clock.now()) : 0;
  if (spared !== undefined && waitMs > limits.modelRetryAfterMaxMs)
    return { ref, failure: failure(spared.kind, "it asked to be left alone for a while", { retryAfterMs: waitMs }) };
  return { candidate, inputTokens: tokens, lastResort: spared !== undefined, waitMs };
}

/** How long to wait before the same model is asked again; undefined where it is not. */
export function retryWait(
  failed: Failure,
  state: {
    readonly tries: number;
    readonly attemptsLeft: number;
    readonly othersLeft: number;
    readonly lastResort: boolean;
    readonly retryMs: number;
  },
): number | undefined {
  if (consequences[failed.kind].follow !== "retry" || state.lastResort) return undefined;
  if (state.tries >= 2 || state.attemptsLeft <= state.othersLeft) return undefined;
  if (failed.retryAfterMs === undefined) return state.retryMs;
  // Whoever has somebody else to ask does not wait long.
  const most = state.othersLeft > 0 ? state.retryMs : limits.modelRetryAfterMaxMs;
  return failed.retryAfterMs <= most ? failed.retryAfterMs : undefined;
}

/** What the caller is told when nobody has answered. The first choice decides the code. */
export function noAnswer(missed: readonly Missed[]): LoricaError {
  const first = missed.find(({ failure }) => consequences[failure.kind].follow === "end") ?? missed[0];
  const kind = first?.failure.kind ?? "server";
  const lines = missed.map(({ ref, failure }) => renderFailure(ref, failure));
  const waits = missed.flatMap(({ failure }) => (failure.retryAfterMs === undefined ? [] : [failure.retryAfterMs]));
  return new LoricaError(consequences[kind].code, lines.join(" "), {
    cause: first?.failure.cause,
    details: {
      reason: kind,
      attempts: missed.map(({ ref, failure }) => ({
        model: ref,
        reason: failure.kind,
        status: failure.status ?? null,
      })),
    },
    ...(waits.length === 0 ? {} : { retryAfterMs: Math.min(...waits) }),
  });
}
