// What the doors of the gateway work with, and the two small ports that they bring themselves.
import type { Clock } from "../base/clock.ts";
import type { Models } from "../model/model.ts";
import type { Devices } from "../pairing/pairing.ts";
import type { Nodes } from "../node/node.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { SandboxStatus } from "../sandbox/sandbox.ts";
import type { Store } from "../store/store.ts";
import type { PageSettings } from "./ui/ui.ts";
import type { AccessSettings } from "./auth/access.ts";
import { createAuth } from "./auth/auth.ts";
import type { Auth } from "./auth/auth.ts";

export type { AccessSettings } from "./auth/access.ts";

export type { PageSettings } from "./ui/ui.ts";

export type GatewayAgent = { readonly id: string; readonly name: string };

export type GatewaySettings = {
  readonly version: string;
  readonly defaultAgentId: string;
  readonly agents: readonly GatewayAgent[];
  readonly http: {
    readonly chatCompletions: boolean;
    readonly responses: boolean;
  };
  readonly page: PageSettings;
  /** Who may knock, and what proves who they are. */
  readonly access: AccessSettings;
};

/** Transcripts in and out as JSONL. */
export type SessionTransfer = {
  exportLines(sessionKey: string, signal: AbortSignal): AsyncIterable<string>;
  /** Without a key it makes one of its own. Throws `invalid_request` with the line that cannot be read. */
  importText(
    text: string,
    target: { readonly agentId: string; readonly sessionKey: string | undefined },
  ): Promise<{ readonly sessionKey: string; readonly windowId: string; readonly entries: number }>;
};

export type EdgeLog = (
  level: "info" | "warn" | "error",
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

export type EdgeDeps = {
  readonly pipeline: Pipeline;
  readonly store: Store;
  readonly devices: Devices;
  readonly models: Pick<Models, "list" | "describe" | "candidates">;
  readonly sandbox: () => SandboxStatus;
  readonly transfer: SessionTransfer;
  readonly nodes: Nodes;
  readonly clock: Clock;
  readonly log: EdgeLog;
};

/** The same, with what the gateway itself keeps. */
export type Edge = EdgeDeps & {
  readonly settings: () => GatewaySettings;
  readonly startedAt: number;
  readonly isDraining: () => boolean;
  readonly auth: Auth;
};

/** `state` is the gateway's own and changes under it. */
export function createEdge(
  deps: EdgeDeps,
  state: { readonly settings: () => GatewaySettings; readonly isDraining: () => boolean },
): Edge {
  const auth = createAuth({ access: () => state.settings().access, now: deps.clock.now });
  return { ...deps, ...state, startedAt: deps.clock.now(), auth };
}
