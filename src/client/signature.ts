// What a device signs when it introduces itself, and the id that its key gives it.
import { createHash } from "node:crypto";

export type SignedFields = {
  readonly deviceId: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly signedAt: number;
  readonly token: string;
  readonly nonce: string;
  readonly platform: string;
  readonly deviceFamily: string;
};

export function deviceIdOf(publicKey: string): string {
  return createHash("sha256").update(Buffer.from(publicKey, "base64url")).digest("hex");
}

/** The third version, which also binds the platform. */
export function signedText(fields: SignedFields): string {
  const { deviceId, clientId, clientMode, role, scopes, signedAt, token, nonce, platform, deviceFamily } = fields;
  return ["v3", deviceId, clientId, clientMode, role, scopes.join(","), signedAt, token, nonce]
    .concat([platform, deviceFamily].map((text) => text.trim().toLowerCase()))
    .join("|");
}
