// `status` and `health`: what runs, what answers, what is off and why. Read-only, and fit to paste into a report.
import { release } from "node:os";
import { bounded } from "../../base/wait.ts";
import type { OwnerStatus } from "../../protocol/owner-methods.ts";
import type { ChannelsStatusResult, StatusResult } from "../../protocol/shapes.ts";
import { diagnose, lockedVault } from "../diagnosis.ts";
import type { Finding } from "../diagnosis.ts";
import type { Invocation } from "../context.ts";
import { commandLine, withGateway, withRunningOwner } from "../reach.ts";
import { renderBytes, renderDuration, renderPlace, renderTable } from "../text.ts";
import { configuredRemote, isRemote } from "../remote.ts";
import { remoteStatus } from "./gateway/remote-status.ts";
import { modelLine, sandboxLine } from "./up.ts";
import { usageRows } from "./usage.ts";

type Snapshot = {
  readonly owner: OwnerStatus;
  readonly gateway: StatusResult;
  readonly channels: ChannelsStatusResult;
};

export async function status(given: Invocation): Promise<void> {
  const { io, options } = given;
  const timeoutMs = options.duration("timeout");
  const invocation = timeoutMs === undefined ? given : { ...given, signal: bounded(given.signal, timeoutMs) };
  const all = options.flag("all") || options.flag("deep") || options.flag("verbose");
  if (isRemote(invocation)) return remoteStatus(invocation);
  const snapshot = await io.progress("asking the gateway", gather(invocation));
  if (snapshot === undefined && (await configuredRemote(invocation)) !== undefined) return remoteStatus(invocation);
  if (snapshot === undefined) return showDown(invocation, await diagnose(invocation));
  const finding = all ? await diagnose(invocation) : undefined;
  const usage = all || options.flag("usage") ? await usageRows(invocation, 30) : undefined;
  const value = {
    state: finding?.state ?? "running",
    ...snapshot,
    ...(usage === undefined ? {} : { usage: usage.value }),
  };
  io.result(all ? concealHome(invocation, value) : value, () => {
    const rows = [...summaryRows(invocation, snapshot), ...(all ? detailRows(snapshot) : []), ...(usage?.rows ?? [])];
    const title = `Lorica ${snapshot.owner.version}, up ${renderDuration(snapshot.owner.uptimeMs)}`;
    io.line(io.style("bold", title));
    for (const line of renderTable(rows, { width: Infinity, indent: "  " }))
      io.line(all ? concealHome(invocation, line) : line);
    if (finding !== undefined && finding.state !== "running") io.line(io.style("yellow", finding.summary));
  });
}

/** Undefined where the gateway cannot be asked; why, is for the diagnosis to find. */
async function gather(invocation: Invocation): Promise<Snapshot | undefined> {
  const owner = await withRunningOwner(invocation, async (client) => client?.call("owner.status", {}));
  if (owner === undefined || owner.gateway.state !== "running" || lockedVault(owner) !== undefined) return undefined;
  return withGateway(invocation, async (client) => ({
    owner,
    gateway: await client.call("status", {}),
    channels: await client.call("channels.status", {}),
  }));
}

function showDown({ io }: Invocation, finding: Finding): void {
  io.result(finding, () => {
    io.line(`${io.style("yellow", finding.state.replaceAll("_", " "))}: ${finding.summary}`);
    if (finding.advice !== undefined) io.line(`What to do: ${finding.advice}`);
  });
  io.exitWith(finding.exit);
}

function summaryRows(invocation: Invocation, { owner, gateway, channels }: Snapshot): [string, string][] {
  const { listen, config } = owner;
  const stale = config.restartNeeded.length === 0 ? "" : `; restart needed for ${config.restartNeeded.join(", ")}`;
  return [
    ["model", modelLine(invocation, gateway)],
    ["sandbox", sandboxLine(invocation, owner)],
    ...owner.parts.filter(({ state }) => state !== "on").map(partRow),
    ["gateway", `${owner.gateway.state}, ${gateway.phase}; ${gateway.runs.active} turns running`],
    ["agents", gateway.agents.map((agent) => agent.id).join(", ")],
    ["sessions", String(gateway.sessions.count)],
    ["address", listen === null ? "none" : `http://${renderPlace(listen)}`],
    ...networkRows(owner),
    ["config", `${owner.paths.config}${stale}`],
    ["workspace", owner.paths.workspace],
    ...channels.channelOrder.map((channel): [string, string] => ["channel", channelLine(channel, channels)]),
    ...channels.warnings.map((warning): [string, string] => ["note", warning]),
    ...gateway.dangers.map((danger): [string, string] => ["danger", danger]),
    ...owner.parts.flatMap(({ notes = [] }) => notes.map((note): [string, string] => ["alert", note])),
    ...owner.notices.map((notice): [string, string] => ["note", notice]),
  ];
}

