// How this page introduces itself: `connect` with a device's signature over the gateway's challenge.
import { loadDeviceKey, signClaim } from "./device.ts";
import { CallFailed } from "./frames.ts";
import type { Keep } from "./keep.ts";

/** A one-time code from the link, or the token that a signed-in device has. */
export type Credential = { readonly bootstrapToken: string } | { readonly deviceToken: string };

const client = { id: "webchat-ui", mode: "webchat", platform: "web" } as const;
const role = "operator";
/** Deleting a conversation asks for `admin`; the rest would do with less. */
const scopes: readonly string[] = ["operator.admin", "operator.read", "operator.write"];

export async function introduce(
  { keep, credential, version }: { readonly keep: Keep; readonly credential: Credential; readonly version: string },
  challenge: { readonly nonce: string; readonly ts: number },
): Promise<unknown> {
  const key = await loadDeviceKey(keep);
  if (key === undefined) throw new CallFailed("NO_ED25519", "this browser has no Ed25519 keys");
  // The gateway's own time: what is fresh about the signature is the nonce, and a wrong clock keeps nobody out.
  const { nonce, ts: signedAt } = challenge;
  const token = "deviceToken" in credential ? credential.deviceToken : credential.bootstrapToken;
  const { id: clientId, mode: clientMode, platform } = client;
  const signature = await signClaim(key, { clientId, clientMode, role, scopes, signedAt, token, nonce, platform });
  return {
    minProtocol: 4,
    maxProtocol: 4,
    client: { ...client, displayName: browserName(), version },
    role,
    scopes,
    caps: ["tool-events"],
    device: { id: key.id, publicKey: key.publicKey, signature, signedAt, nonce },
    auth: credential,
    locale: navigator.language,
  };
}

/** How the owner tells this browser from the others in `lorica devices list`. */
function browserName(): string {
  const agent = navigator.userAgent;
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(agent)?.[1] ?? "Browser";
  const system = /(Android|iPhone|iPad|Windows|Mac OS|Linux)/.exec(agent)?.[1] ?? "";
  const names: Readonly<Record<string, string>> = { Edg: "Edge", OPR: "Opera", "Mac OS": "macOS" };
  return [names[browser] ?? browser, names[system] ?? system].filter((name) => name !== "").join(" on ");
}
