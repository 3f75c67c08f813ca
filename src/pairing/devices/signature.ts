// Whether a client holds the key that it names: the first question, and one that costs no look at the store.
import { limits } from "../../base/limits.ts";
import { parsePublicKey, signedToken, verifyClaim } from "../../protocol/device/identity.ts";
import type { ClaimVersion } from "../../protocol/device/identity.ts";
import type { ConnectParams } from "../../protocol/handshake.ts";
import type { SignatureProblem } from "./refusals.ts";

type SignedDevice = NonNullable<ConnectParams["device"]>;

/** The web page of others signs the older form, which leaves the platform out. Nobody else may. */
const mayOmitPlatform = "openclaw-control-ui";

/** Undefined where it does. `publicKey` comes back in its one spelling. */
export function checkSignature(
  connect: ConnectParams,
  device: SignedDevice,
  at: { readonly nonce: string; readonly now: number },
): { readonly publicKey: string } | { readonly problem: SignatureProblem } {
  const key = parsePublicKey(device.publicKey);
  if (!key.ok) return { problem: "DEVICE_AUTH_PUBLIC_KEY_INVALID" };
  if (key.value.deviceId !== device.id) return { problem: "DEVICE_AUTH_DEVICE_ID_MISMATCH" };
  if (device.nonce.trim() === "") return { problem: "DEVICE_AUTH_NONCE_REQUIRED" };
  if (device.nonce !== at.nonce) return { problem: "DEVICE_AUTH_NONCE_MISMATCH" };
  if (Math.abs(at.now - device.signedAt) > limits.deviceClockSkewMs)
    return { problem: "DEVICE_AUTH_SIGNATURE_EXPIRED" };
  const { client } = connect;
  const claim = {
    deviceId: device.id,
    clientId: client.id,
    clientMode: client.mode,
    role: connect.role ?? "operator",
    scopes: connect.scopes ?? [],
    signedAtMs: device.signedAt,
    token: signedToken(connect.auth),
    nonce: device.nonce,
    platform: client.platform,
    deviceFamily: client.deviceFamily,
  };
  const versions: readonly ClaimVersion[] = client.id === mayOmitPlatform ? ["v3", "v2"] : ["v3"];
  if (!verifyClaim(claim, { key: key.value.key, signature: device.signature }, versions))
    return { problem: "DEVICE_AUTH_SIGNATURE_INVALID" };
  return { publicKey: key.value.encoded };
}
