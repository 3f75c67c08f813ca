// The connections that nodes have now. A node has one: the newest, because an older one may be a stream whose other end
// is long gone.
import { liveNode } from "./link.ts";
import type { LiveNode, NodeIntroduction, NodeLink } from "./link.ts";

export type Live = {
  add(nodeId: string, link: NodeLink, introduction: NodeIntroduction): LiveNode;
  find(nodeId: string): LiveNode | undefined;
  byLink(linkId: string): LiveNode | undefined;
  ids(): readonly string[];
  /** The connection has ended. */
  drop(linkId: string): void;
  /** Ends it. */
  end(nodeId: string, code: number, reason: string): void;
};

/** What the older of two connections of one node is told. A node host that reads it does not come back. */
export const replacedReason = "replaced by a newer connection of this node";

export function createLive(deps: {
  readonly now: () => number;
  readonly onPresence: (nodeId: string, connected: boolean) => void;
  readonly onGone: (linkId: string) => void;
}): Live {
  const nodes = new Map<string, LiveNode>();
  const byLink = (linkId: string): LiveNode | undefined => [...nodes.values()].find(({ link }) => link.id === linkId);

  function drop(linkId: string): void {
    const node = byLink(linkId);
    deps.onGone(linkId);
    if (node === undefined) return;
    nodes.delete(node.nodeId);
    deps.onPresence(node.nodeId, false);
  }

  function end(nodeId: string, code: number, reason: string): void {
    const before = nodes.get(nodeId);
    if (before === undefined) return;
    drop(before.link.id);
    before.link.end(code, reason);
  }

  return {
    add(nodeId, link, introduction) {
      end(nodeId, 1008, replacedReason);
      const node = liveNode(nodeId, link, { introduction, now: deps.now() });
      nodes.set(nodeId, node);
      deps.onPresence(nodeId, true);
      return node;
    },
    find: (nodeId) => nodes.get(nodeId),
    byLink,
    ids: () => [...nodes.keys()],
    drop,
    end,
  };
}
