// The door: from `connect` to a session or a refusal. Key first, then credential, then what the owner has approved.
import { newId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { normalMetadata } from "../../protocol/device/identity.ts";
import type { ConnectParams, ConnectRefusal, Session } from "../../protocol/handshake.ts";
import { holdsScope, isScope } from "../../protocol/scopes.ts";
import type { Scope } from "../../protocol/scopes.ts";
import type { DeviceDescription, DeviceRole, DeviceRow, PairingReason } from "../../store/store.ts";
import type { DeviceDoor, Peer, SharedProof } from "../pairing.ts";
import type { Ground } from "./create.ts";
import { findCredential, isCredential } from "./credential.ts";
import type { Credential } from "./credential.ts";
import * as refuse from "./refusals.ts";
import { checkSignature } from "./signature.ts";

/** A client that has proved its key. */
type Caller = {
  readonly about: DeviceDescription;
  readonly role: DeviceRole;
  /** What it asks for, as far as there is such a thing. */
  readonly scopes: readonly Scope[];
  readonly peer: Peer;
};

const page = "openclaw-control-ui";

export function createDoor(ground: Ground): Omit<DeviceDoor, "watch"> {
  const { store, clock, tokens, codes } = ground;
  return {
    offer: codes.offer,
    async authenticate(connect, { nonce, shared, peer }) {
      const role = connect.role ?? "operator";
      if (role !== "operator" && role !== "node") return refuse.unknownRole(role);
      const { device, auth } = connect;
      if (device === undefined) return withoutDevice(connect, role, shared);
      const signed = checkSignature(connect, device, { nonce, now: clock.now() });
      if ("problem" in signed) return refuse.badSignature(signed.problem);
      const isPage = connect.client.id === page;
      const credential = await findCredential(ground, { deviceId: device.id, role, auth, shared, isPage });
      if (!isCredential(credential)) return credential;
      const about = describe(connect, device.id, signed.publicKey);
      return await admit(ground, { about, role, scopes: wantedScopes(connect, role), peer }, credential);
    },
    async bearer(token) {
      const row = await tokens.find(token);
      if (row === undefined || row.role !== "operator") return undefined;
      const isDue = (row.lastUsedAt ?? 0) + limits.deviceSeenStepMs <= clock.now();
      const visit = { reason: "device-token-http", address: undefined, tokenHash: row.hash };
      if (isDue && !(await store.seen(row.deviceId, visit))) return undefined;
      return { deviceId: row.deviceId, scopes: row.scopes.filter(isScope) };
    },
  };
}

/** The shared secret alone lets in, and lets do nothing: whatever may be done belongs to a device that was approved. */
function withoutDevice(connect: ConnectParams, role: DeviceRole, shared: SharedProof): Session | ConnectRefusal {
  const isPage = connect.client.id === page;
  if (role === "node" || isPage) return refuse.deviceRequired(isPage);
  if (shared.kind === "refused") return shared.refusal;
  if (shared.kind === "absent") return refuse.deviceRequired(false);
  return { method: shared.method, role, scopes: [] };
}

/** A node has no scopes: they are for people. What nobody knows cannot be held either. */
function wantedScopes(connect: ConnectParams, role: DeviceRole): readonly Scope[] {
  return role === "node" ? [] : [...new Set(connect.scopes)].filter(isScope).toSorted();
}

function describe({ client }: ConnectParams, deviceId: string, publicKey: string): DeviceDescription {
  return {
    deviceId,
    publicKey,
    displayName: client.displayName,
    clientId: client.id,
    clientMode: client.mode,
    platform: normalMetadata(client.platform),
    deviceFamily: normalMetadata(client.deviceFamily),
  };
}

async function admit(ground: Ground, caller: Caller, credential: Credential): Promise<Session | ConnectRefusal> {
  if (credential.kind === "code") return await admitByCode(ground, caller, credential.scopes);
  const device = await ground.store.find(caller.about.deviceId);
  const held = credential.kind === "token" ? credential.row.scopes : (device?.roles[caller.role] ?? []);
  const reason = reasonToAsk(caller, device, held);
  if (reason !== undefined) return await ask(ground, caller, { reason, device });
  return await open(ground, caller, { credential, held });
}

async function admitByCode(
  ground: Ground,
  caller: Caller,
  opened: readonly Scope[],
): Promise<Session | ConnectRefusal> {
  const { about, role } = caller;
  const scopes = caller.scopes.filter((scope) => holdsScope(opened, scope));
  const grant = { role, scopes, via: "bootstrap", by: "owner", devicesMax: limits.devicesMax } as const;
  const device = await ground.store.admit(about, grant);
  if (device === "full") return refuse.devicesFull();
  ground.audit.record({
    kind: "pairing",
    verdict: "allow",
    rule: "devices",
    actor: "owner",
    resource: `device ${about.deviceId} (${about.clientId}): ${role} ${scopes.join(" ")}`,
    reason: "it showed a one-time code",
  });
  ground.log.info("a device was paired by a sign-in link", { deviceId: about.deviceId, scopes });
  const credential: Credential = { kind: "code", scopes };
  return await open(ground, { ...caller, scopes }, { credential, held: device.roles[role] ?? [] });
}

/** Why the owner has to be asked; undefined where everything was approved before. */
function reasonToAsk(
  { about, role, scopes }: Caller,
  device: DeviceRow | undefined,
  held: readonly string[],
): PairingReason | undefined {
  if (device === undefined) return "not-paired";
  if (device.roles[role] === undefined) return "role-upgrade";
  if (scopes.some((scope) => !holdsScope(held.filter(isScope), scope))) return "scope-upgrade";
  if (about.platform !== device.platform) return "metadata-upgrade";
  // One key serves several clients of one machine, and not all of them name its family.
  const isOther = about.deviceFamily !== "" && device.deviceFamily !== "" && about.deviceFamily !== device.deviceFamily;
  return isOther ? "metadata-upgrade" : undefined;
}

async function ask(
  { store, clock, tell, log, audit }: Ground,
  { about, role, scopes, peer }: Caller,
  why: { readonly reason: PairingReason; readonly device: DeviceRow | undefined },
): Promise<ConnectRefusal> {
  const { reason, device } = why;
  const createdAt = clock.now();
  const { address, origin } = peer;
  const expiresAt = createdAt + limits.deviceRequestMs;
  const asked = await store.ask(
    { ...about, id: newId(), role, scopes, reason, address, origin, createdAt, expiresAt },
    { totalMax: limits.deviceRequestsMax, addressMax: limits.deviceRequestsAddressMax },
  );
  const { deviceId } = about;
  if (asked.kind === "full") {
    log.warn("a device was not put on the list of those who wait: it is full", { deviceId, address });
    return refuse.requestsFull();
  }
  const { request, replaced } = asked;
  if (replaced !== undefined) tell({ kind: "resolved", requestId: replaced.id, deviceId, decision: "superseded" });
  if (asked.kind === "new") {
    const actor = `device:${deviceId}`;
    const resource = `request ${request.id}: ${role} ${scopes.join(" ")}`;
    audit.record({ kind: "pairing", verdict: "deny", rule: "devices", actor, resource, reason });
    log.info("a device waits for approval", { requestId: request.id, deviceId, role, scopes, reason, address });
    tell({ kind: "requested", requestId: request.id, request });
  }
  return refuse.pairingRequired(request, device);
}

async function open(
  { store, tokens }: Ground,
  { about, role, scopes, peer }: Caller,
  admitted: { readonly credential: Credential; readonly held: readonly string[] },
): Promise<Session | ConnectRefusal> {
  const { credential, held } = admitted;
  const { deviceId } = about;
  const isFresh = credential.kind === "token" && !tokens.isOld(credential.row);
  const deviceToken = isFresh
    ? { token: credential.token, issuedAtMs: credential.row.createdAt }
    : await tokens.issue({ deviceId, role, scopes: held });
  // The last word: whatever was taken away while this went on is gone from the store by now.
  const method = methodOf(credential);
  const tokenHash = credential.kind === "token" ? credential.row.hash : undefined;
  const isThere = await store.seen(deviceId, { reason: method, address: peer.address, tokenHash });
  if (deviceToken === undefined || !isThere) return refuse.tokenMismatch();
  return { method, role, scopes, deviceId, deviceToken };
}

function methodOf(credential: Credential): string {
  if (credential.kind === "shared") return credential.method;
  return credential.kind === "token" ? "device-token" : "bootstrap-token";
}
