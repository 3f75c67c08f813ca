// A connection over a WebSocket. With TLS the certificate is judged before anything is said: by a fingerprint where one is
// known, else by the authorities that this machine trusts.
import type { Socket } from "node:net";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import type { TLSSocket } from "node:tls";
import { WebSocket } from "ws";
import { errnoOf, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { unlessAborted } from "../base/wait.ts";
import { unreachable } from "./connection.ts";
import type { Carrier, Incoming, Unreachable } from "./connection.ts";
import type { GatewayUrl } from "./url.ts";

export type WebSocketOptions = {
  readonly url: GatewayUrl;
  /** Hex SHA-256 of the certificate. Where there is one, it and nothing else decides. */
  readonly fingerprint: string | undefined;
};

export async function openWebSocket(
  { url, fingerprint }: WebSocketOptions,
  incoming: Incoming,
  signal: AbortSignal,
): Promise<Carrier> {
  const stream = await openStream(url, fingerprint, signal);
  const socket = new WebSocket(url.text, {
    // The stream is open and its other end is known: nothing is sent to anybody else, and no redirect is followed.
    createConnection: () => stream,
    followRedirects: false,
    perMessageDeflate: false,
    maxPayload: limits.clientFrameMaxBytes,
    handshakeTimeout: limits.cliConnectTimeoutMs,
  });
  const opened = Promise.withResolvers<void>();
  let said: Error | undefined;
  socket.on("open", () => opened.resolve());
  socket.on("message", (data, isBinary) => {
    if (!isBinary) return incoming.frame(textOf(data));
    incoming.lost(new LoricaError("upstream", `${url.text} sent something that is not text`));
  });
  socket.on("error", (error) => (said = refused(url, error)));
  socket.on("close", (code, reason) => {
    const why = said ?? closedError(url, code, reason.toString("utf8"));
    opened.reject(why);
    incoming.lost(why);
  });
  try {
    await unlessAborted(opened.promise, signal);
  } catch (error) {
    socket.terminate();
    throw error;
  }
  return {
    send: (text) => socket.send(text),
    end(code, reason) {
      socket.close(code, reason);
      // The other end may never answer the farewell.
      setTimeout(() => socket.terminate(), limits.clientFarewellMs).unref();
    },
  };
}

function textOf(data: WebSocket.RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.from(data as ArrayBuffer).toString("utf8");
}

async function openStream(url: GatewayUrl, fingerprint: string | undefined, signal: AbortSignal): Promise<Socket> {
  const { host, port } = url;
  const socket = url.secure
    ? connectTls({ host, port, ...(isName(host) ? { servername: host } : {}), rejectUnauthorized: false })
    : connectTcp({ host, port });
  const ready = new Promise<void>((done, fail) => {
    socket.once(url.secure ? "secureConnect" : "connect", done);
    socket.once("error", (cause) => fail(refused(url, cause)));
  });
  try {
    await unlessAborted(ready, signal);
    if (url.secure) checkCertificate(url, socket as TLSSocket, fingerprint);
    return socket;
  } catch (cause) {
    socket.destroy();
    throw cause;
  }
}

function checkCertificate(url: GatewayUrl, socket: TLSSocket, expected: string | undefined): void {
  const shown = normalFingerprint(socket.getPeerCertificate().fingerprint256 ?? "");
  if (expected !== undefined) {
    if (shown !== "" && shown === normalFingerprint(expected)) return;
    throw new LoricaError(
      "forbidden",
      `${url.text} shows another certificate than the one it is known by. Expected ${expected}, shown ${shown}. ` +
        "If the certificate was replaced on purpose, give the new one with --tls-fingerprint; if not, somebody is in between",
      { details: { reason: "tls-fingerprint", shown } },
    );
  }
  if (socket.authorized) return;
  throw new LoricaError(
    "forbidden",
    `the certificate of ${url.text} is not vouched for by anybody this machine trusts (${String(socket.authorizationError)}). ` +
      `Its fingerprint is ${shown}. Compare it with what the gateway's own machine shows; if they are the same, ` +
      `add --tls-fingerprint ${shown}`,
    { details: { reason: "tls-unknown", shown } },
  );
}

/** As it is compared: lower case, without colons. */
export function normalFingerprint(text: string): string {
  return text
    .replace(/^sha256[:=]/i, "")
    .replaceAll(":", "")
    .toLowerCase();
}

function isName(host: string): boolean {
  return /[a-z]/i.test(host) && !host.includes(":");
}

function refused(url: GatewayUrl, cause: Error): LoricaError {
  const errno = errnoOf(cause);
  if (errno === "ECONNREFUSED") return unreachable("not_running", `nothing listens at ${url.text}`, cause);
  if (errno === "ENOTFOUND" || errno === "EAI_AGAIN")
    return unreachable("not_running", `there is no machine named ${url.host}`, cause);
  return unreachable("not_answering", `cannot connect to ${url.text}: ${cause.message.slice(0, 200)}`, cause);
}

function closedError(url: GatewayUrl, code: number, reason: string): LoricaError {
  // oxlint-disable-next-line no-control-regex -- What the other end gave as its reason is shown on a terminal.
  const shown = reason.replace(/[\u0000-\u001F\u007F-\u009F]/g, "").slice(0, 123);
  const message = `${url.text} closed the connection (${code}${shown === "" ? "" : ` ${shown}`})`;
  return new LoricaError("unavailable", message, {
    details: { reason: "not_answering" satisfies Unreachable, closeCode: code, closeReason: shown },
  });
}
