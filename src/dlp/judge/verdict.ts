// What is made of what was found, by where the text is going. A slip is taken out and the rest goes on; what somebody
// has disguised, and whole kinds of content, do not leave at all.
import type { Finding } from "../find/finding.ts";

/** Where a text is on its way to. */
export const points = [
  /** From the model, before it is stored and becomes a reply. */
  "answer",
  /** To a person or a client. */
  "reply",
  "order",
  "stream",
  /** Into a tool. */
  "call",
  /** Into the store and the model's context. */
  "result",
  "inbound",
  "summary",
  /** Out of the store into a file. */
  "export",
  /** Out of this machine, seen by the broker itself. */
  "model",
  "channel",
  "egress",
] as const;

export type Point = (typeof points)[number];

export type Verdict = "pass" | "redact" | "hold" | "block";

type Kind = "value" | "disguised" | "canary" | "format" | "class" | "pii" | "entropy";
type Row = Readonly<Record<Kind, Verdict>>;

const leaving: Row = {
  value: "redact",
  disguised: "block",
  canary: "block",
  format: "redact",
  class: "block",
  pii: "hold",
  entropy: "pass",
};
/** What the gateway should have taken out already: that it is there means that the gateway is not ours any more. */
const wall: Row = { ...leaving, value: "block", format: "block", pii: "pass" };
const kept: Row = {
  value: "redact",
  disguised: "redact",
  canary: "redact",
  format: "redact",
  class: "redact",
  pii: "pass",
  entropy: "pass",
};
/** To write somebody's key into a file is work. Ours is never needed: whoever uses it names it. */
const acting: Row = { ...kept, value: "block", disguised: "block", canary: "block", format: "pass", class: "pass" };

const table: Readonly<Record<Point, Row>> = {
  answer: leaving,
  reply: leaving,
  order: leaving,
  stream: leaving,
  call: acting,
  result: kept,
  inbound: kept,
  summary: kept,
  export: kept,
  model: { ...kept, canary: "pass", format: "pass", class: "pass" },
  channel: wall,
  egress: { ...acting, class: "block" },
};

const order: readonly Verdict[] = ["pass", "redact", "hold", "block"];

export function verdictOf(finding: Finding, point: Point): Verdict {
  return table[point][kindOf(finding)];
}

export function strictest(verdicts: readonly Verdict[]): Verdict {
  return order[Math.max(0, ...verdicts.map((verdict) => order.indexOf(verdict)))] ?? "pass";
}

function kindOf({ rule, disguised }: Finding): Kind {
  if (rule === "vault.value") return disguised ? "disguised" : "value";
  if (rule === "vault.split") return "disguised";
  const [kind] = rule.split(".");
  if (kind === "canary" || kind === "format" || kind === "class" || kind === "pii") return kind;
  return "entropy";
}

/** What each rule means, for a person who meets it. */
export function describeRule(rule: string): string {
  if (rule === "vault.value") return "a value from the vault";
  if (rule === "vault.split") return "a value from the vault, in pieces";
  if (rule === "vault.guessing") return "too many parts of values from the vault, as if somebody guessed at them";
  if (rule === "canary") return "the marker of the system prompt";
  const [kind, name = ""] = rule.split(".");
  if (kind === "format") return `what looks like a credential (${name})`;
  if (kind === "class")
    return (
      { dotenv: "a file of variables with secrets", environ: "a process's environment" }[name] ??
      "parts of the config file with secrets"
    );
  if (kind === "pii") return `a list of people (${name})`;
  return "a long random text";
}
