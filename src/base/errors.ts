// Operating errors: one closed table says what each code means on every surface. Our own bugs: `assert`.

/** What a code is on the HTTP edge, in an RPC frame, as a process exit status, and whether a retry may help. */
export type CodeMeaning = {
  readonly http: number;
  readonly rpc: "INVALID_REQUEST" | "FORBIDDEN" | "NOT_PAIRED" | "UNAVAILABLE";
  readonly exit: number;
  readonly retryable: boolean;
};

export const codes = {
  invalid_request: { http: 400, rpc: "INVALID_REQUEST", exit: 2, retryable: false },
  unauthorized: { http: 401, rpc: "INVALID_REQUEST", exit: 4, retryable: false },
  forbidden: { http: 403, rpc: "FORBIDDEN", exit: 4, retryable: false },
  not_found: { http: 404, rpc: "INVALID_REQUEST", exit: 5, retryable: false },
  conflict: { http: 409, rpc: "INVALID_REQUEST", exit: 6, retryable: false },
  too_large: { http: 413, rpc: "INVALID_REQUEST", exit: 2, retryable: false },
  locked: { http: 423, rpc: "UNAVAILABLE", exit: 6, retryable: false },
  overloaded: { http: 429, rpc: "UNAVAILABLE", exit: 7, retryable: true },
  cancelled: { http: 499, rpc: "UNAVAILABLE", exit: 130, retryable: false },
  internal: { http: 500, rpc: "UNAVAILABLE", exit: 1, retryable: false },
  not_built: { http: 501, rpc: "INVALID_REQUEST", exit: 3, retryable: false },
  upstream: { http: 502, rpc: "UNAVAILABLE", exit: 8, retryable: true },
  unavailable: { http: 503, rpc: "UNAVAILABLE", exit: 7, retryable: true },
  timeout: { http: 504, rpc: "UNAVAILABLE", exit: 9, retryable: true },
  config_invalid: { http: 500, rpc: "INVALID_REQUEST", exit: 78, retryable: false },
} as const satisfies Record<string, CodeMeaning>;

export type Code = keyof typeof codes;

export type ErrorOptions = {
  readonly cause?: unknown;
  /** Machine-readable particulars; goes to the caller as it is, so never a secret, a path or a stack. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryAfterMs?: number;
};

/** An operating error. Its message is for the person who meets it: what happened, where, and what to do. */
export class LoricaError extends Error {
  override readonly name = "LoricaError";
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: Code, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The code of anything that was thrown; what is not ours is `internal`, an abort is `cancelled`. */
export function codeOf(error: unknown): Code {
  if (error instanceof LoricaError) return error.code;
  if (error instanceof Error && error.name === "AbortError") return "cancelled";
  if (error instanceof Error && error.name === "TimeoutError") return "timeout";
  return "internal";
}

/** The errno of a system error, as `ENOENT`; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function isMissing(error: unknown): boolean {
  return errnoOf(error) === "ENOENT";
}

/** Our bug: it ends the turn, is recorded and is never retried. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** States what must be true. */
export function assert(condition: unknown, mustBeTrue: string): asserts condition {
  if (!condition) throw new AssertionFailure(mustBeTrue);
}
