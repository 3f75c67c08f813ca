// Fields of a body that may be missing, and the refusal of those that cannot be served.
import { HttpProblem } from "./answer.ts";

/** Undefined or null is as good as absent in these APIs. */
export function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export function optionalText(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  if (!given(value)) return undefined;
  if (typeof value === "string") return value;
  throw new HttpProblem(400, `${name} must be a string`, { param: name });
}

export function optionalCount(body: Record<string, unknown>, name: string): number | undefined {
  const value = body[name];
  if (!given(value)) return undefined;
  if (Number.isSafeInteger(value) && Number(value) > 0) return Number(value);
  throw new HttpProblem(400, `${name} must be a whole number above 0`, { param: name });
}

export function flag(body: Record<string, unknown>, name: string): boolean {
  const value = body[name];
  if (!given(value)) return false;
  if (typeof value === "boolean") return value;
  throw new HttpProblem(400, `${name} must be true or false`, { param: name });
}

/** What would change the answer and cannot be served is refused; what only tunes the model is left to the agent. */
export function refuse(param: string, why: string): never {
  throw new HttpProblem(400, `${param}: ${why}`, { param, details: { code: "unsupported_parameter" } });
}

export function isFilled(list: unknown): boolean {
  return given(list) && !(Array.isArray(list) && list.length === 0);
}
