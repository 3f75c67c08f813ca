// A device that connects over a WebSocket and signs what it says, unless a test wants it said otherwise.
import { sha256 } from "../../../src/base/ids.ts";
import type { Devices } from "../../../src/pairing/pairing.ts";
import { createDeviceIdentity, signClaim, signedToken } from "../../../src/protocol/device/identity.ts";
import type { DeviceIdentity } from "../../../src/protocol/device/identity.ts";
import type { ConnectParams } from "../../../src/protocol/handshake.ts";
import type { Scope } from "../../../src/protocol/scopes.ts";
import { openWs } from "./client.ts";
import type { AnyFrame, WsClient } from "./client.ts";

export type DeviceChange = Partial<Omit<ConnectParams, "client" | "device">> & {
  readonly client?: Partial<ConnectParams["client"]>;
};

export function signedConnect(
  identity: DeviceIdentity,
  about: { readonly nonce: string; readonly now?: number },
  change: DeviceChange = {},
): ConnectParams {
  const { client, ...rest } = change;
  const signedAt = about.now ?? Date.now();
  const connect: ConnectParams = {
    minProtocol: 4,
    maxProtocol: 4,
    client: { id: "cli", mode: "cli", version: "1", platform: "linux", ...client },
    role: "operator",
    scopes: ["operator.read", "operator.write"],
    ...rest,
  };
  const claim = {
    deviceId: identity.deviceId,
    clientId: connect.client.id,
    clientMode: connect.client.mode,
    role: connect.role ?? "operator",
    scopes: connect.scopes ?? [],
    signedAtMs: signedAt,
    token: signedToken(connect.auth),
    nonce: about.nonce,
    platform: connect.client.platform,
    deviceFamily: connect.client.deviceFamily,
  };
  const signature = signClaim(claim, identity.privateKeyPem);
  const { deviceId: id, publicKey } = identity;
  return { ...connect, device: { id, publicKey, signature, signedAt, nonce: about.nonce } };
}

export type Connected = WsClient & { readonly hello: AnyFrame };

/** Answered, whether it was let in or not. */
export async function connectDevice(
  url: string,
  identity: DeviceIdentity,
  change: DeviceChange & { readonly socket?: Readonly<Record<string, unknown>> } = {},
): Promise<Connected> {
  const { socket, ...params } = change;
  const client = await openWs(url, socket);
  const challenge = await client.next(({ event }) => event === "connect.challenge");
  const nonce = String(challenge.payload?.["nonce"]);
  client.send({ type: "req", id: "connect", method: "connect", params: signedConnect(identity, { nonce }, params) });
  const hello = await client.next(({ id }) => id === "connect");
  return { ...client, hello };
}

let codes = 0;

/** Paired by a one-time code, as the page is. */
export async function pairDevice(
  { url, devices }: { readonly url: string; readonly devices: Devices },
  change: DeviceChange = {},
): Promise<Connected & { readonly identity: DeviceIdentity; readonly token: string }> {
  const code = `a one-time code ${++codes}`;
  const scopes: readonly Scope[] = ["operator.admin"];
  devices.offer({ hash: sha256(code), scopes, expiresAt: Date.now() + 60_000 });
  const identity = createDeviceIdentity();
  const client = await connectDevice(url, identity, { ...change, auth: { bootstrapToken: code } });
  const auth = client.hello.payload?.["auth"] as { readonly deviceToken?: string } | undefined;
  if (auth?.deviceToken === undefined) throw new Error(`not paired: ${JSON.stringify(client.hello)}`);
  return { ...client, identity, token: auth.deviceToken };
}
