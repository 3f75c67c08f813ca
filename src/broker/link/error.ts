// Errors on the link. An operating error crosses it whole; of a bug the other side learns no more than where to look.
import { codeOf, codes, LoricaError } from "../../base/errors.ts";
import type { Code } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { isRecord } from "../../base/json.ts";

const messageMaxChars = 4_096;
const detailsMaxChars = 16_384;

export function encodeError(error: unknown, onInternalError: (error: unknown, id: string) => void): object {
  if (error instanceof LoricaError) {
    const { code, message, details, retryAfterMs } = error;
    const fits = details === undefined || JSON.stringify(details).length <= detailsMaxChars;
    return { code, message: message.slice(0, messageMaxChars), details: fits ? details : undefined, retryAfterMs };
  }
  const code = codeOf(error);
  if (code !== "internal") return { code, message: code === "timeout" ? "the time limit passed" : "cancelled" };
  const id = newId();
  onInternalError(error, id);
  return { code, message: `something went wrong inside; the log has it under ${id}` };
}

export function decodeError(value: Readonly<Record<string, unknown>>): LoricaError {
  const { code, message, details, retryAfterMs } = value;
  const known = typeof code === "string" && Object.hasOwn(codes, code) ? (code as Code) : "internal";
  return new LoricaError(known, typeof message === "string" ? message : known, {
    ...(isRecord(details) ? { details } : {}),
    ...(typeof retryAfterMs === "number" ? { retryAfterMs } : {}),
  });
}