/** How others find the gateway; nothing where nobody is to. */
function networkRows({ network }: OwnerStatus): [string, string][] {
  const { tailscale, mdns } = network ?? {};
  const published = tailscale && `${tailscale.mode}: ${tailscale.url ?? tailscale.reason ?? tailscale.state}`;
  const announced = mdns && (mdns.offBecause === null ? `announced, ${mdns.mode}` : `off: ${mdns.offBecause}`);
  return [
    ...(published === undefined ? [] : [["tailscale", published] as [string, string]]),
    ...(announced === undefined ? [] : [["mdns", announced] as [string, string]]),
  ];
}

function channelLine(channel: string, { channelAccounts }: ChannelsStatusResult): string {
  const accounts = channelAccounts[channel] ?? [];
  return accounts.map(({ accountId, healthState }) => `${channel}/${accountId} ${healthState}`).join(", ");
}

function detailRows({ owner, gateway }: Snapshot): [string, string][] {
  const { confinement, confinementReason, restarts, pid } = owner.gateway;
  return [
    ["node", `${process.versions.node}, ${process.platform} ${release()} ${process.arch}`],
    ["config", `running ${shortHash(owner.config.hashRunning)}, on disk ${shortHash(owner.config.hashOnDisk)}`],
    ["broker", `pid ${owner.pid}`],
    ["gateway", `pid ${pid ?? "none"}, ${restarts} restarts, up ${renderDuration(gateway.uptimeMs)}`],
    ["confined", confinement === "bwrap" ? "yes (bubblewrap)" : `no: ${confinementReason ?? "unknown"}`],
    ["memory", `gateway ${renderBytes(gateway.processMemory.rssBytes)}`],
    ["clients", `${gateway.connections.sockets} on sockets, ${gateway.connections.http} on HTTP`],
    ["state", owner.paths.state],
    ["log", owner.paths.log],
    ["profile", owner.profile ?? "default"],
    ...owner.parts.filter(({ state }) => state === "on").map(partRow),
    ...owner.sandbox.walls.map((wall): [string, string] => [
      "wall",
      `${wall.held ? "held" : "FAILED"}: ${wall.name}: ${wall.detail}`,
    ]),
  ];
}

function partRow({ name, state, detail, fix }: OwnerStatus["parts"][number]): [string, string] {
  return [name, `${state}: ${detail}${fix === null ? "" : `. What to do: ${fix}`}`];
}

function shortHash(hash: string | null): string {
  return hash?.slice(0, 12) ?? "none";
}

/** Whoever reads a pasted report need not learn the owner's name. Secrets were never in it. */
function concealHome<T>({ paths }: Invocation, value: T): T {
  if (paths.home.length < 2) return value;
  return JSON.parse(JSON.stringify(value).replaceAll(JSON.stringify(paths.home).slice(1, -1), "~")) as T;
}

export async function health(given: Invocation): Promise<void> {
  const { io, options } = given;
  const invocation = { ...given, signal: bounded(given.signal, options.duration("timeout") ?? 10_000) };
  const needs = { scopes: ["operator.read"] };
  const result = await withGateway(invocation, (gateway) => gateway.call("health", {}), needs);
  io.result(result, () => {
    io.line(`${io.style("green", "ok")} · ${result.sessions.count} sessions · agent ${result.defaultAgentId}`);
    if (options.flag("verbose"))
      for (const session of result.sessions.recent) io.line(`  ${session.key}  ${renderDuration(session.age)} ago`);
    if (options.flag("verbose")) io.line(`  more: ${commandLine(invocation, "status --all")}`);
  });
}
