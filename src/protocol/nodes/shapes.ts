// What the methods about nodes answer.
import type { Json } from "../../base/json.ts";

export type NodeRow = {
  readonly nodeId: string;
  readonly displayName?: string;
  readonly platform: string;
  readonly version: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly deviceFamily?: string;
  readonly caps: readonly string[];
  /** What may be invoked now: declared, approved, and allowed by platform and config. */
  readonly commands: readonly string[];
  /** What it offers; more than `commands` where something was not approved or is not allowed. */
  readonly declaredCommands: readonly string[];
  readonly approvalState: "approved" | "pending-approval" | "pending-reapproval";
  readonly approvedAtMs?: number;
  readonly lastSeenAtMs?: number;
  readonly connectedAtMs?: number;
  readonly paired: true;
  readonly connected: boolean;
};

/** The same with what the node told of itself since it connected. */
export type NodeDescription = NodeRow & {
  readonly hostStats?: Json;
  readonly skills: readonly string[];
  readonly tools: readonly string[];
  /** Why each declared command that cannot be invoked cannot. */
  readonly withheld: readonly { readonly command: string; readonly reason: string }[];
};

/** What a node says of itself when it asks to be paired, and what it was paired as. */
type PairedAs = {
  readonly nodeId: string;
  readonly displayName?: string;
  readonly platform: string;
  readonly version: string;
  readonly deviceFamily?: string;
  readonly caps: readonly string[];
  readonly commands: readonly string[];
};

export type NodePairRequest = PairedAs & {
  readonly requestId: string;
  /** True where the node was approved before, for less. */
  readonly isRepair: boolean;
  readonly requiredApproveScopes: readonly string[];
  readonly ts: number;
};

export type NodePairEntry = PairedAs & {
  readonly approvedAtMs: number;
  readonly lastConnectedAtMs?: number;
};

export type NodeInvokeAnswer = {
  readonly ok: true;
  readonly nodeId: string;
  readonly command: string;
  readonly payload: Json;
  readonly payloadJSON: string;
};
