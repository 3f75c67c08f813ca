// `audit`: the evidence log read, followed, verified and handed on.
import { resolve } from "node:path";
import { LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import { stripControls } from "../../../base/text/controls.ts";
import { sleep } from "../../../base/wait.ts";
import type { AuditLine } from "../../../protocol/owner/evidence.ts";
import type { OwnerParamsOf } from "../../../protocol/owner-methods.ts";
import type { Invocation } from "../../context.ts";
import { parseDuration } from "../../options.ts";
import { withOwner } from "../../reach.ts";

type Filter = Omit<OwnerParamsOf<"audit.query">, "after" | "limit">;

export async function auditLog(invocation: Invocation): Promise<void> {
  const { options, io, signal } = invocation;
  const filter = filterOf(invocation);
  const limit = options.whole("limit", { min: 1, max: 1_000 });
  const ask = (more: { after?: number; limit?: number }) =>
    withOwner(invocation, (owner) => owner.call("audit.query", { ...filter, ...more }));
  const first = await ask(limit === undefined ? {} : { limit });
  if (!options.flag("follow")) return show(invocation, first.records);
  for (const record of first.records) io.line(io.json ? JSON.stringify(record) : render(invocation, record));
  try {
    for (let after = first.next; ;) {
      await sleep(limits.cliLogPollMs, signal);
      const { records, next } = await ask({ after, limit: 1_000 });
      for (const record of records) io.line(io.json ? JSON.stringify(record) : render(invocation, record));
      after = next;
    }
  } catch (error) {
    // Leaving is how following ends.
    if (!signal.aborted) throw error;
  }
}

function show(invocation: Invocation, records: readonly AuditLine[]): void {
  const { io } = invocation;
  io.result(records as never, () => {
    if (records.length === 0) return io.line("no record fits");
    for (const record of records) io.line(render(invocation, record));
  });
}

const shown = ["verb", "resource", "rule", "reason", "agentId", "sessionKey", "principal", "actor"] as const;

function render({ io }: Invocation, record: AuditLine): string {
  const { seq, time, kind, verdict, source, result } = record;
  const style = verdict === "deny" ? "red" : "dim";
  const said = shown.flatMap((name) => (record[name] === undefined ? [] : [`${name}=${JSON.stringify(record[name])}`]));
  const about = result === undefined ? [] : [`result=${JSON.stringify(result)}`];
  const from = source === "gateway" ? "" : " (broker)";
  const head = `${String(seq).padStart(6)}  ${String(time)}  ${io.style(style, `${String(kind)}${verdict === undefined ? "" : ` ${String(verdict)}`}`)}`;
  return `${head}${from}  ${stripControls([...said, ...about].join(" "))}`;
}

export async function auditVerify(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const key = options.text("key");
  const head = headOf(options.text("head"));
  const params = { ...(key === undefined ? {} : { key }), ...(head === undefined ? {} : { head }) };
  const { text, ...report } = await withOwner(invocation, (owner) => owner.call("audit.verify", params));
  io.result(report as never, () => io.line(stripControls(text)));
  if (report.verdict === "broken")
    throw new LoricaError("conflict", "the evidence log is not as it was written; see above what differs");
}

function headOf(text: string | undefined): { seq: number; hash: string } | undefined {
  if (text === undefined) return undefined;
  const match = /^([1-9]\d{0,15}):([\w-]{43})$/.exec(text);
  if (match?.[2] === undefined)
    throw new LoricaError(
      "invalid_request",
      "--head takes what `lorica audit key` prints: a number, a colon and a hash",
    );
  return { seq: Number(match[1]), hash: match[2] };
}

export async function auditKey(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withOwner(invocation, (owner) => owner.call("audit.key", {}));
  io.result(result as never, () => {
    io.line(`public key  ${result.publicKey ?? "none yet: the vault was never open"}`);
    io.line(`head        ${result.head === null ? "none" : `${result.head.seq}:${result.head.hash}`}`);
    io.line(`log         ${result.folder}`);
    io.line(
      "Keep the key and now and then the head elsewhere: with them a forged or rolled-back log is told from this one.",
    );
  });
}

export async function auditExport(invocation: Invocation): Promise<void> {
  const { io, args, context } = invocation;
  const [given] = args;
  if (given === undefined) throw new LoricaError("invalid_request", "name a folder that is not there yet");
  const folder = resolve(context.callerDirectory ?? process.cwd(), given);
  const params = { folder, ...filterOf(invocation) };
  const result = await withOwner(invocation, (owner) => owner.call("audit.export", params));
  io.result(result as never, () => {
    io.line(`copied to ${result.folder}: ${result.files.join(", ")}`);
    if (result.selected !== null) io.line(`${result.selected} records fit; they are in selected.jsonl`);
  });
}

function filterOf({ options }: Invocation): Filter {
  const kinds = options.text("kind")?.split(",");
  const verdict = options.choice("verdict", ["allow", "deny"]);
  const found = {
    kinds,
    verdict,
    agent: options.text("agent"),
    session: options.text("session"),
    actor: options.text("actor"),
    text: options.text("text"),
    since: timeOf("since", options.text("since")),
    until: timeOf("until", options.text("until")),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** So long ago, or a date. */
function timeOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  return /^\d+(ms|s|m|h|d)?$/.test(text) || Number.isNaN(at) ? Date.now() - parseDuration(name, text) : at;
}
