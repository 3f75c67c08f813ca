// This browser as a device: an Ed25519 key of its own, and the signature that each connection begins with.
import type { DeviceKey, Keep } from "./keep.ts";

export type Claim = {
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly signedAt: number;
  readonly token: string;
  readonly nonce: string;
  readonly platform: string;
};

/** Undefined where the browser cannot make such keys. */
export async function loadDeviceKey(keep: Keep): Promise<DeviceKey | undefined> {
  const kept = await keep.deviceKey();
  if (kept !== undefined) return kept;
  const pair = await makeKeyPair();
  if (pair === undefined) return undefined;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
  const key: DeviceKey = { id: digest.toHex(), publicKey: encodeBase64Url(raw), privateKey: pair.privateKey };
  await keep.saveDeviceKey(key);
  return key;
}

/** The fields of a v3 signature, in its order; the last one, the device's family, a browser does not have. */
export async function signClaim(key: DeviceKey, claim: Claim): Promise<string> {
  const text = [
    "v3",
    key.id,
    claim.clientId,
    claim.clientMode,
    claim.role,
    claim.scopes.join(","),
    String(claim.signedAt),
    claim.token,
    claim.nonce,
    claim.platform,
    "",
  ].join("|");
  const signature = await crypto.subtle.sign("Ed25519", key.privateKey, new TextEncoder().encode(text));
  return encodeBase64Url(new Uint8Array(signature));
}

async function makeKeyPair(): Promise<CryptoKeyPair | undefined> {
  try {
    return await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  } catch (cause) {
    if (cause instanceof DOMException) return undefined;
    throw cause;
  }
}

function encodeBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
