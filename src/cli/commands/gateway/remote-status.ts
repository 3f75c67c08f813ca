// `status` of a gateway elsewhere: what it says of itself. What its machine knows besides is its owner's to see there.
import { stripControls } from "../../../base/text/controls.ts";
import type { Invocation } from "../../context.ts";
import { withConnection } from "../../reach.ts";
import { typed } from "../../../client/client.ts";
import { renderDuration, renderTable } from "../../text.ts";

export async function remoteStatus(invocation: Invocation): Promise<void> {
  const { io, signal } = invocation;
  const value = await withConnection(
    invocation,
    async (connection) => ({
      state: "running",
      version: connection.hello.server.version,
      gateway: await typed(connection, signal).call("status", {}),
    }),
    { scopes: ["operator.read"] },
  );
  io.result(value, () => {
    const { gateway, version } = value;
    io.line(io.style("bold", `Lorica ${stripControls(version)}, up ${renderDuration(gateway.uptimeMs)}`));
    const rows = [
      ["gateway", `${gateway.phase}; ${gateway.runs.active} turns running`],
      ["agents", gateway.agents.map((agent) => agent.id).join(", ")],
      ["sessions", String(gateway.sessions.count)],
      ["clients", `${gateway.connections.sockets} on sockets, ${gateway.connections.http} on HTTP`],
    ];
    for (const line of renderTable(rows, { width: Infinity, indent: "  " })) io.line(stripControls(line));
  });
}
