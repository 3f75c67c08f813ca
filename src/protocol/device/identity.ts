// A device is a key: Ed25519, named by the SHA-256 of its public half. What it signs at `connect` ties the key to this
// connection's nonce, to what it asks for and to the credential that it shows. Shared by the server and our own clients.
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";

/** What is signed. The key's owner cannot say later that it was for another role, other scopes or another token. */
export type DeviceClaim = {
  readonly deviceId: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly signedAtMs: number;
  /** The token shown beside it, empty where there is none; see `signedToken`. */
  readonly token: string;
  readonly nonce: string;
  readonly platform: string | undefined;
  readonly deviceFamily: string | undefined;
};

/** `v2` says nothing of the platform, so a client that may use it can claim to be on another one. */
export type ClaimVersion = "v2" | "v3";

export type DevicePublicKey = {
  readonly deviceId: string;
  /** The 32 raw bytes as base64url, as they go over the wire. */
  readonly encoded: string;
  readonly key: KeyObject;
};

/** What a client keeps: the key as PEM, and the names that follow from it. */
export type DeviceIdentity = {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly privateKeyPem: string;
};

const keyBytes = 32;
const signatureBytes = 64;
/** A PEM of such a key is 113 characters long; everything much longer is something else. */
const keyMaxChars = 256;

export function createDeviceIdentity(): DeviceIdentity {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { deviceId, encoded } = describeKey(publicKey);
  return {
    deviceId,
    publicKey: encoded,
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** A public key as clients send it: base64url of the raw bytes, or PEM (SPKI). */
export function parsePublicKey(text: string): Parsed<DevicePublicKey> {
  if (text.length > keyMaxChars) return rejected("not an Ed25519 public key");
  try {
    const isPem = text.trimStart().startsWith("-----BEGIN PUBLIC KEY-----");
    const key = isPem ? createPublicKey(text) : importRaw(text);
    if (key?.asymmetricKeyType !== "ed25519") return rejected("not an Ed25519 public key");
    return parsed(describeKey(key));
  } catch (error) {
    if (error instanceof Error && "code" in error) return rejected("not an Ed25519 public key");
    throw error;
  }
}

/** Only the canonical spelling: a second spelling of one key would be a second name for it wherever text is compared. */
function importRaw(text: string): KeyObject | undefined {
  const raw = Buffer.from(text, "base64url");
  if (raw.length !== keyBytes || raw.toString("base64url") !== text) return undefined;
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: text }, format: "jwk" });
}

function describeKey(key: KeyObject): DevicePublicKey {
  const { x = "" } = key.export({ format: "jwk" });
  return { deviceId: createHash("sha256").update(Buffer.from(x, "base64url")).digest("hex"), encoded: x, key };
}

/** The one of the shown credentials that the signature covers. A password is never signed. */
export function signedToken(
  auth:
    | {
        readonly token?: string | undefined;
        readonly deviceToken?: string | undefined;
        readonly bootstrapToken?: string | undefined;
      }
    | undefined,
): string {
  return auth?.token ?? auth?.deviceToken ?? auth?.bootstrapToken ?? "";
}

export function encodeClaim(version: ClaimVersion, claim: DeviceClaim): string {
  const { deviceId, clientId, clientMode, role, scopes, signedAtMs, token, nonce } = claim;
  const fields = [version, deviceId, clientId, clientMode, role, scopes.join(","), String(signedAtMs), token, nonce];
  if (version === "v3") fields.push(normalMetadata(claim.platform), normalMetadata(claim.deviceFamily));
  return fields.join("|");
}

/** How a platform or a device family is written in a signature, and compared with what was approved. */
export function normalMetadata(value: string | undefined): string {
  // ASCII only: what else counts as upper case differs between the languages that clients are written in.
  return (value ?? "").trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Base64url of the signature over the v3 form. */
export function signClaim(claim: DeviceClaim, privateKeyPem: string): string {
  return sign(null, Buffer.from(encodeClaim("v3", claim)), privateKeyPem).toString("base64url");
}

export function verifyClaim(
  claim: DeviceClaim,
  signed: { readonly key: KeyObject; readonly signature: string },
  versions: readonly ClaimVersion[],
): boolean {
  const signature = Buffer.from(signed.signature, "base64url");
  if (signature.length !== signatureBytes) return false;
  return versions.some((version) => verify(null, Buffer.from(encodeClaim(version, claim)), signed.key, signature));
}
