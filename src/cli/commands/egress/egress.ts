// `egress …`: which hosts commands may reach, what would happen to one, the two edits that are made most, and the log.
import { LoricaError } from "../../../base/errors.ts";
import type { ConfigChange } from "../../../protocol/owner-methods.ts";
import type { Invocation } from "../../context.ts";
import { withOwner } from "../../reach.ts";
import { renderBytes, renderTable } from "../../text.ts";

export async function showEgress(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withOwner(invocation, (owner) => owner.call("egress.status", {}));
  io.result(result, () => {
    for (const agent of result.agents) {
      io.line(io.style("bold", `${agent.agentId} (${agent.profile})`));
      if (!agent.hasWayOut) io.line("  no network: its commands reach nothing");
      for (const rule of agent.rules) io.line(`  ${rule}`);
      if (agent.uploadMaxBytes !== null)
        io.line(`  at most ${renderBytes(agent.uploadMaxBytes)} upwards per connection`);
    }
    io.line(io.style("bold", "the gateway's own requests"));
    if (result.routes.length === 0) io.line("  none: no provider and no platform is switched on");
    for (const route of result.routes) io.line(`  ${route}`);
    for (const { name, hosts, risk } of result.presets) {
      io.line(io.style("bold", `preset ${name}`));
      io.line(`  ${hosts.join(" ")}`);
      io.line(`  risk: ${risk}`);
    }
    io.line(`${result.allowed} connections went out, ${result.denied} were refused`);
  });
}

export async function testHost(invocation: Invocation): Promise<void> {
  const { args, io, options } = invocation;
  const agent = options.text("agent");
  const params = { host: args[0] ?? "", ...(agent === undefined ? {} : { agent }) };
  const result = await withOwner(invocation, (owner) => owner.call("egress.test", params));
  const place = `${result.host}:${result.port} for ${result.agentId}`;
  io.result(result, () => {
    if (result.verdict === "deny") return io.line(`denied: ${place}: ${result.reason ?? ""}`);
    io.line(`allowed: ${place} by ${result.rule}${result.isTerminated ? "; its TLS ends in the broker" : ""}`);
    io.line(
      "its address is judged when it is dialled: one of your own network is refused unless the rule says private",
    );
  });
}

export async function allowHost(invocation: Invocation): Promise<void> {
  const { options } = invocation;
  const forMs = options.duration("for");
  const params = { ...placeOf(invocation), ...(forMs === undefined ? {} : { forMs }) };
  show(invocation, await withOwner(invocation, (owner) => owner.call("egress.allow", params)));
}

export async function denyHost(invocation: Invocation): Promise<void> {
  const params = placeOf(invocation);
  show(invocation, await withOwner(invocation, (owner) => owner.call("egress.deny", params)));
}

function placeOf({ args, options }: Invocation): { readonly host: string; readonly agent?: string } {
  const [host] = args;
  if (host === undefined) throw new LoricaError("invalid_request", "name the host, as api.example.com");
  const agent = options.text("agent");
  return { host, ...(agent === undefined ? {} : { agent }) };
}

function show({ io }: Invocation, change: ConfigChange): void {
  io.result(change, () => {
    for (const { path } of change.changed) io.line(`${path} changed, in force now`);
    if (change.changed.length === 0) io.line("it was so already");
  });
}

export async function showLog(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const limit = options.whole("limit", { min: 1, max: 1_000 });
  const params = { blocked: options.flag("blocked"), ...(limit === undefined ? {} : { limit }) };
  const result = await withOwner(invocation, (owner) => owner.call("egress.log", params));
  io.result(result, () => {
    if (result.entries.length === 0) return io.line("nothing since the start; older records: lorica audit log");
    const rows = result.entries.map((entry) => [
      new Date(entry.at).toISOString().slice(11, 19),
      entry.agentId,
      entry.verdict,
      `${entry.method ?? ""} ${entry.host}:${entry.port}`.trim(),
      entry.verdict === "deny"
        ? (entry.reason ?? entry.rule)
        : `${renderBytes(entry.upBytes)} up, ${renderBytes(entry.downBytes)} down`,
    ]);
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}
