// `sandbox …`: what cells there are, what one is, whether the walls stand, and lowering one of them for a while.
import { LoricaError } from "../../../base/errors.ts";
import type { CellExplanation } from "../../../protocol/owner/sandbox.ts";
import type { Invocation } from "../../context.ts";
import { withOwner } from "../../reach.ts";
import { renderBytes, renderDuration, renderTable } from "../../text.ts";

const digestShown = 12;

export async function listCells(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withOwner(invocation, (owner) => owner.call("sandbox.list", {}));
  io.result(result, () => {
    if (result.loweredUntil !== null) io.line(loweredLine(result.loweredUntil));
    if (result.cells.length === 0) return io.line("no cell is open; the next command or file tool starts one");
    const rows = result.cells.map((cell) => [
      cell.agentId,
      cell.sessionKey ?? `(${cell.scope})`,
      cell.isBusy ? "at work" : "idle",
      renderDuration(cell.ageMs),
      cell.digest.slice(0, digestShown),
      cell.filter === "full" ? "" : "filter LOWERED",
    ]);
    for (const line of renderTable([["agent", "session", "", "age", "profile", ""], ...rows], { width: io.width }))
      io.line(line);
  });
}

export async function explainCells(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const agent = options.text("agent");
  const params = agent === undefined ? {} : { agent };
  const result = await withOwner(invocation, (owner) => owner.call("sandbox.explain", params));
  io.result(result, () => {
    for (const explanation of result.agents)
      // Nothing is cut off: the end of a reason is often what it says.
      for (const line of renderTable(rowsOf(explanation), { width: Infinity })) io.line(line);
  });
}

function rowsOf(cell: CellExplanation): readonly (readonly string[])[] {
  const { refused, fix } = cell;
  const changes =
    cell.access === "rw" ? "read and written" : cell.access === "ro" ? "read only" : "not there: an empty folder";
  return [
    ["agent", cell.agentId],
    ...(refused === null ? [] : [["no cell", fix === null ? refused : `${refused}\n${fix}`]]),
    ["workspace", `${cell.workspace}, ${changes}`],
    [
      "shared by",
      { session: "nobody: each session has its own", agent: "the agent's sessions", shared: "agents that say so" }[
        cell.scope
      ],
    ],
    [
      "mode",
      cell.filter === "full" ? `${cell.mode}: all walls are up` : `${cell.mode}: the filter of system calls is LOWERED`,
    ],
    ["read-only", cell.locked.length === 0 ? "no file of the workspace" : cell.locked.join(" ")],
    ["network", "its own loopback; what else it may reach is said by: egress status"],
    ["not there", "home, keys, config, state, /run, /var, other agents' files, every socket of the host"],
    ["bounds", `${cell.processesMax} processes, ${renderBytes(cell.memoryBytes)} of memory`],
    ["held by", `${cell.limits.kind}; ${cell.limits.detail}`],
    ...cell.binds.map((bind) => ["bound", bind]),
    ...cell.folders.map((folder) => ["in memory", folder]),
    ...(cell.variables.length === 0 ? [] : [["variables", cell.variables.join(" ")]]),
    ["profile", cell.digest ?? "none"],
    [""],
  ];
}

export async function recreateCells(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const agent = options.text("agent");
  const session = options.text("session");
  const params = { ...(agent === undefined ? {} : { agent }), ...(session === undefined ? {} : { session }) };
  const result = await withOwner(invocation, (owner) => owner.call("sandbox.recreate", params));
  io.result(result, () => io.line(`${result.ended} ended; the next command has a new one`));
}

export async function testWalls(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withOwner(invocation, (owner) => owner.call("sandbox.test", {}));
  io.result(result, () => {
    const rows = result.walls.map((wall) => [wall.held ? "held" : "FELL", wall.name, wall.detail]);
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
    io.line(
      `${result.walls.filter((wall) => wall.held).length} of ${result.walls.length} held, in ${result.tookMs} ms`,
    );
    io.line(`bounds: ${result.limits.kind}; ${result.limits.detail}`);
  });
  if (result.state === "off")
    throw new LoricaError("unavailable", `the sandbox is off: ${result.reason ?? ""}. ${result.fix ?? ""}`);
}

export async function lowerFilter(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const forMs = options.duration("for");
  if (forMs === undefined)
    throw new LoricaError("invalid_request", "say for how long, as --for 1h: a wall that is lowered goes up by itself");
  const result = await withOwner(invocation, (owner) => owner.call("sandbox.lower", { forMs }));
  io.result(result, () => {
    if (result.until === null) return io.line("the filter of system calls is up");
    io.line(`for ${result.agents.join(", ")}: ${loweredLine(result.until)}`);
    io.line("Files, network and processes stay as confined as before; more of the kernel can be attacked.");
  });
}

function loweredLine(until: number): string {
  return `the filter of system calls is LOWERED until ${new Date(until).toISOString()}`;
}
