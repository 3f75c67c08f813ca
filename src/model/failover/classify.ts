// Reads what kind of failure an error is. Errors of the libraries are read by their shape, because each plugin may bring
// its own copy of the library's classes.
import { LoricaError } from "../../base/errors.ts";
import type { Code } from "../../base/errors.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { consequences, failure } from "./failure.ts";
import type { Failure, FailureKind } from "./failure.ts";

export { failure } from "./failure.ts";
export type { Failure } from "./failure.ts";

export function classify(error: unknown, now: number): Failure {
  const own = findOwn(error);
  if (own !== undefined) return ofOwn(own);
  const http = findHttp(error);
  if (http !== undefined) return ofHttp(http, now);
  if (isRefusalOfLibrary(error)) return failure("invalid_request", clean(errorMessage(error)), { cause: error });
  const inStream = isRecord(error) ? (isRecord(error.error) ? error.error : error) : {};
  const said = clean(typeof inStream.message === "string" ? inStream.message : errorMessage(error));
  const words = [inStream.type, inStream.code].filter((word) => typeof word === "string").join(" ");
  const status = typeof inStream.code === "number" ? inStream.code : undefined;
  const kind = kindOfWords(words) ?? (status === undefined ? undefined : kindOfStatus(status));
  if (kind !== undefined || brokeOff(error))
    return failure(overflows(said) ? "context_overflow" : (kind ?? "truncated"), said, { status, cause: error });
  if (overflows(said)) return failure("context_overflow", said, { cause: error });
  return failure("malformed", said, { cause: error });
}

type HttpError = {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
  readonly message: string;
};

function ofHttp(error: HttpError, now: number): Failure {
  const said = clean(messageIn(error.body) ?? (looksLikeHtml(error.body) ? "" : error.message));
  const words = wordsIn(error.body);
  const kind = kindOfHttp(error.status, { words, said, html: looksLikeHtml(error.body) });
  const retryAfterMs = parseRetryAfter(error.headers, now);
  return failure(kind, said, { status: error.status, retryAfterMs, cause: new Error(`HTTP ${error.status}`) });
}

function kindOfHttp(
  status: number,
  seen: { readonly words: string; readonly said: string; readonly html: boolean },
): FailureKind {
  if (
    status >= 400 &&
    status < 500 &&
    status !== 401 &&
    status !== 403 &&
    status !== 429 &&
    overflows(`${seen.words} ${seen.said}`)
  )
    return "context_overflow";
  // An account without credit answers 429 at OpenAI and 400 at Anthropic; the words tell.
  if (/insufficient_quota|credit balance|billing_hard_limit|billing_error/i.test(`${seen.words} ${seen.said}`))
    return "billing";
  if (/content_filter|content_policy|moderation/i.test(seen.words)) return "content_filter";
  if (/model_not_found/i.test(seen.words)) return "model_not_found";
  if (status === 404 && seen.html) return "not_an_api";
  if (
    status === 404 ||
    (status === 400 && /model\b.{0,80}\b(not found|does not exist|not a valid model)|invalid model/i.test(seen.said))
  )
    return "model_not_found";
  // Google answers a wrong key with 400.
  if (status === 400 && /api key not valid|API_KEY_INVALID/i.test(`${seen.words} ${seen.said}`)) return "auth";
  return kindOfStatus(status);
}

function kindOfStatus(status: number): FailureKind {
  if (status === 401 || status === 403 || status === 407) return "auth";
  if (status === 402) return "billing";
  if (status === 404) return "model_not_found";
  if (status === 408 || status === 504 || status === 524) return "timeout";
  if (status === 425 || status === 409 || status === 429) return "rate_limit";
  if (status === 503 || status === 529) return "overloaded";
  if (status >= 500) return "server";
  return status >= 400 ? "invalid_request" : "not_an_api";
}

/** Errors inside a stream have a word where a response has a status. */
function kindOfWords(words: string): FailureKind | undefined {
  if (/overloaded|unavailable/i.test(words)) return "overloaded";
  if (/rate_limit|too_many|RESOURCE_EXHAUSTED/i.test(words)) return "rate_limit";
  if (/authentication|permission|invalid_api_key/i.test(words)) return "auth";
  if (/billing|insufficient_quota/i.test(words)) return "billing";
  if (/content_filter/i.test(words)) return "content_filter";
  if (/context_length/i.test(words)) return "context_overflow";
  if (/not_found/i.test(words)) return "model_not_found";
  if (/timeout|deadline/i.test(words)) return "timeout";
  if (/api_error|server_error|internal/i.test(words)) return "server";
  return /invalid_request/i.test(words) ? "invalid_request" : undefined;
}

