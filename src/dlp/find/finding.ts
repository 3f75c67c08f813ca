// What a detector says of a text: which rule, how sure and how bad, and where. Never what.

/** `critical`: one of our own values. `high`: certainly somebody's. `medium`, `low`: perhaps. */
export type Severity = "critical" | "high" | "medium" | "low";

export type Finding = {
  /** `vault.value`, `vault.split`, `canary`, `format.<maker>`, `class.<kind>`, `pii.<list>`, `entropy`. */
  readonly rule: string;
  readonly severity: Severity;
  readonly start: number;
  readonly end: number;
  /** Spelled so that a person would not see it: whoever did that meant it. */
  readonly disguised: boolean;
  /** Where it is no more than a part of one of our values: which one, as a number that says nothing of it. */
  readonly part?: string | undefined;
};

export const redactedMark = "[redacted]";

/** `spans` in any order and over each other. */
export function replaceSpans(text: string, spans: readonly Pick<Finding, "start" | "end">[]): string {
  let result = "";
  let at = 0;
  for (const { start, end } of mergeSpans(spans)) {
    result += text.slice(at, start) + redactedMark;
    at = end;
  }
  return result + text.slice(at);
}

export type Span = { readonly start: number; readonly end: number };

export function mergeSpans(spans: readonly Span[]): readonly Span[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of spans.toSorted((left, right) => left.start - right.start)) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}
