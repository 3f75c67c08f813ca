// Why a device may not come in, in the codes that clients know. What they say may be read by anybody, so it names no
// other device and no secret.
import { refusal } from "../../protocol/handshake.ts";
import type { ConnectRefusal } from "../../protocol/handshake.ts";
import type { DeviceRequestRow, DeviceRow, PairingReason } from "../../store/store.ts";

const policy = 1008;

const bySignature = {
  DEVICE_AUTH_PUBLIC_KEY_INVALID: "the device's public key is not an Ed25519 key",
  DEVICE_AUTH_DEVICE_ID_MISMATCH: "the device's id is not the SHA-256 of its public key",
  DEVICE_AUTH_NONCE_REQUIRED: "the device signed no nonce",
  DEVICE_AUTH_NONCE_MISMATCH: "the device signed another nonce than this connection's",
  DEVICE_AUTH_SIGNATURE_EXPIRED: "the device's signature is not of now; check the clocks on both sides",
  DEVICE_AUTH_SIGNATURE_INVALID: "the device's signature does not hold for what it asks",
} as const;

export type SignatureProblem = keyof typeof bySignature;

export function badSignature(code: SignatureProblem): ConnectRefusal {
  return refusal(bySignature[code], policy, { code });
}

export function unknownRole(role: string): ConnectRefusal {
  return refusal(`unknown role: ${role.slice(0, 32)}; there are operator and node`, policy, {
    code: "AUTH_UNAUTHORIZED",
  });
}

/** Nobody gets far without a key of their own: some not at all, others with nothing they may do. */
export function deviceRequired(isPage: boolean): ConnectRefusal {
  const code = isPage ? "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" : "DEVICE_IDENTITY_REQUIRED";
  return notPaired("device identity required", { code });
}

/** A browser is signed in by a link; everything else shows the gateway's token, and is approved once. */
export function credentialRequired(isPage: boolean): ConnectRefusal {
  const how = isPage
    ? "sign in first: `lorica dashboard` on the gateway's machine prints a link"
    : "the gateway does not know this device: show the gateway's token once (`lorica token show` on its machine)";
  return refusal(how, policy, {
    code: "AUTH_REQUIRED",
    recommendedNextStep: "update_auth_credentials",
  });
}

export function codeInvalid(): ConnectRefusal {
  return refusal("this sign-in link was used or has expired; `lorica dashboard` prints another", policy, {
    code: "AUTH_BOOTSTRAP_TOKEN_INVALID",
    recommendedNextStep: "update_auth_credentials",
  });
}

export function tokenMismatch(): ConnectRefusal {
  return refusal("this device's token is not valid any more; sign in again", policy, {
    code: "AUTH_DEVICE_TOKEN_MISMATCH",
    recommendedNextStep: "update_auth_credentials",
  });
}

/** Tells a client that keeps a token of its own to try that one, where one could hold. */
export function withTokenHint(refused: ConnectRefusal, canRetryWithDeviceToken: boolean): ConnectRefusal {
  const details = { ...refused.error.details, canRetryWithDeviceToken };
  return { ...refused, error: { ...refused.error, details } };
}

export function requestsFull(): ConnectRefusal {
  const message = "too many devices wait for approval; approve or reject them with: lorica devices list";
  return {
    error: { code: "UNAVAILABLE", message, retryable: true, retryAfterMs: 60_000 },
    closeCode: policy,
    closeReason: "too many devices wait for approval",
  };
}

export function devicesFull(): ConnectRefusal {
  return refusal("too many devices are paired; remove one with: lorica devices remove", policy);
}

const hints: Readonly<Record<PairingReason, readonly [needs: string, hint: string]>> = {
  "not-paired": ["this device is not approved yet", "Approve it on the gateway's machine"],
  "role-upgrade": ["this device asks for a role that it does not have", "Look at the role and approve it"],
  "scope-upgrade": ["this device asks for more than it may", "Look at the scopes and approve them"],
  "metadata-upgrade": ["this device is not what it was when it was approved", "Look at it again and approve it"],
};

export function pairingRequired(request: DeviceRequestRow, device: DeviceRow | undefined): ConnectRefusal {
  const [needs, hint] = hints[request.reason];
  const message = `pairing required: ${needs} (requestId: ${request.id})`;
  const approved =
    device === undefined
      ? {}
      : { approvedRoles: Object.keys(device.roles), approvedScopes: device.roles[request.role] ?? [] };
  return notPaired(message, {
    code: "PAIRING_REQUIRED",
    reason: request.reason,
    requestId: request.id,
    remediationHint: `${hint}: lorica devices approve ${request.id}`,
    deviceId: request.deviceId,
    requestedRole: request.role,
    requestedScopes: request.scopes,
    ...approved,
    recommendedNextStep: "wait_then_retry",
    retryable: true,
    pauseReconnect: false,
  });
}

function notPaired(message: string, details: Readonly<Record<string, unknown>>): ConnectRefusal {
  const refused = refusal(message, policy, details);
  return { ...refused, error: { ...refused.error, code: "NOT_PAIRED" } };
}
