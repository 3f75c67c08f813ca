// What an owner does about nodes: looks, approves, rejects, takes back, names.
import { LoricaError } from "../base/errors.ts";
import { unknownNode } from "./directory.ts";
import type { Directory } from "./directory.ts";
import type { Live } from "./live.ts";
import type { NodeEvent, Nodes, NodesOptions } from "./port.ts";
import type { NodePairing } from "./pairing.ts";
import { pairEntry, pairRequest } from "./rows.ts";

export type Say = (name: NodeEvent["name"], payload: NodeEvent["payload"]) => void;
type Parts = {
  readonly pairing: NodePairing;
  readonly directory: Directory;
  readonly live: Live;
  readonly say: Say;
};

export function createApprovals(
  { store, clock, audit }: NodesOptions,
  { pairing, directory, live, say }: Parts,
): Pick<Nodes, "pairs" | "approve" | "reject" | "remove" | "rename"> {
  const resolved = (requestId: string, nodeId: string, decision: string): void =>
    say("node.pair.resolved", { requestId, nodeId, decision, ts: clock.now() });
  const record = (actor: string, verdict: "allow" | "deny", resource: string): void =>
    audit.record({ kind: "pairing", verdict, rule: "nodes", actor, resource });
  return {
    async pairs() {
      const all = await directory.all();
      return {
        pending: all.flatMap(({ request, record }) =>
          request === undefined ? [] : [pairRequest(request, record !== undefined)],
        ),
        paired: all.flatMap(({ record }) => (record === undefined ? [] : [pairEntry(record)])),
      };
    },
    async approve(requestId, approver) {
      const node = await pairing.approve(requestId, approver);
      record(approver.id, "allow", `node ${node.nodeId} approved: ${node.approved.commands.join(" ")}`);
      resolved(requestId, node.nodeId, "approved");
      return pairEntry(node);
    },
    async reject(requestId, by) {
      const { nodeId } = await pairing.reject(requestId);
      record(by, "deny", `node ${nodeId} rejected`);
      resolved(requestId, nodeId, "rejected");
      return { requestId, nodeId };
    },
    async remove(nodeId, by) {
      const was = await store.remove(nodeId);
      if (!was && live.find(nodeId) === undefined) throw unknownNode(nodeId);
      record(by, "deny", `node ${nodeId} removed`);
      live.end(nodeId, 4001, "the approval of this node was taken back");
    },
    async rename(nodeId, displayName) {
      if ((await store.rename(nodeId, displayName)) !== undefined) return;
      await directory.required(nodeId);
      throw new LoricaError("conflict", "a node gets a name once it is approved; `nodes list` shows its request");
    },
  };
}
