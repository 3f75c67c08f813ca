// A client with a key, that signs what it is told to and shows what it is given.
import type { Devices, Peer, SharedProof } from "../../../src/pairing/pairing.ts";
import { createDeviceIdentity, signClaim, signedToken } from "../../../src/protocol/device/identity.ts";
import type { DeviceIdentity } from "../../../src/protocol/device/identity.ts";
import type { ConnectParams, ConnectRefusal, Session } from "../../../src/protocol/handshake.ts";
import { refusal } from "../../../src/protocol/handshake.ts";

export const nonce = "the nonce of this connection";
export const here: Peer = { address: "127.0.0.1", isLocal: true, isSecure: true, origin: undefined };
export const proved: SharedProof = { kind: "proved", method: "token" };
export const absent: SharedProof = { kind: "absent" };
export const refused: SharedProof = {
  kind: "refused",
  refusal: refusal("wrong token", 1008, { code: "AUTH_TOKEN_MISMATCH" }),
};

export type ConnectChange = Partial<Omit<ConnectParams, "client">> & {
  readonly client?: Partial<ConnectParams["client"]>;
};

/** `connect` with everything right and signed, but for what is changed before the signing. */
export function connectOf(
  identity: DeviceIdentity,
  at: number | { readonly now: number; readonly nonce: string },
  change: ConnectChange = {},
): ConnectParams {
  const signed = typeof at === "number" ? { now: at, nonce } : at;
  const { client, ...rest } = change;
  const connect: ConnectParams = {
    minProtocol: 4,
    maxProtocol: 4,
    client: { id: "cli", mode: "cli", version: "1", platform: "linux", ...client },
    role: "operator",
    scopes: ["operator.read"],
    ...rest,
  };
  const { id: clientId, mode: clientMode, platform, deviceFamily } = connect.client;
  const claim = {
    deviceId: identity.deviceId,
    clientId,
    clientMode,
    role: connect.role ?? "operator",
    scopes: connect.scopes ?? [],
    signedAtMs: signed.now,
    token: signedToken(connect.auth),
    nonce: signed.nonce,
    platform,
    deviceFamily,
  };
  const signature = signClaim(claim, identity.privateKeyPem);
  const { deviceId: id, publicKey } = identity;
  return { ...connect, device: { id, publicKey, signature, signedAt: signed.now, nonce: signed.nonce } };
}

export type Answered = Session | ConnectRefusal;

/** One device and one gateway. */
export function createTestClient(
  { devices }: { readonly devices: Devices },
  now: () => number,
  identity: DeviceIdentity = createDeviceIdentity(),
) {
  return {
    identity,
    ...identity,
    connect: (change: ConnectChange = {}, shared: SharedProof = proved, peer: Peer = here): Promise<Answered> =>
      devices.authenticate(connectOf(identity, now(), change), { nonce, shared, peer }),
    /** The same, approved by the owner. */
    async pair(change: ConnectChange = {}): Promise<Session> {
      const asked = await devices.authenticate(connectOf(identity, now(), change), {
        nonce,
        shared: proved,
        peer: here,
      });
      await devices.approve(requestIdOf(asked), { kind: "owner" });
      return sessionOf(
        await devices.authenticate(connectOf(identity, now(), change), { nonce, shared: proved, peer: here }),
      );
    },
  };
}

export function sessionOf(answer: Answered): Session {
  if ("closeCode" in answer) throw new Error(`refused: ${JSON.stringify(answer)}`);
  return answer;
}

/** The detail code of a refusal, or `in`. */
export function codeOf(answer: Answered): unknown {
  return "closeCode" in answer ? (answer.error.details?.["code"] ?? answer.error.code) : "in";
}

export function requestIdOf(answer: Answered): string {
  if (!("closeCode" in answer)) throw new Error("it was let in");
  return String(answer.error.details?.["requestId"]);
}

export function tokenOf(session: Session): string {
  if (session.deviceToken === undefined) throw new Error("no token was issued");
  return session.deviceToken.token;
}
