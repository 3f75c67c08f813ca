// A connected node: how it is spoken to, and what it said of itself when it came.
import { isCommandName } from "../protocol/nodes/commands.ts";
import type { NodeDescription, NodeSurface } from "../store/store.ts";

/** The connection of a node, as the edge has it. */
export type NodeLink = {
  /** The connection's, not the node's. */
  readonly id: string;
  /** An event to this connection and no other. */
  tell(event: string, payload: unknown): void;
  end(code: number, reason: string): void;
};

/** The part of `connect` that concerns a node. */
export type NodeIntroduction = {
  readonly client: {
    readonly id: string;
    readonly mode: string;
    readonly version: string;
    readonly platform: string;
    readonly deviceFamily?: string | undefined;
    readonly displayName?: string | undefined;
  };
  readonly commands?: readonly string[] | undefined;
  readonly caps?: readonly string[] | undefined;
};

export type LiveNode = {
  readonly nodeId: string;
  readonly link: NodeLink;
  readonly about: NodeDescription;
  readonly declared: NodeSurface;
  readonly connectedAt: number;
};

export function liveNode(
  nodeId: string,
  link: NodeLink,
  { introduction, now }: { readonly introduction: NodeIntroduction; readonly now: number },
): LiveNode {
  const { id, mode, version, platform, deviceFamily, displayName } = introduction.client;
  return {
    nodeId,
    link,
    about: { displayName, platform, deviceFamily, version, clientId: id, clientMode: mode },
    // A name that could not be one is not kept: it could never be invoked, and would only be shown.
    declared: {
      commands: distinct((introduction.commands ?? []).filter(isCommandName)),
      caps: distinct((introduction.caps ?? []).filter((cap) => /^[\w.-]{1,64}$/.test(cap))),
    },
    connectedAt: now,
  };
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}
