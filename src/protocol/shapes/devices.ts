// What the methods and events on devices carry.

type About = {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName?: string;
  readonly platform?: string;
  readonly deviceFamily?: string;
  readonly clientId: string;
  readonly clientMode: string;
  /** The one of `roles` that it was approved or asks for first. */
  readonly role: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
};

/** Also the payload of `device.pair.requested`. */
export type DeviceRequestEvent = About & {
  readonly requestId: string;
  readonly browserOrigin?: string;
  readonly remoteIp?: string;
  /** Nothing is ever approved without being asked for. */
  readonly silent: false;
  /** The device was approved before, and asks for something else now. */
  readonly isRepair: boolean;
  readonly ts: number;
};

export type DeviceRequestRow = DeviceRequestEvent & { readonly reason: string; readonly expiresAtMs: number };

export type DeviceResolvedEvent = {
  readonly requestId: string;
  readonly deviceId: string;
  readonly decision: string;
  readonly ts: number;
};

export type PairedDeviceRow = About & {
  readonly label?: string;
  readonly approvedVia: string;
  readonly approvedBy: string;
  readonly createdAtMs: number;
  readonly approvedAtMs: number;
  readonly lastSeenAtMs?: number;
  readonly lastSeenReason?: string;
  readonly remoteIp?: string;
  readonly connected: boolean;
  readonly tokens: readonly {
    readonly role: string;
    readonly scopes: readonly string[];
    readonly createdAtMs: number;
    readonly expiresAtMs: number;
    readonly lastUsedAtMs?: number;
  }[];
};

export type DeviceList = {
  readonly pending: readonly DeviceRequestRow[];
  readonly paired: readonly PairedDeviceRow[];
};

export type RotatedTokenResult = {
  readonly deviceId: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly rotatedAtMs: number;
  readonly token?: string;
  readonly tokenDelivery: "in-band" | "withheld-cross-device";
};
