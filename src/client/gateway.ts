// Connecting to a gateway over the network: introduces this device, proves it with the token that the gateway gave it or
// with the shared one, and keeps what the gateway hands out for the next time.
import { codeOf, LoricaError } from "../base/errors.ts";
import { isRecord } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { bounded } from "../base/wait.ts";
import { signedToken } from "../protocol/device/identity.ts";
import { protocolVersion } from "../protocol/frames.ts";
import { openConnection, unreachable } from "./connection.ts";
import type { Connection } from "./connection.ts";
import type { Device } from "./device.ts";
import type { ClientFiles } from "./files.ts";
import type { GatewayUrl } from "./url.ts";
import { normalFingerprint, openWebSocket } from "./web-socket.ts";

/** As it stands in `connect`: what kind of client this is, and what it asks for. */
export type Introduction = {
  readonly client: {
    readonly id: string;
    readonly mode: string;
    readonly version: string;
    readonly platform: string;
    readonly deviceFamily?: string;
    readonly displayName?: string;
    readonly instanceId?: string;
  };
  readonly role: "operator" | "node";
  readonly scopes: readonly string[];
  readonly caps: readonly string[];
  /** A node's. */
  readonly commands?: readonly string[];
};

export type GatewayOptions = {
  readonly url: GatewayUrl;
  readonly introduction: Introduction;
  readonly device: Device;
  readonly files: ClientFiles;
  /** The gateway's shared secret, where the caller has it. A device that was let in before needs none. */
  readonly secret?: { readonly token: string } | { readonly password: string } | undefined;
  /** Given by the owner for this gateway; remembered once it has held. */
  readonly fingerprint?: string | undefined;
};

type Auth = Readonly<Record<string, string>>;

export async function connectGateway(options: GatewayOptions, signal: AbortSignal): Promise<Connection> {
  const tokenFor = { url: options.url.text, role: options.introduction.role, deviceId: options.device.id };
  const remembered = await options.files.token(tokenFor);
  if (remembered !== undefined) {
    try {
      return await connectWith(options, { deviceToken: remembered }, signal);
    } catch (error) {
      if (!isStale(error)) throw error;
      await options.files.saveToken(tokenFor, undefined);
    }
  }
  return connectWith(options, { ...options.secret }, signal);
}

/** It was rotated, revoked or expired: kept, it would only be refused again. */
function isStale(error: unknown): boolean {
  const code = error instanceof LoricaError ? error.details?.["code"] : undefined;
  return code === "AUTH_DEVICE_TOKEN_MISMATCH" || code === "AUTH_UNAUTHORIZED";
}

async function connectWith(options: GatewayOptions, auth: Auth, signal: AbortSignal): Promise<Connection> {
  const { url, files, introduction, device } = options;
  const fingerprint = options.fingerprint ?? (await files.fingerprint(url.text));
  const deadline = bounded(signal, limits.cliConnectTimeoutMs);
  try {
    const connection = await openConnection(
      (incoming, opening) => openWebSocket({ url, fingerprint }, incoming, opening),
      (nonce) => introduce(options, auth, nonce),
      deadline,
    );
    if (options.fingerprint !== undefined)
      await files.saveFingerprint(url.text, normalFingerprint(options.fingerprint));
    const issued = tokenIn(connection);
    if (issued !== undefined && issued !== auth["deviceToken"])
      await files.saveToken({ url: url.text, role: introduction.role, deviceId: device.id }, issued);
    return { ...connection, isOwn: false };
  } catch (cause) {
    if (signal.aborted || !deadline.aborted || codeOf(cause) !== "timeout") throw cause;
    throw unreachable("not_answering", `${url.text} does not answer`, cause);
  }
}

function tokenIn({ hello }: Pick<Connection, "hello">): string | undefined {
  const auth: unknown = hello.auth;
  const token = isRecord(auth) ? auth["deviceToken"] : undefined;
  return typeof token === "string" && token.length <= limits.clientTokenMaxChars ? token : undefined;
}

function introduce(
  { introduction, device }: GatewayOptions,
  auth: Auth,
  nonce: string,
): Readonly<Record<string, unknown>> {
  const { client, role, scopes, caps, commands } = introduction;
  const signedAtMs = Date.now();
  const signature = device.sign({
    clientId: client.id,
    clientMode: client.mode,
    role,
    scopes,
    signedAtMs,
    token: signedToken(auth),
    nonce,
    platform: client.platform,
    deviceFamily: client.deviceFamily,
  });
  return {
    minProtocol: protocolVersion,
    maxProtocol: protocolVersion,
    client,
    role,
    scopes,
    caps,
    ...(commands === undefined ? {} : { commands }),
    device: { id: device.id, publicKey: device.publicKey, signature, signedAt: signedAtMs, nonce },
    ...(Object.keys(auth).length === 0 ? {} : { auth }),
  };
}
