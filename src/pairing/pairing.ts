// Who may come in: devices that connect, and people who write. Both ask, wait for the owner, and can be sent away again.
import type { ConnectParams, ConnectRefusal, Session } from "../protocol/handshake.ts";
import type { Scope } from "../protocol/scopes.ts";
import type { DeviceRequestRow, DeviceRole, DeviceRow, DeviceTokenRow } from "../store/store.ts";

export { createDevices } from "./devices/create.ts";
export type { DevicesOptions } from "./devices/create.ts";

export { openSenders } from "./senders/senders.ts";
export type { PairingChoice, Senders, SendersOptions } from "./senders/senders.ts";

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
  | { readonly kind: "requested"; readonly requestId: string; readonly request: DeviceRequestRow }
  | { readonly kind: "resolved"; readonly requestId: string; readonly deviceId: string; readonly decision: string }
  /** Connections of the device, in this role or in any, must end: 4001. */
  | { readonly kind: "invalidated"; readonly deviceId: string; readonly role: string | undefined };

/** Who decides about a device: the owner behind their own socket, or the user of a device that is in already. */
export type Decider =
  | { readonly kind: "owner" }
  | { readonly kind: "device"; readonly deviceId: string; readonly scopes: readonly Scope[] };

export type PairedDevice = DeviceRow & { readonly tokens: readonly DeviceTokenRow[] };

export type RotatedToken = {
  readonly scopes: readonly string[];
  readonly rotatedAtMs: number;
  /** Undefined where it was asked for over another device's connection, which must never see it. */
  readonly token: string | undefined;
};

export type Devices = DeviceDoor & DeviceDesk;

/** What the edge asks of devices. */
export type DeviceDoor = {
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

/**
 * What people decide. Nobody decides about themselves or about more than they hold: that throws `forbidden`, and a
 * device or a request that is not there throws `not_found`. What is taken away is gone, and its connections are being
 * closed, when the call returns.
 */
export type DeviceDesk = {
  list(): Promise<{ readonly pending: readonly DeviceRequestRow[]; readonly paired: readonly PairedDevice[] }>;
  approve(requestId: string, by: Decider): Promise<PairedDevice>;
  reject(requestId: string, by: Decider): Promise<DeviceRequestRow>;
  rename(deviceId: string, label: string, by: Decider): Promise<PairedDevice>;
  remove(deviceId: string, by: Decider): Promise<void>;
  /** All tokens of the device in this role stop working, and there is a new one. */
  rotate(
    about: { readonly deviceId: string; readonly role: DeviceRole; readonly scopes?: readonly string[] | undefined },
    by: Decider,
  ): Promise<RotatedToken>;
  /** The device stays paired: with the gateway's shared secret it gets another token. `remove` sends it away. */
  revoke(
    about: { readonly deviceId: string; readonly role: DeviceRole },
    by: Decider,
  ): Promise<{ readonly revokedAtMs: number }>;
};
