// What the doors of the gateway work with, and the two small ports that they bring themselves.
import type { Clock } from "../base/clock.ts";
import type { Models } from "../model/model.ts";
import type { Devices } from "../pairing/pairing.ts";
import type { Nodes } from "../node/node.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { SandboxStatus } from "../sandbox/sandbox.ts";
import type { Store } from "../store/store.ts";
import type { PageSettings } from "./ui/ui.ts";

export type { PageSettings } from "./ui/ui.ts";

export type GatewayAgent = { readonly id: string; readonly name: string };

export type RateLimit = { readonly maxAttempts: number; readonly windowMs: number; readonly lockoutMs: number };

export type GatewaySettings = {
  readonly version: string;
  readonly defaultAgentId: string;
  readonly agents: readonly GatewayAgent[];
  readonly http: {
    readonly chatCompletions: boolean;
    readonly responses: boolean;
    /** Names under which browsers may reach the gateway, besides `localhost` and plain addresses. */
    readonly hostNames: readonly string[];
  };
  readonly page: PageSettings;
  /** How often an address may show a wrong token. */
  readonly rateLimit: RateLimit;
  /** Hex SHA-256 of the gateway's token; without one every request that needs it is refused. */
  readonly tokenHash: string | undefined;
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
};
