// The nodes that are connected, what they may be asked, and asking them.
import { createApprovals } from "./approvals.ts";
import type { Say } from "./approvals.ts";
import { createDirectory } from "./directory.ts";
import { createInvoke } from "./invoke.ts";
import { createInvokes, gone } from "./invokes.ts";
import { createLive } from "./live.ts";
import { createNodePairing } from "./pairing.ts";
import type { NodeEvent, Nodes, NodesOptions } from "./port.ts";
import { createReports } from "./reports.ts";
import { nodeDescription, nodeRow, pairRequest } from "./rows.ts";

export function createNodes(options: NodesOptions): Nodes {
  const { store } = options;
  const listeners = new Set<(event: NodeEvent) => void>();
  const say: Say = (name, payload) => {
    for (const listener of listeners) listener({ name, payload });
  };
  const invokes = createInvokes();
  const reports = createReports();
  const live = createLive({
    now: options.clock.now,
    onPresence: (nodeId, connected) => say("node.presence", { nodeId, connected, ts: options.clock.now() }),
    onGone(linkId) {
      invokes.drop(linkId);
      reports.drop(linkId);
    },
  });
  const pairing = createNodePairing({
    store,
    now: options.clock.now,
    onRequested: (request) => say("node.pair.requested", { ...pairRequest(request, false) }),
    onFull: (nodeId) => options.warn("too many nodes wait for approval; this one must come again", { nodeId }),
  });
  const directory = createDirectory(store, live);
  return {
    async connected(nodeId, link, introduction) {
      await pairing.introduce(live.add(nodeId, link, introduction));
    },
    disconnected: live.drop,
    isConnected: (linkId) => live.byLink(linkId) !== undefined,
    invoke: createInvoke({
      ...options,
      find: directory.required,
      run: (node, order, signal) => {
        // Between the yes and the asking the node may have left.
        if (live.find(node.nodeId) !== node) return Promise.reject(gone(node.nodeId));
        return invokes.run(node, order, signal);
      },
    }),
    answers: invokes,
    reports,
    list: async () => (await directory.all()).map((one) => nodeRow(one, options.rules())),
    async describe(nodeId) {
      const one = await directory.required(nodeId);
      return nodeDescription(one, options.rules(), reports.of(one.live?.link.id ?? ""));
    },
    ...createApprovals(options, { pairing, directory, live, say }),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
