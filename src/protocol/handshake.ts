// The first three frames of a connection: the server's challenge, the client's `connect`, the server's `hello-ok`.
import { z } from "zod";
import { limits } from "../base/limits.ts";
import { protocolVersion } from "./frames.ts";
import type { ErrorShape, EventFrame } from "./frames.ts";
import { renderIssues } from "./params.ts";
import type { Scope } from "./scopes.ts";

const clientIds = [
  "webchat-ui",
  "openclaw-control-ui",
  "openclaw-browser-copilot",
  "openclaw-tui",
  "webchat",
  "cli",
  "gateway-client",
  "openclaw-macos",
  "openclaw-linux",
  "openclaw-ios",
  "openclaw-watchos",
  "openclaw-android",
  "node-host",
  "openclaw-worker",
  "test",
  "fingerprint",
  "openclaw-probe",
] as const;

/** Nodes and probes may be this old: what they say has not changed since. */
const probeProtocol = 3;

const text = z.string().min(1).max(256);
const names = z.array(z.string().min(1).max(128)).max(128);
const token = z.string().max(4_096).optional();

const connectParams = z.strictObject({
  minProtocol: z.int().min(1),
  maxProtocol: z.int().min(1),
  client: z.strictObject({
    id: z.enum(clientIds),
    displayName: text.optional(),
    version: text,
    buildId: z.string().min(1).max(96).optional(),
    platform: text,
    deviceFamily: text.optional(),
    modelIdentifier: text.optional(),
    timeZone: z.string().min(1).max(64).optional(),
    mode: z.enum(["webchat", "cli", "ui", "backend", "node", "worker", "probe", "test"]),
    instanceId: text.optional(),
  }),
  caps: names.optional(),
  commands: names.optional(),
  permissions: z.record(z.string(), z.boolean()).optional(),
  pathEnv: z.string().max(16_384).optional(),
  computerUse: z.json().optional(),
  workerRuns: z.json().optional(),
  role: text.optional(),
  scopes: names.optional(),
  modelCatalog: z.json().optional(),
  device: z
    .strictObject({ id: text, publicKey: text, signature: text, signedAt: z.int().min(0), nonce: text })
    .optional(),
  auth: z
    .strictObject({
      token,
      bootstrapToken: token,
      deviceToken: token,
      password: token,
      approvalRuntimeToken: token,
      agentRuntimeIdentityToken: token,
    })
    .optional(),
  locale: z.string().max(64).optional(),
  userAgent: z.string().max(512).optional(),
});

export type ConnectParams = z.infer<typeof connectParams>;

/** What a connection was found to be. */
export type Session = {
  readonly method: string;
  readonly role: "operator" | "node";
  readonly scopes: readonly Scope[];
  /** The paired device; undefined behind the owner's own socket. */
  readonly deviceId?: string;
  /** Of the shared credential that let it in: once that counts no more, neither does the connection. */
  readonly credentialHash?: string;
  /** Said once, in `hello-ok`; only its hash is kept. */
  readonly deviceToken?: { readonly token: string; readonly issuedAtMs: number };
};

export type HelloOk = {
  readonly type: "hello-ok";
  readonly protocol: number;
  readonly server: { readonly version: string; readonly bootId?: string; readonly connId: string };
  readonly features: {
    readonly methods: readonly string[];
    readonly events: readonly string[];
    readonly capabilities?: readonly string[];
  };
  readonly snapshot: {
    readonly presence: readonly Readonly<Record<string, unknown>>[];
    readonly health: Readonly<Record<string, unknown>>;
    readonly stateVersion: { readonly presence: number; readonly health: number };
    readonly uptimeMs: number;
    readonly sessionDefaults?: Readonly<Record<string, unknown>>;
    readonly [field: string]: unknown;
  };
  readonly auth: {
    readonly method?: string;
    readonly role: string;
    readonly scopes: readonly string[];
    readonly deviceToken?: string;
    readonly issuedAtMs?: number;
  };
  readonly policy: {
    readonly maxPayload: number;
    readonly maxBufferedBytes: number;
    readonly tickIntervalMs: number;
    readonly attachments?: { readonly maxBytes: number; readonly maxImageBytes: number };
  };
};

/** What a server says of itself; the rest of `hello-ok` follows from the connection. */
export type Greeting = Pick<HelloOk, "features" | "snapshot"> & { readonly version: string; readonly bootId?: string };

export function challengeFrame(nonce: string, now: number): EventFrame {
  return { type: "event", event: "connect.challenge", payload: { nonce, ts: now } };
}

export type ConnectRefusal = { readonly error: ErrorShape; readonly closeCode: number; readonly closeReason: string };

/** Shape first, then the protocol window; who it is, is for the server to say. */
export function parseConnect(params: unknown): ConnectParams | ConnectRefusal {
  const result = connectParams.safeParse(params ?? {});
  if (!result.success) {
    return refusal(`invalid connect params: ${renderIssues(result.error)}`, 1008);
  }
  const { minProtocol, maxProtocol, client, role } = result.data;
  const lowest = role === "node" || client.mode === "probe" ? probeProtocol : protocolVersion;
  if (minProtocol <= protocolVersion && lowest <= maxProtocol) return result.data;
  const wanted = `${minProtocol} to ${maxProtocol}`;
  return refusal(`protocol mismatch: this gateway speaks ${protocolVersion}, the client ${wanted}`, 1002, {
    code: "PROTOCOL_MISMATCH",
    clientMinProtocol: minProtocol,
    clientMaxProtocol: maxProtocol,
    expectedProtocol: protocolVersion,
    minimumProbeProtocol: probeProtocol,
  });
}

export function isRefusal(result: ConnectParams | Session | ConnectRefusal): result is ConnectRefusal {
  return "closeCode" in result;
}

export function refusal(
  message: string,
  closeCode: number,
  details?: Readonly<Record<string, unknown>>,
): ConnectRefusal {
  const error: ErrorShape = { code: "INVALID_REQUEST", message, ...(details === undefined ? {} : { details }) };
  return { error, closeCode, closeReason: closeReason(message) };
}

/** A WebSocket's closing frame holds 123 bytes of reason. */
export function closeReason(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, "?");
  return plain.length <= closeReasonMaxBytes ? plain : `${plain.slice(0, closeReasonMaxBytes - 3)}...`;
}

const closeReasonMaxBytes = 123;

export function helloOk(greeting: Greeting, connId: string, session: Session): HelloOk {
  const { version, bootId, features, snapshot } = greeting;
  return {
    type: "hello-ok",
    protocol: protocolVersion,
    server: { version, connId, ...(bootId === undefined ? {} : { bootId }) },
    features,
    snapshot,
    auth: {
      method: session.method,
      role: session.role,
      scopes: session.scopes,
      ...(session.deviceToken === undefined
        ? {}
        : { deviceToken: session.deviceToken.token, issuedAtMs: session.deviceToken.issuedAtMs }),
    },
    policy: {
      maxPayload: limits.frameMaxBytes,
      maxBufferedBytes: limits.frameBufferedMaxBytes,
      tickIntervalMs: limits.tickIntervalMs,
      attachments: { maxBytes: limits.attachmentMaxBytes, maxImageBytes: limits.historyMaxBytes },
    },
  };
}

/** For servers behind a file that only its owner can open: having connected is the proof, and scopes are as asked for. */
export function ownerSession(scopes: readonly Scope[]): Session {
  return { method: "none", role: "operator", scopes };
}
