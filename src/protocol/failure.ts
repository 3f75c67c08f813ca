// What a thrown error becomes on the wire. Only our own operating errors say what they say: the message of anything
// else may hold a path, a query or somebody's data, so it stays in the log, under the id that the caller gets.
import { codeOf, codes, LoricaError } from "../base/errors.ts";
import type { Code } from "../base/errors.ts";
import type { ErrorShape } from "./frames.ts";

export type Failure = {
  readonly code: Code;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;
  /** True where the caller is told less than is known. */
  readonly concealed: boolean;
};

const concealedMessages: Partial<Record<Code, string>> = {
  cancelled: "cancelled",
  timeout: "the time limit passed",
};

/** `id` is what the log has this error under. */
export function failureOf(error: unknown, id: string): Failure {
  const code = codeOf(error);
  const told = error instanceof LoricaError && code !== "internal";
  const generic = concealedMessages[code] ?? `something went wrong inside; the log has it as ${id}`;
  return {
    code,
    message: told ? error.message : generic,
    details: told && error.details !== undefined ? error.details : {},
    retryAfterMs: error instanceof LoricaError ? error.retryAfterMs : undefined,
    concealed: !told,
  };
}

export function errorShape(error: unknown, id: string): ErrorShape {
  const failure = failureOf(error, id);
  const meaning = codes[failure.code];
  return {
    code: meaning.rpc,
    message: failure.message,
    details: { ...failure.details, errorCode: failure.code, errorId: id },
    ...(meaning.retryable ? { retryable: true } : {}),
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  };
}
