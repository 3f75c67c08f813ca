// `nodes`: the machines that this gateway may ask, what each offers, and asking one.
import { LoricaError } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { isRecord, parseJson } from "../../../base/json.ts";
import { stripControls } from "../../../base/text/controls.ts";
import { invokeScope } from "../../../protocol/nodes/commands.ts";
import type { NodePairRequest, NodeRow } from "../../../protocol/nodes/shapes.ts";
import type { Invocation } from "../../context.ts";
import { readInput } from "../../input.ts";
import { commandLine, withGateway } from "../../reach.ts";
import type { GatewayClient } from "../../reach.ts";
import { renderDuration, renderTable } from "../../text.ts";

const pairing = { scopes: ["operator.pairing"] } as const;
const approving = { scopes: ["operator.admin"] } as const;

export async function listNodes(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const needs = { scopes: ["operator.read", "operator.pairing"] };
  const found = await withGateway(
    invocation,
    async (gateway) => ({ ...(await gateway.call("node.list", {})), ...(await gateway.call("node.pair.list", {})) }),
    needs,
  );
  const { nodes, pending } = found;
  io.result({ nodes, pending }, () => {
    if (nodes.length === 0) io.line(`no nodes. On another machine: ${invocation.context.program} node run --host …`);
    for (const line of renderTable(nodes.map(nodeLine), { width: Infinity })) io.line(line);
    for (const request of pending) showRequest(invocation, request);
  });
}

function nodeLine(node: NodeRow): readonly string[] {
  const seen = node.lastSeenAtMs === undefined ? "" : `seen ${renderDuration(Date.now() - node.lastSeenAtMs)} ago`;
  return [
    node.connected ? "connected" : "away",
    stripControls(node.displayName ?? "(no name)"),
    node.nodeId.slice(0, 12),
    stripControls(node.platform),
    node.approvalState === "approved" ? `${node.commands.length} commands` : node.approvalState,
    node.connected ? "" : seen,
  ];
}

function showRequest(invocation: Invocation, request: NodePairRequest): void {
  const { io } = invocation;
  const name = stripControls(request.displayName ?? request.nodeId.slice(0, 12));
  io.line();
  io.line(
    `${io.style("yellow", "waits for approval")}: ${name}${request.isRepair ? ", which offers more than before" : ""}`,
  );
  io.line(`  offers   ${stripControls(request.commands.join(", ")) || "nothing"}`);
  io.line(`  approve  ${commandLine(invocation, `nodes approve ${request.requestId}`)}`);
}

export async function describeNode(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const node = await withGateway(
    invocation,
    async (gateway) => gateway.call("node.describe", { nodeId: await findNode(gateway, invocation) }),
    { scopes: ["operator.read"] },
  );
  io.result(node, () => {
    const rows: (readonly [string, string])[] = [
      ["node", node.nodeId],
      ["name", node.displayName ?? ""],
      ["state", `${node.connected ? "connected" : "away"}, ${node.approvalState}`],
      ["platform", `${node.platform} · ${node.clientId} ${node.version}`],
      ["may be asked", node.commands.join(", ") || "nothing"],
      ...node.withheld.map(({ command, reason }): [string, string] => ["not", `${command}: ${reason}`]),
      ["skills", node.skills.join(", ")],
      ["tools", node.tools.join(", ")],
    ];
    const shown = rows.filter(([, value]) => value !== "").map(([name, value]) => [name, stripControls(value)]);
    for (const line of renderTable(shown, { width: Infinity })) io.line(line);
  });
}

export async function approveNode(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const [requestId = ""] = args;
  const result = await withGateway(
    invocation,
    (gateway) => gateway.call("node.pair.approve", { requestId }),
    approving,
  );
  const { node } = result;
  io.result(result, () =>
    io.line(stripControls(`${node.displayName ?? node.nodeId} may be asked: ${node.commands.join(", ") || "nothing"}`)),
  );
}

export async function rejectNode(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const [requestId = ""] = args;
  const result = await withGateway(invocation, (gateway) => gateway.call("node.pair.reject", { requestId }), pairing);
  io.result(result, () => io.line("rejected; the node may ask again when it connects"));
}

export async function removeNode(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withGateway(
    invocation,
    async (gateway) => gateway.call("node.pair.remove", { nodeId: await findNode(gateway, invocation) }),
    { scopes: ["operator.read", "operator.pairing"] },
  );
  const devices = commandLine(invocation, `devices remove ${result.nodeId}`);
  io.result(result, () => io.line(`it may be asked nothing any more. To keep its device out too: ${devices}`));
}

export async function renameNode(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const result = await withGateway(
    invocation,
    async (gateway) =>
      gateway.call("node.rename", { nodeId: await findNode(gateway, invocation), displayName: args[1] ?? "" }),
    { scopes: ["operator.read", "operator.pairing"] },
  );
  io.result(result, () => io.line(`called ${stripControls(result.displayName)} from now on`));
}

export async function invokeNode(invocation: Invocation): Promise<void> {
  const { io, options, signal } = invocation;
  const command = invocation.args[1] ?? options.text("command") ?? "";
  const params = await readParams(invocation);
  const timeoutMs = options.duration("timeout") ?? options.whole("invokeTimeout", { min: 1, max: 600_000 });
  const answer = await withGateway(
    invocation,
    async (gateway) => {
      const nodeId = await findNode(gateway, invocation);
      if (!io.json)
        gateway.listen(({ event, payload }) => event === "node.invoke.progress" && showProgress(invocation, payload));
      const order = { nodeId, command, params, idempotencyKey: options.text("idempotencyKey") ?? newId() };
      const limited = timeoutMs === undefined ? order : { ...order, timeoutMs };
      return gateway.call("node.invoke", limited, { signal, timeoutMs: "none" });
    },
    { scopes: ["operator.read", invokeScope(command)], caps: ["node-progress"] },
  );
  io.result(answer, () => io.line(stripControls(JSON.stringify(answer.payload, null, 2) ?? "null")));
}

function showProgress({ io }: Invocation, payload: unknown): void {
  const chunk = isRecord(payload) ? payload["chunk"] : undefined;
  if (typeof chunk === "string") io.note(stripControls(chunk.trimEnd()));
}

async function readParams({ context, options }: Invocation): Promise<unknown> {
  const given = options.text("params");
  if (given === undefined) return {};
  const params = parseJson(given === "-" ? await readInput(context, "-") : given);
  if (params.ok) return params.value;
  throw new LoricaError("invalid_request", `--params takes JSON, as '{"bins":["git"]}': ${params.reason}`);
}

/** By its id, the beginning of it, or its name; whatever stands for more than one stands for none. */
async function findNode(gateway: GatewayClient, { args, options }: Invocation): Promise<string> {
  const wanted = options.text("node") ?? args[0] ?? "";
  const { nodes } = await gateway.call("node.list", {});
  const exact = nodes.find(({ nodeId }) => nodeId === wanted);
  if (exact !== undefined) return exact.nodeId;
  const close = nodes.filter(
    ({ nodeId, displayName }) => (wanted.length >= 6 && nodeId.startsWith(wanted)) || displayName === wanted,
  );
  const [only] = close;
  if (only !== undefined && close.length === 1) return only.nodeId;
  const shown = JSON.stringify(wanted.slice(0, 128));
  throw new LoricaError(
    close.length > 1 ? "conflict" : "not_found",
    close.length > 1
      ? `${shown} is the name of ${close.length} nodes; give the id`
      : `no node ${shown}; \`nodes list\` shows them`,
  );
}
