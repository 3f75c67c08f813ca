// What went wrong with a model call, in one closed list, and what follows from it.
import { LoricaError } from "../../base/errors.ts";
import type { Code } from "../../base/errors.ts";

export type FailureKind =
  | "auth"
  | "billing"
  | "rate_limit"
  | "overloaded"
  | "server"
  | "timeout"
  | "network"
  | "truncated"
  | "malformed"
  | "empty"
  | "not_an_api"
  | "answer_too_large"
  | "context_overflow"
  | "content_filter"
  | "model_not_found"
  | "invalid_request"
  | "forbidden"
  | "cancelled";

/** `retry`: once more with the same model, then the next. `next`: only another model can help. `end`: none can. */
type Consequence = {
  readonly follow: "retry" | "next" | "end";
  /** What is spared for a while: everything behind the same credential, only this model, or nothing. */
  readonly cools: "provider" | "model" | "nothing";
  readonly code: Code;
  /** For the person who reads it: what can be done. */
  readonly advice: string;
};

export const consequences: Readonly<Record<FailureKind, Consequence>> = {
  auth: {
    follow: "next",
    cools: "provider",
    code: "upstream",
    advice: "Its key is missing, wrong or expired: store a working one (`lorica onboard`).",
  },
  billing: {
    follow: "next",
    cools: "provider",
    code: "upstream",
    advice: "The account behind the key has no credit left.",
  },
  rate_limit: {
    follow: "retry",
    cools: "model",
    code: "unavailable",
    advice: "Wait, or configure a fallback from another provider.",
  },
  overloaded: {
    follow: "retry",
    cools: "model",
    code: "unavailable",
    advice: "Try again later, or configure a fallback.",
  },
  server: { follow: "retry", cools: "model", code: "upstream", advice: "Try again later, or configure a fallback." },
  timeout: {
    follow: "next",
    cools: "model",
    code: "timeout",
    advice: "A local server that still loads its model needs a longer `timeoutSeconds`.",
  },
  network: {
    follow: "retry",
    cools: "provider",
    code: "unavailable",
    advice: "Check that it runs and that its base URL is right.",
  },
  truncated: { follow: "retry", cools: "model", code: "upstream", advice: "Try again." },
  malformed: {
    follow: "retry",
    cools: "model",
    code: "upstream",
    advice: "Check that the provider's `api` setting is the format it speaks.",
  },
  empty: { follow: "retry", cools: "nothing", code: "upstream", advice: "Try again, or use another model." },
  not_an_api: {
    follow: "next",
    cools: "provider",
    code: "upstream",
    advice: "Check the base URL: it points to a web page, often because `/v1` is missing.",
  },
  answer_too_large: { follow: "next", cools: "nothing", code: "upstream", advice: "Use another model." },
  context_overflow: {
    follow: "end",
    cools: "nothing",
    code: "too_large",
    advice: "Shorten the conversation, or reset the session.",
  },
  content_filter: { follow: "end", cools: "nothing", code: "upstream", advice: "Rephrase, or use another provider." },
  model_not_found: { follow: "next", cools: "model", code: "not_found", advice: "Choose one that the provider has." },
  invalid_request: {
    follow: "next",
    cools: "nothing",
    code: "upstream",
    advice: "The model may lack an ability that config says it has.",
  },
  forbidden: { follow: "next", cools: "nothing", code: "forbidden", advice: "" },
  cancelled: { follow: "end", cools: "nothing", code: "cancelled", advice: "" },
};

export type Failure = {
  readonly kind: FailureKind;
  /** What the far side said, cut short and without anything that looks like a key. */
  readonly said: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly cause: unknown;
};

/** Marks an error of our own as one kind of failure, through whatever library it has to travel. */
export function failureError(kind: FailureKind, message: string): LoricaError {
  return new LoricaError(consequences[kind].code, message, { details: { reason: kind } });
}

export function failure(
  kind: FailureKind,
  said: string,
  more: {
    readonly status?: number | undefined;
    readonly retryAfterMs?: number | undefined;
    readonly cause?: unknown;
  } = {},
): Failure {
  return { kind, said, status: more.status, retryAfterMs: more.retryAfterMs, cause: more.cause };
}

const openings: Readonly<Record<FailureKind, string>> = {
  auth: "refused its credential",
  billing: "refused for want of credit",
  rate_limit: "has a limit on requests or tokens that is reached",
  overloaded: "is overloaded",
  server: "failed",
  timeout: "did not answer in time",
  network: "cannot be reached",
  truncated: "broke off in the middle of its answer",
  malformed: "answered with something that is not its format",
  empty: "gave an empty answer",
  not_an_api: "answered with a web page instead of an answer",
  answer_too_large: "answered with more than can be taken",
  context_overflow: "cannot take a conversation of this length",
  content_filter: "stopped at its own content filter",
  model_not_found: "does not have this model",
  invalid_request: "did not accept the request",
  forbidden: "may not be asked",
  cancelled: "was cancelled",
};

/** For a person: who failed, how, what it said, what to do. */
export function renderFailure(model: string, failure: Failure): string {
  const status = failure.status === undefined ? "" : ` (HTTP ${failure.status})`;
  const said = failure.said === "" ? "." : `: ${failure.said.replace(/[.\s]+$/, "")}.`;
  return `${model} ${openings[failure.kind]}${status}${said} ${consequences[failure.kind].advice}`.trim();
}
