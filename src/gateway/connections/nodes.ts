// Tells the nodes' registry which connections are nodes, and operators what becomes of them.
import type { Nodes } from "../../node/node.ts";
import type { EdgeLog } from "../edge.ts";
import type { Connections } from "./connections.ts";

/** Returns how to stop telling. */
export function attachNodes(
  { nodes, log }: { readonly nodes: Nodes; readonly log: EdgeLog },
  connections: Connections,
): () => void {
  connections.watch({
    came({ connection, client: { session, params } }) {
      if (session.role !== "node" || session.deviceId === undefined) return;
      nodes
        .connected(session.deviceId, connection, params)
        .catch((error: unknown) => log("error", "a node's request could not be kept", { error }));
    },
    left({ connection, client: { session } }) {
      if (session.role === "node") nodes.disconnected(connection.id);
    },
  });
  return nodes.watch(({ name, payload }) => connections.publish(name, payload, { needed: true }));
}
