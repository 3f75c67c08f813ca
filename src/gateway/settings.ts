// What the gateway is told of the config.
import type { TlsPair } from "../network/network.ts";
import type { AccessSettings } from "./auth/access.ts";
import type { ToolSurface } from "./tools/surface.ts";
import type { PageSettings } from "./ui/ui.ts";

export type { AccessSettings } from "./auth/access.ts";
export type { PageSettings } from "./ui/ui.ts";

export type GatewayAgent = { readonly id: string; readonly name: string };

export type GatewaySettings = {
  readonly version: string;
  readonly defaultAgentId: string;
  /** The config names somebody on a channel as the owner. */
  readonly hasChannelOwner?: boolean;
  readonly agents: readonly GatewayAgent[];
  readonly http: {
    readonly chatCompletions: boolean;
    readonly responses: boolean;
    /** What `/tools/invoke` offers besides and takes away. */
    readonly tools?: ToolSurface;
  };
  readonly page: PageSettings;
  /** Dangerous settings that are in force, each as a sentence. */
  readonly dangers: readonly string[];
  /** Who may knock, and what proves who they are. */
  readonly access: AccessSettings;
  /** The certificate and its key, where the port speaks TLS: the one secret that this process must hold. */
  readonly tls?: TlsPair | undefined;
};
