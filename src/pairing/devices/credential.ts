// What a device has to show besides its key: a one-time code, a token of its own, or the gateway's shared secret. Without
// one of them nothing is asked of the owner, so that strangers cannot fill the list of those who wait.
import type { ConnectParams, ConnectRefusal } from "../../protocol/handshake.ts";
import type { Scope } from "../../protocol/scopes.ts";
import type { DeviceRole, DeviceTokenRow } from "../../store/store.ts";
import type { SharedProof } from "../pairing.ts";
import type { Ground } from "./create.ts";
import { codeInvalid, credentialRequired, tokenMismatch, withTokenHint } from "./refusals.ts";

export type Credential =
  | { readonly kind: "code"; readonly scopes: readonly Scope[] }
  | { readonly kind: "token"; readonly token: string; readonly row: DeviceTokenRow }
  | { readonly kind: "shared"; readonly method: string };

type Shown = {
  readonly deviceId: string;
  readonly role: DeviceRole;
  readonly auth: ConnectParams["auth"];
  readonly shared: SharedProof;
  readonly isPage: boolean;
};

export async function findCredential(ground: Ground, shown: Shown): Promise<Credential | ConnectRefusal> {
  const { auth, role, shared, isPage } = shown;
  // A code opens the door for people; what a node may do is decided by looking at it.
  const code = auth?.bootstrapToken;
  const scopes = code === undefined || role === "node" ? undefined : ground.codes.take(code);
  if (scopes !== undefined) return { kind: "code", scopes };
  const token = await ownToken(ground, shown);
  if (token !== undefined) return token;
  if (shared.kind === "proved") return { kind: "shared", method: shared.method };
  if (shared.kind === "refused") return await explainRefused(ground, shown, shared.refusal);
  if (code !== undefined) return codeInvalid();
  return auth?.deviceToken === undefined ? credentialRequired(isPage) : tokenMismatch();
}

/** Clients show their token in either place, and in both where they have nothing else. */
async function ownToken(ground: Ground, { auth, deviceId, role }: Shown): Promise<Credential | undefined> {
  for (const token of new Set([auth?.deviceToken, auth?.token])) {
    const row = token === undefined ? undefined : await ground.tokens.find(token);
    if (token === undefined || row === undefined) continue;
    if (row.deviceId === deviceId && row.role === role) return { kind: "token", token, row };
    ground.log.warn("a device showed a token that is not its own", { deviceId, tokenOf: row.deviceId, role });
    ground.audit.record({
      kind: "decision",
      verdict: "deny",
      rule: "devices",
      actor: `device:${deviceId}`,
      resource: `token of ${row.deviceId} (${row.role})`,
      reason: "a device's token is good for that device and role only",
    });
  }
  return undefined;
}

async function explainRefused(ground: Ground, shown: Shown, refused: ConnectRefusal): Promise<ConnectRefusal> {
  const { auth, deviceId, role } = shown;
  const code = refused.error.details?.["code"];
  if (code === "AUTH_RATE_LIMITED") return refused;
  const shownTwice = auth?.deviceToken !== undefined && (auth.token === undefined || auth.token === auth.deviceToken);
  if (shownTwice) return tokenMismatch();
  const own = await ground.store.tokens(deviceId);
  const mayHaveOne = auth?.deviceToken === undefined && own.some((row) => row.role === role);
  return withTokenHint(refused, mayHaveOne);
}

export function isCredential(result: Credential | ConnectRefusal): result is Credential {
  return !("closeCode" in result);
}
