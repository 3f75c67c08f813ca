// What the doors of the gateway work with, and the two small ports that they bring themselves.
import type { Clock } from "../base/clock.ts";
import type { DirectCalls } from "../agent/agent.ts";
import type { Models } from "../model/model.ts";
import type { Devices, Senders } from "../pairing/pairing.ts";
import type { Nodes } from "../node/node.ts";
import type { Pipeline, WebhookTaker } from "../pipeline/pipeline.ts";
import type { AgentWorkspace, RemotePorts } from "./remote.ts";
export { createAgentWorkspace, createRemotePorts } from "./remote.ts";
import type { SandboxStatus } from "../sandbox/sandbox.ts";
import type { SessionTransfer, TranscriptWatch } from "../session/session.ts";
import type { Store } from "../store/store.ts";
import type { GatewaySettings } from "./settings.ts";
import { createDoor } from "./door/door.ts";
import type { Door } from "./door/door.ts";

export type { AccessSettings, GatewayAgent, GatewaySettings, PageSettings } from "./settings.ts";

export type EdgeLog = (
  level: "info" | "warn" | "error",
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

export type EdgeDeps = {
  readonly pipeline: Pipeline;
  readonly store: Store;
  /** Tells what is written to transcripts. */
  readonly transcript: Pick<TranscriptWatch, "watch">;
  readonly devices: Devices;
  readonly senders: Senders;
  /** Runs one tool call without a turn; without it none is offered. */
  readonly callTool?: DirectCalls | undefined;
  /** What takes a platform's deliveries at this path; undefined where nothing does. */
  readonly webhookFor?: ((path: string) => WebhookTaker | undefined) | undefined;
  readonly models: Pick<Models, "list" | "describe" | "candidates">;
  readonly sandbox: () => SandboxStatus;
  readonly transfer: SessionTransfer;
  readonly remote: RemotePorts;
  readonly workspace: AgentWorkspace;
  readonly nodes: Nodes;
  readonly clock: Clock;
  readonly log: EdgeLog;
};

/** The same, with what the gateway itself keeps. */
export type Edge = EdgeDeps &
  Door & {
    readonly settings: () => GatewaySettings;
    readonly startedAt: number;
    readonly isDraining: () => boolean;
  };

/** `state` is the gateway's own and changes under it. */
export function createEdge(
  deps: EdgeDeps,
  state: { readonly settings: () => GatewaySettings; readonly isDraining: () => boolean },
): Edge {
  const { now } = deps.clock;
  const door = createDoor({ access: () => state.settings().access, now, log: deps.log, whois: deps.remote.whois });
  return { ...deps, ...door, ...state, startedAt: now() };
}