const overflowPattern =
  /context[_ ]length|context window|maximum context|prompt is too long|input is too long|too many (input )?tokens|exceeds? the (maximum|available) (number of tokens|context)|input token count|reduce the length|exceed_context_size|request_too_large/i;

function overflows(text: string): boolean {
  return overflowPattern.test(text);
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date; never longer than we would remember it. */
function parseRetryAfter(headers: Record<string, unknown>, now: number): number | undefined {
  const ms = Number(headers["retry-after-ms"] ?? Number.NaN);
  const text = String(headers["retry-after"] ?? "");
  const seconds = Number(text === "" ? Number.NaN : text);
  const date = Date.parse(text) - now;
  const after = [ms, seconds * 1_000, date].find((value) => Number.isFinite(value));
  return after === undefined ? undefined : Math.min(Math.max(0, after), limits.modelCooldownMaxMs);
}

function ofOwn(error: LoricaError): Failure {
  const reason = error.details?.reason;
  const marked = typeof reason === "string" && reason in consequences ? (reason as FailureKind) : undefined;
  const kind = marked ?? ownKinds[error.code] ?? "server";
  return failure(kind, clean(error.message), { retryAfterMs: error.retryAfterMs, cause: error });
}

/** What the codes of the way out mean here. */
const ownKinds: Readonly<Partial<Record<Code, FailureKind>>> = {
  unavailable: "network",
  overloaded: "overloaded",
  timeout: "timeout",
  cancelled: "cancelled",
  forbidden: "forbidden",
  unauthorized: "auth",
  too_large: "invalid_request",
  invalid_request: "invalid_request",
};

/** The library itself cannot put into its format what it was given; nothing was sent. */
function isRefusalOfLibrary(error: unknown): boolean {
  return error instanceof Error && /^AI_(Unsupported|InvalidPrompt|InvalidArgument)/.test(error.name);
}

/** The connection ended under the reader, or the stream without a reason for its end. */
function brokeOff(error: unknown): boolean {
  return [...chain(error)].some((link) => {
    const code = isRecord(link) || link instanceof Error ? (link as { code?: unknown }).code : undefined;
    const network = typeof code === "string" && /^(UND_ERR_|ECONN|EPIPE|ETIMEDOUT)/.test(code);
    return network || /finish reason|terminated|premature|other side closed/i.test(errorMessage(link));
  });
}

const chainMax = 8;

function* chain(error: unknown): Generator<unknown> {
  let at = error;
  for (let depth = 0; depth < chainMax && at !== undefined && at !== null; depth++) {
    yield at;
    at = isRecord(at) || at instanceof Error ? (at as { cause?: unknown }).cause : undefined;
  }
}

function findOwn(error: unknown): LoricaError | undefined {
  for (const link of chain(error)) if (link instanceof LoricaError) return link;
  return undefined;
}

function findHttp(error: unknown): HttpError | undefined {
  for (const link of chain(error)) {
    if (!isRecord(link) || typeof link.statusCode !== "number" || link.statusCode < 400) continue;
    return {
      status: link.statusCode,
      headers: isRecord(link.responseHeaders) ? link.responseHeaders : {},
      body: typeof link.responseBody === "string" ? link.responseBody : "",
      message: typeof link.message === "string" ? link.message : "",
    };
  }
  return undefined;
}

/** The providers agree on an `error` object, or on a plain `message` or `detail`. */
function messageIn(body: string): string | undefined {
  const json = parseJson(body);
  const top: unknown = json.ok && Array.isArray(json.value) ? json.value[0] : json.ok ? json.value : undefined;
  if (!isRecord(top)) return undefined;
  const inner = isRecord(top.error) ? top.error.message : top.error;
  return [inner, top.message, top.detail].find((text) => typeof text === "string");
}

function wordsIn(body: string): string {
  const json = parseJson(body);
  if (!json.ok || !isRecord(json.value)) return "";
  const error = isRecord(json.value.error) ? json.value.error : json.value;
  return [error.type, error.code, error.status].filter((word) => typeof word === "string").join(" ");
}

function looksLikeHtml(body: string): boolean {
  return /^\s*<(!doctype|html|head|body)/i.test(body);
}

const saidMaxChars = 400;

/** Providers repeat parts of a wrong key in their messages, and a proxy may repeat all of it. */
function clean(text: string): string {
  return text
    .slice(0, saidMaxChars * 4)
    .replace(/\b(?:sk|pk|rk|xai|gsk|key)[-_][\w*.-]{8,}|\bAIza[\w*-]{8,}|\bBearer\s+\S{8,}/g, "[key]")
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, saidMaxChars);
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : typeof error === "string" ? error : "an unreadable error";
}
