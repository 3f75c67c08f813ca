// `dlp`: what was stopped or taken out because it must not leave. Where it was is shown, and never what it was.
import { LoricaError } from "../../../base/errors.ts";
import type { OwnerHeld, OwnerIncident } from "../../../protocol/owner/dlp.ts";
import type { Invocation } from "../../context.ts";
import { readStdin } from "../../input.ts";
import { withOwner } from "../../reach.ts";
import { renderTable } from "../../text.ts";

const limitMax = 500;
const pointsToTest = ["reply", "call", "result", "inbound", "channel"] as const;

export async function listIncidents(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const limit = options.whole("limit", { min: 1, max: limitMax });
  const params = limit === undefined ? {} : { limit };
  const result = await withOwner(invocation, (owner) => owner.call("dlp.list", params));
  io.result(result as never, () => {
    if (result.held.length > 0) io.line("waiting for your word:");
    for (const line of renderTable(result.held.map(heldRow), { width: io.width })) io.line(line);
    if (result.incidents.length === 0) return io.line("nothing was found since the start");
    const rows = result.incidents.map(({ id, at, verdict, point, rules, times }) => [
      id,
      timeOf(at),
      verdict,
      point,
      rules.join(" "),
      times === 1 ? "" : `${times} times`,
    ]);
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}

export async function showIncident(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const id = idOf(invocation);
  const { incident, held } = await withOwner(invocation, (owner) => owner.call("dlp.show", { id }));
  const shown = held === null ? incident : { verdict: "hold" as const, times: 1, ...held };
  if (shown === null) throw new LoricaError("not_found", `there is no incident ${id} since the start`);
  io.result(shown, () => {
    for (const line of renderTable(rowsOf(shown), { width: io.width })) io.line(line);
    if (held !== null) io.line(waitingFor[held.word]);
  });
}

export async function allowIncident(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const id = idOf(invocation);
  const forMs = options.duration("for");
  const params = forMs === undefined ? { id } : { id, forMs };
  const result = await withOwner(invocation, (owner) => owner.call("dlp.allow", params));
  io.result(result, () => {
    if (result.isHeld) return io.line(`the message ${result.id} to ${result.to} is sent, this once`);
    if (result.until === null) return io.line(`texts are judged again; what ${result.id} is about stays blanked`);
    const where = result.to === "" ? `in the session ${result.sessionKey}` : `to ${result.to}`;
    const until = timeOf(result.until);
    io.line(
      result.isOnce
        ? `what ${result.id} is about passes once, ${where}, if it comes before ${until}; ask for it again`
        : `what ${result.id} is about passes as often as it comes, ${where}, until ${until}; ask for it again`,
    );
  });
}

export async function refuseHeld(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const id = idOf(invocation);
  const result = await withOwner(invocation, (owner) => owner.call("dlp.refuse", { id }));
  io.result(result, () => io.line(`the message ${result.id} to ${result.to} is not sent, and nothing of it is kept`));
}

export async function showStats(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withOwner(invocation, (owner) => owner.call("dlp.stats", {}));
  io.result(result, () => {
    io.line(`${result.texts} texts, ${result.chars} characters, ${result.ms} ms`);
    const rows = result.rules.map(({ rule, verdict, times }) => [rule, verdict, String(times)]);
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}

export async function testText(invocation: Invocation): Promise<void> {
  const { io, options, context } = invocation;
  const at = options.text("at") ?? "reply";
  const point = pointsToTest.find((one) => one === at);
  if (point === undefined)
    throw new LoricaError("invalid_request", `--at is one of ${pointsToTest.join(", ")}; it is ${JSON.stringify(at)}`);
  const text = await readStdin(context);
  const result = await withOwner(invocation, (owner) => owner.call("dlp.test", { text, point }));
  io.result(result.findings, () => {
    if (result.findings.length === 0) return io.line("nothing found");
    const rows = result.findings.map(({ rule, verdict, start, end }) => [
      rule,
      verdict,
      `characters ${start + 1}–${end}`,
    ]);
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}

const waitingFor: Readonly<Record<OwnerHeld["word"], string>> = {
  none: "It waits: send it with lorica dlp allow, or drop it with lorica dlp refuse",
  allowed: "You allowed it; it is being sent",
  refused: "You refused it; it is being dropped",
  expired: "Nobody allowed it in time; it is being dropped",
};

function heldRow({ id, at, to, sessionKey, rules, word }: OwnerHeld): string[] {
  return [id, `since ${timeOf(at)}`, `to ${to}`, sessionKey, rules.join(" "), word === "none" ? "" : word];
}

function rowsOf(incident: OwnerIncident): string[][] {
  const { id, at, verdict, point, rules, agentId, sessionKey, to, where, times } = incident;
  return [
    ["incident", id],
    ["when", `${timeOf(at)}${times === 1 ? "" : `, ${times} times`}`],
    ["verdict", `${verdict} at ${point}`],
    ["rules", rules.join(" ")],
    ["where", where],
    ["agent", agentId],
    ["session", sessionKey],
    ["to", to],
  ].filter(([, value]) => value !== "");
}

function idOf({ args }: Invocation): string {
  const [id] = args;
  if (id === undefined || id === "")
    throw new LoricaError("invalid_request", "name the incident, as `lorica dlp list` prints it");
  return id;
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
