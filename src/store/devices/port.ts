// What the store keeps of devices: those that the owner has let in, their tokens, and those that wait for a yes. Of a
// token only its hash is here.

export type DeviceRole = "operator" | "node";

/** What a client says of itself. Its platform and family are pinned when it is approved. */
export type DeviceDescription = {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName: string | undefined;
  readonly clientId: string;
  readonly clientMode: string;
  readonly platform: string;
  readonly deviceFamily: string;
};

/** For each role that was approved, the scopes that were. */
export type DeviceRoles = Readonly<Partial<Record<DeviceRole, readonly string[]>>>;

export type ApprovedVia = "owner" | "device" | "bootstrap";

export type DeviceRow = DeviceDescription & {
  /** The name that the owner gave it. */
  readonly label: string | undefined;
  readonly roles: DeviceRoles;
  readonly approvedVia: ApprovedVia;
  /** `owner`, or the device whose user said yes. */
  readonly approvedBy: string;
  readonly createdAt: number;
  readonly approvedAt: number;
  readonly lastSeenAt: number | undefined;
  readonly lastSeenReason: string | undefined;
  readonly lastAddress: string | undefined;
};

export type DeviceTokenRow = {
  /** Hex SHA-256. */
  readonly hash: string;
  readonly deviceId: string;
  readonly role: DeviceRole;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastUsedAt: number | undefined;
};

export type PairingReason = "not-paired" | "role-upgrade" | "scope-upgrade" | "metadata-upgrade";

export type DeviceRequestRow = DeviceDescription & {
  readonly id: string;
  readonly role: DeviceRole;
  readonly scopes: readonly string[];
  readonly reason: PairingReason;
  readonly address: string;
  readonly origin: string | undefined;
  readonly createdAt: number;
  readonly expiresAt: number;
};

export type Approval = { readonly via: ApprovedVia; readonly by: string; readonly devicesMax: number };

export type DeviceStore = {
  find(deviceId: string): Promise<DeviceRow | undefined>;
  /** The last seen first. */
  list(): Promise<readonly DeviceRow[]>;
  /** Who waits, oldest first. */
  requests(): Promise<readonly DeviceRequestRow[]>;
  findRequest(id: string): Promise<DeviceRequestRow | undefined>;
  /**
   * Puts a request on the list, or answers the one that says the same already. A device has one request: one that asks
   * for something else takes its place under another id, so that nobody's yes to the old one is a yes to the new one.
   */
  ask(
    request: DeviceRequestRow,
    bounds: { readonly totalMax: number; readonly addressMax: number },
  ): Promise<
    | {
        readonly kind: "new" | "known";
        readonly request: DeviceRequestRow;
        readonly replaced: DeviceRequestRow | undefined;
      }
    | { readonly kind: "full" }
  >;
  /** In one write: the request is gone and the device has what it asked for. Undefined where the request is not there. */
  approve(requestId: string, approval: Approval): Promise<DeviceRow | "full" | undefined>;
  /** The same without a request, for a device that showed a one-time code. */
  admit(
    device: DeviceDescription,
    grant: { readonly role: DeviceRole; readonly scopes: readonly string[] } & Approval,
  ): Promise<DeviceRow | "full">;
  reject(requestId: string): Promise<DeviceRequestRow | undefined>;
  /** With its tokens and its request. */
  remove(deviceId: string): Promise<DeviceRow | undefined>;
  rename(deviceId: string, label: string): Promise<DeviceRow | undefined>;
  /** Drops what has expired and the oldest beyond `keepMax`; false where the device has not this role any more. */
  addToken(token: DeviceTokenRow, keepMax: number): Promise<boolean>;
  /** The tokens of a device, newest first; all that are not expired. */
  tokens(deviceId: string): Promise<readonly DeviceTokenRow[]>;
  findToken(hash: string): Promise<DeviceTokenRow | undefined>;
  dropTokens(deviceId: string, role: DeviceRole): Promise<void>;
  /** False where the device is gone, or the token that it used. */
  seen(
    deviceId: string,
    visit: { readonly reason: string; readonly address: string | undefined; readonly tokenHash: string | undefined },
  ): Promise<boolean>;
};
