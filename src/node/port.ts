// What nodes are to the rest of the gateway.
import type { AuditLog } from "../audit/audit.ts";
import type { Clock } from "../base/clock.ts";
import type { Json } from "../base/json.ts";
import type { Policy } from "../policy/policy.ts";
import type { NodeDescription, NodePairEntry, NodePairRequest, NodeRow } from "../protocol/nodes/shapes.ts";
import type { NodeStore } from "../store/store.ts";
import type { CommandRules } from "./commands.ts";
import type { InvokeOrder } from "./invoke.ts";
import type { Invokes, NodeAnswer } from "./invokes.ts";
import type { NodeIntroduction, NodeLink } from "./link.ts";
import type { Approver } from "./pairing.ts";
import type { Reports } from "./reports.ts";

export type NodeEvent = {
  readonly name: "node.pair.requested" | "node.pair.resolved" | "node.presence";
  readonly payload: Readonly<Record<string, Json>>;
};

export type NodesOptions = {
  readonly store: NodeStore;
  readonly policy: Pick<Policy, "decide" | "redeem">;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** `gateway.nodes.allowCommands` and `denyCommands`, as they are now. */
  readonly rules: () => CommandRules;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
};

export type Nodes = {
  /** A paired device has connected as a node. The newest connection of a node is the one that counts. */
  connected(nodeId: string, link: NodeLink, introduction: NodeIntroduction): Promise<void>;
  disconnected(linkId: string): void;
  isConnected(linkId: string): boolean;
  /** Asks a node. Throws what a caller is told; every order and what came of it is recorded. */
  invoke(order: InvokeOrder, signal: AbortSignal): Promise<NodeAnswer>;
  readonly answers: Pick<Invokes, "settle" | "progress">;
  readonly reports: Omit<Reports, "drop" | "of">;
  list(): Promise<readonly NodeRow[]>;
  describe(nodeId: string): Promise<NodeDescription>;
  pairs(): Promise<{ readonly pending: readonly NodePairRequest[]; readonly paired: readonly NodePairEntry[] }>;
  approve(requestId: string, approver: Approver): Promise<NodePairEntry>;
  reject(requestId: string, by: string): Promise<{ readonly requestId: string; readonly nodeId: string }>;
  /** Takes the approval back and ends the connection. The device stays paired. */
  remove(nodeId: string, by: string): Promise<void>;
  rename(nodeId: string, displayName: string): Promise<void>;
  /** Returns how to stop. */
  watch(listener: (event: NodeEvent) => void): () => void;
};
