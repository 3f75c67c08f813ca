// Everything that is known of each node: what is stored, what waits for a yes, and what is connected.
import { LoricaError } from "../base/errors.ts";
import type { NodeStore } from "../store/store.ts";
import type { Live } from "./live.ts";
import type { Known } from "./rows.ts";

export type Directory = { all(): Promise<readonly Known[]>; required(nodeId: string): Promise<Known> };

/** Connected first, then the last seen. */
export function createDirectory(store: NodeStore, live: Live): Directory {
  async function all(): Promise<readonly Known[]> {
    const [records, requests] = await Promise.all([store.list(), store.requests()]);
    const ids = new Set([...live.ids(), ...[...records, ...requests].map(({ nodeId }) => nodeId)]);
    return [...ids].map((nodeId) => ({
      nodeId,
      record: records.find((one) => one.nodeId === nodeId),
      request: requests.find((one) => one.nodeId === nodeId),
      live: live.find(nodeId),
    }));
  }
  return {
    all,
    async required(nodeId) {
      const found = (await all()).find((one) => one.nodeId === nodeId);
      if (found === undefined) throw unknownNode(nodeId);
      return found;
    },
  };
}

export function unknownNode(nodeId: string): LoricaError {
  const shown = JSON.stringify(nodeId.slice(0, 64));
  return new LoricaError("not_found", `there is no node ${shown}; \`nodes list\` shows what there is`);
}
