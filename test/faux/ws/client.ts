// A client of protocol 4 over a WebSocket that says exactly what a test wants it to say, right or wrong.
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { WebSocket } from "ws";

export type AnyFrame = {
  readonly type: "req" | "res" | "event";
  readonly id?: string;
  readonly ok?: boolean;
  readonly event?: string;
  readonly seq?: number;
  readonly payload?: Record<string, unknown>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details?: Record<string, unknown>;
    readonly retryAfterMs?: number;
  };
};

export type WsClient = {
  readonly ws: WebSocket;
  /** Everything that came, as text. */
  readonly raw: readonly string[];
  readonly frames: readonly AnyFrame[];
  /** The first frame, past or to come, of which it is true. */
  next(isMeant: (frame: AnyFrame) => boolean): Promise<AnyFrame>;
  send(frame: unknown): void;
  /** Its final answer, whether good or bad. */
  request(method: string, params?: unknown): Promise<AnyFrame>;
  /** How it ended. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  end(): void;
};

export function connectParams(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    minProtocol: 4,
    maxProtocol: 4,
    client: { id: "test", version: "1", platform: "linux", mode: "test" },
    role: "operator",
    scopes: ["operator.admin"],
    ...change,
  };
}

/** Rejects where the upgrade is refused, with the status and the body. */
export async function openWs(url: string, options: Readonly<Record<string, unknown>> = {}): Promise<WsClient> {
  const ws = new WebSocket(url, options);
  const raw: string[] = [];
  const frames: AnyFrame[] = [];
  const waiting = new Set<() => void>();
  let count = 0;
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on("close", (code, reason) => {
      resolve({ code, reason: reason.toString() });
      for (const look of waiting) look();
    });
  });
  ws.on("message", (data) => {
    raw.push(String(data));
    frames.push(JSON.parse(String(data)) as AnyFrame);
    for (const look of waiting) look();
  });
  ws.on("error", () => undefined);
  const next = (isMeant: (frame: AnyFrame) => boolean): Promise<AnyFrame> => {
    const { promise, resolve, reject } = Promise.withResolvers<AnyFrame>();
    const look = (): void => {
      const found = frames.find(isMeant);
      if (found === undefined && ws.readyState < WebSocket.CLOSING) return;
      waiting.delete(look);
      if (found !== undefined) resolve(found);
      else reject(new Error(`closed before it came; there were: ${raw.slice(-5).join("\n")}`));
    };
    waiting.add(look);
    look();
    return promise;
  };
  await new Promise<void>((resolve, reject) => {
    ws.once("open", resolve);
    ws.once("error", reject);
    ws.once("unexpected-response", (_, response) => {
      let body = "";
      response.on("data", (chunk) => (body += chunk));
      response.on("end", () => {
        reject(
          Object.assign(new Error(`HTTP ${response.statusCode}`), {
            status: response.statusCode,
            body,
            headers: response.headers,
          }),
        );
      });
    });
  });
  return {
    ws,
    raw,
    frames,
    next,
    send: (frame) => ws.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    async request(method, params = {}) {
      const id = `r${++count}`;
      ws.send(JSON.stringify({ type: "req", id, method, params }));
      return next((frame) => frame.type === "res" && frame.id === id && frame.payload?.["status"] !== "accepted");
    },
    closed,
    end: () => ws.terminate(),
  };
}

/** The same with its `connect` answered. */
export async function connectWs(
  url: string,
  options: {
    readonly params?: Readonly<Record<string, unknown>>;
    readonly socket?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<WsClient & { readonly hello: AnyFrame }> {
  const client = await openWs(url, options.socket);
  client.send({ type: "req", id: "connect", method: "connect", params: connectParams(options.params) });
  const hello = await client.next((frame) => frame.id === "connect");
  return { ...client, hello };
}

/** A socket that has been upgraded by hand, for bytes that no client library would send. */
export async function upgradeByHand(port: number, path = "/"): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  const key = randomBytes(16).toString("base64");
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}

/** One WebSocket frame as a client sends it. */
export function encodeWsFrame(payload: Uint8Array, { opcode = 1, fin = true } = {}): Buffer {
  const mask = randomBytes(4);
  const head = [(fin ? 0x80 : 0) | opcode];
  if (payload.length < 126) head.push(0x80 | payload.length);
  else if (payload.length < 65_536) head.push(0x80 | 126, payload.length >> 8, payload.length & 0xff);
  else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(payload.length));
    head.push(0x80 | 127, ...length);
  }
  const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([Buffer.from(head), mask, masked]);
}

/** A field of the frame's payload, as the type that the test expects there. */
export function payloadOf<T>(frame: AnyFrame, field: string): T {
  const { payload = {} } = frame;
  return payload[field] as T;
}
