// Who may come in: devices that connect, and people who write. Both ask, wait for the owner, and can be sent away again.
import type { ConnectParams, ConnectRefusal, Session } from "../protocol/handshake.ts";
import type { Scope } from "../protocol/scopes.ts";

/** Where a connection comes from, as the edge found out. */
export type Peer = {
  /** The client's own address: the proxy's word is taken only where the config trusts that proxy. */
  readonly address: string;
  /** Directly from this machine, nothing in between. */
  readonly isLocal: boolean;
  /** TLS up to us, or up to a trusted proxy. */
  readonly isSecure: boolean;
  /** A browser names it, and may not choose it. */
  readonly origin: string | undefined;
};

/** What a client showed besides its device: the gateway's token or password, or a user whom a trusted proxy names. */
export type SharedProof =
  | {
      readonly kind: "proved";
      readonly method: "token" | "password" | "trusted-proxy" | "tailscale" | "none";
      readonly user?: string;
    }
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly refusal: ConnectRefusal };

export type DeviceChange =
  | { readonly kind: "requested"; readonly requestId: string }
  | { readonly kind: "resolved"; readonly requestId: string; readonly deviceId: string; readonly decision: string }
  /** Connections of the device, in this role or in any, must end: 4001. */
  | { readonly kind: "invalidated"; readonly deviceId: string; readonly role: string | undefined };

export type Devices = {
  /** Says who a client is: signature, nonce, time, pairing, token. */
  authenticate(
    connect: ConnectParams,
    proof: { readonly nonce: string; readonly shared: SharedProof; readonly peer: Peer },
  ): Promise<Session | ConnectRefusal>;
  /** A device token over HTTP: whose it is and what it may. */
  bearer(token: string): Promise<{ readonly deviceId: string; readonly scopes: readonly Scope[] } | undefined>;
  /** A one-time code that the broker has minted: whoever shows it is paired with these scopes, once. */
  offer(code: { readonly hash: string; readonly scopes: readonly Scope[]; readonly expiresAt: number }): void;
  watch(listener: (change: DeviceChange) => void): () => void;
};
