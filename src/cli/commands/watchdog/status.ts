// `watchdog status`, `baseline`, `accept` and `restore`: what has moved, and the owner's word about it.
import { LoricaError } from "../../../base/errors.ts";
import { renderCount } from "../../../base/text/count.ts";
import type { Invocation } from "../../context.ts";
import { commandLine, withOwner } from "../../reach.ts";
import { renderTable } from "../../text.ts";

export async function showWatchdog(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const status = await withOwner(invocation, (owner) => owner.call("watchdog.status", {}));
  io.result(status, () => {
    const { since, files, config, instructions, units, alerts } = status;
    if (files === "fighting") io.line(io.style("red", "another process keeps writing to the config files"));
    if (since === null) io.line(`no baseline is set; to set one: ${commandLine(invocation, "watchdog baseline")}`);
    else
      io.line(
        `since ${dayOf(since)} UTC: ${config.length === 0 ? "the config is as it was" : "the config has changed"}`,
      );
    const keys = config.map(({ path, before, after, direction }) => [
      direction === "wider" ? "!" : "",
      path,
      `${before} → ${after}`,
    ]);
    for (const line of renderTable(keys, { width: io.width, indent: "  " })) io.line(line);
    io.line("instruction files:");
    const rows = instructions.map(({ agentId, name, state, by, at }) => [
      agentId,
      name,
      state,
      `by ${by}, ${dayOf(at)} UTC`,
    ]);
    for (const line of renderTable(rows, { width: io.width, indent: "  " })) io.line(line);
    if (units.length > 0) io.line("what starts the gateway:");
    const starting = units.map(({ path, state, by, at }) => [path, state, `by ${by}, ${dayOf(at)} UTC`]);
    for (const line of renderTable(starting, { width: Infinity, indent: "  " })) io.line(line);
    if (alerts > 0) io.line(`${renderCount(alerts, "alert")}: ${commandLine(invocation, "watchdog alerts")}`);
  });
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

export async function setBaseline(invocation: Invocation): Promise<void> {
  const result = await withOwner(invocation, (owner) => owner.call("watchdog.baseline", {}));
  invocation.io.result(result, () => invocation.io.line("later changes are counted from now on"));
}

export async function acceptInstruction(invocation: Invocation): Promise<void> {
  if (namesPath(invocation)) return await sayOfUnit(invocation, "accept");
  const file = fileOf(invocation);
  const result = await withOwner(invocation, (owner) => owner.call("watchdog.accept", file));
  invocation.io.result(result, () => invocation.io.line(`the agent ${file.agentId} goes by ${file.name} now`));
}

export async function restoreInstruction(invocation: Invocation): Promise<void> {
  if (namesPath(invocation)) return await sayOfUnit(invocation, "restore");
  const file = fileOf(invocation);
  const result = await withOwner(invocation, (owner) => owner.call("watchdog.restore", file));
  invocation.io.result(result, () => invocation.io.line(`${file.name} is what it was before its last change`));
}

function fileOf({ args, options }: Invocation): { readonly agentId: string; readonly name: string } {
  const [name] = args;
  if (name === undefined) throw new LoricaError("invalid_request", "name a file, as AGENTS.md");
  return { agentId: options.text("agent") ?? "main", name };
}

/** Instruction files are named alone, and what starts the gateway by its whole path. */
function namesPath({ args }: Invocation): boolean {
  return args[0]?.startsWith("/") ?? false;
}

async function sayOfUnit({ args, ...invocation }: Invocation, word: "accept" | "restore"): Promise<void> {
  const [path = ""] = args;
  const result = await withOwner({ args, ...invocation }, (owner) => owner.call("watchdog.unit", { path, word }));
  invocation.io.result(result, () => {
    invocation.io.line(`${path} is ${word === "accept" ? "as you want it" : "what it was before"}`);
    invocation.io.line("so that systemd reads it: systemctl --user daemon-reload");
  });
}
