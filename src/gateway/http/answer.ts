// Every answer of the HTTP edge leaves through here, so that every one carries the same headers and every error the
// same shape: the one that clients of OpenAI's API read.
import type { ServerResponse } from "node:http";
import { codes, LoricaError } from "../../base/errors.ts";
import type { ErrorOptions } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { stripControls } from "../../base/text/controls.ts";
import { failureOf } from "../../protocol/failure.ts";
import type { EdgeLog } from "../edge.ts";

/** JSON and event streams: no browser may run, frame, sniff or keep any of it. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** An error with a status of its own, where the code alone would say less. */
export class HttpProblem extends LoricaError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly param: string | null;

  constructor(
    status: number,
    message: string,
    options: ErrorOptions & { readonly headers?: Readonly<Record<string, string>>; readonly param?: string } = {},
  ) {
    super(codeOfStatus(status), message, options);
    this.status = status;
    this.headers = options.headers ?? {};
    this.param = options.param ?? null;
  }
}

export type ErrorBody = {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    /** What the log has it under. */
    readonly id: string;
    readonly [detail: string]: unknown;
  };
};

export type Answer = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export function sendJson(res: ServerResponse, { status, body, headers }: Answer): void {
  if (res.headersSent || res.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, {
    ...securityHeaders,
    "content-type": "application/json; charset=utf-8",
    "content-length": String(bytes.length),
    ...headers,
  });
  res.end(bytes);
}

/** Turns what was thrown into an answer. `id` is given where the log has the error already. */
export function renderError(
  error: unknown,
  id: string,
): { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: ErrorBody } {
  const failure = failureOf(error, id);
  const status = error instanceof HttpProblem ? error.status : codes[failure.code].http;
  const retry = failure.retryAfterMs ?? (status === 429 || status === 503 ? 1_000 : undefined);
  return {
    status,
    headers: {
      ...(error instanceof HttpProblem ? error.headers : {}),
      ...(retry === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(retry / 1_000))) }),
    },
    body: {
      error: {
        ...failure.details,
        message: withoutPaths(failure.message),
        type: typeOfStatus(status),
        param: error instanceof HttpProblem ? error.param : null,
        code: typeof failure.details["code"] === "string" ? failure.details["code"] : failure.code,
        id,
      },
    },
  };
}

export function answerError(res: ServerResponse, error: unknown, log: EdgeLog): void {
  const id = newId();
  const failure = failureOf(error, id);
  const { status, headers, body } = renderError(error, id);
  const level = failure.concealed && failure.code !== "cancelled" ? "error" : "info";
  log(level, `HTTP ${status}: ${stripControls(failure.message)}`, {
    errorId: id,
    code: failure.code,
    ...(level === "error" ? { error } : {}),
  });
  // A stream that has begun says its own errors; here is only what must not be left hanging.
  if (res.headersSent) res.destroy();
  else sendJson(res, { status, headers, body });
}

/** Messages are ours and name no files on purpose; what a part below put into one does not leave the machine. */
export function withoutPaths(message: string): string {
  return message.replace(/(^|[\s"'`(=:])(?:\/(?:[\w.@+-]+))+\/?(?=[\s"'`),;:]|$)/g, (whole, lead: string) =>
    /^.?\/(?:home|root|tmp|var|usr|etc|opt|proc|sys|mnt|srv|run|dev|work|Users|private)\//.test(whole)
      ? `${lead}<path>`
      : whole,
  );
}

function codeOfStatus(status: number): LoricaError["code"] {
  for (const [code, meaning] of Object.entries(codes)) {
    if (meaning.http === status) return code as LoricaError["code"];
  }
  return status >= 500 ? "unavailable" : "invalid_request";
}

function typeOfStatus(status: number): string {
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 423) return "locked";
  if (status === 429) return "rate_limited";
  return status >= 400 && status < 500 ? "invalid_request_error" : "api_error";
}
