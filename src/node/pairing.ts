// The second yes: a device that may connect as a node offers commands only once its owner has approved exactly those.
import { LoricaError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import { approvalScopes } from "../protocol/nodes/commands.ts";
import { holdsScope } from "../protocol/scopes.ts";
import type { Scope } from "../protocol/scopes.ts";
import type { NodeRecord, NodeRequest, NodeStore, NodeSurface } from "../store/store.ts";
import type { LiveNode } from "./link.ts";

/** Whoever approves: what it may do, and the name under which that is kept. */
export type Approver = { readonly id: string; readonly scopes: readonly Scope[] };

export type PairingDeps = {
  readonly store: NodeStore;
  readonly now: () => number;
  readonly onRequested: (request: NodeRequest) => void;
  /** The list of those who wait is full; told once for each node that is turned away. */
  readonly onFull: (nodeId: string) => void;
};

export type NodePairing = {
  /** Makes a request where the node offers more than was approved. */
  introduce(live: LiveNode): Promise<void>;
  approve(requestId: string, approver: Approver): Promise<NodeRecord>;
  reject(requestId: string): Promise<NodeRequest>;
};

export function createNodePairing(deps: PairingDeps): NodePairing {
  return {
    async introduce({ nodeId, about, declared }) {
      const record = await deps.store.find(nodeId);
      if (record !== undefined) await deps.store.seen(nodeId, about);
      if (record !== undefined && covers(record.approved, declared)) return;
      const request: NodeRequest = { id: newId(), nodeId, about, surface: declared, createdAt: deps.now() };
      const asked = await deps.store.ask(request, limits.nodeRequestsMax);
      if (asked.kind === "full") deps.onFull(nodeId);
      if (asked.kind === "new") deps.onRequested(asked.request);
    },
    async approve(requestId, { id, scopes }) {
      const request = await deps.store.findRequest(requestId);
      if (request === undefined) throw unknownRequest(requestId);
      for (const needed of approvalScopes(request.surface.commands)) {
        if (!holdsScope(scopes, needed)) throw missingScope(needed, approvalScopes(request.surface.commands));
      }
      // The id stands for what was looked at: a node that asks for something else since has another one.
      const record = await deps.store.approve(requestId, id);
      if (record === undefined) throw unknownRequest(requestId);
      return record;
    },
    async reject(requestId) {
      const request = await deps.store.reject(requestId);
      if (request === undefined) throw unknownRequest(requestId);
      return request;
    },
  };
}

function covers(approved: NodeSurface, declared: NodeSurface): boolean {
  return (
    declared.commands.every((command) => approved.commands.includes(command)) &&
    declared.caps.every((cap) => approved.caps.includes(cap))
  );
}

function unknownRequest(requestId: string): LoricaError {
  const shown = JSON.stringify(requestId.slice(0, 64));
  return new LoricaError("not_found", `no node waits under ${shown}; \`nodes list\` shows who does`, {
    details: { code: "PAIRING_CHANGED" },
  });
}

function missingScope(missing: Scope, required: readonly Scope[]): LoricaError {
  return new LoricaError("forbidden", `missing scope: ${missing}`, {
    details: { code: "MISSING_SCOPE", missingScope: missing, requiredScopes: required },
  });
}
