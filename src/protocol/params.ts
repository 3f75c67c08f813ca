// Checks what came with a request against a method's schema, and says what is wrong the way clients know it.
import type { z } from "zod";
import { LoricaError } from "../base/errors.ts";

const issuesShownMax = 3;

/** Throws `invalid_request` with `invalid <method> params: at /path: …`. */
export function parseParams<P>(method: string, schema: z.ZodType<P>, params: unknown): P {
  const result = schema.safeParse(params ?? {});
  if (result.success) return result.data;
  throw new LoricaError("invalid_request", `invalid ${method} params: ${renderIssues(result.error)}`);
}

export function renderIssues(error: z.ZodError): string {
  const shown = error.issues
    .slice(0, issuesShownMax)
    .map((issue) => `at /${issue.path.map(String).join("/")}: ${tell(issue)}`);
  const more = error.issues.length - shown.length;
  return more > 0 ? `${shown.join("; ")}; and ${more} more` : shown.join("; ");
}

/** Zod's own words, without the values: those may be somebody's message. */
function tell(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys")
    return `unexpected property ${issue.keys.map((key) => JSON.stringify(key.slice(0, 64))).join(", ")}`;
  return issue.message.slice(0, 200);
}
