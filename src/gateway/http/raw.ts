// An HTTP answer for a socket that has no response object: what the parser refused, and upgrades that are not granted.
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { limits } from "../../base/limits.ts";
import { renderError, securityHeaders } from "./answer.ts";

/** With the headers and the shape that every answer has. The socket is gone a moment later, read or not. */
export function answerRaw(socket: Duplex, error: unknown, id: string): void {
  if (!socket.writable) return void socket.destroy();
  const { status, headers, body } = renderError(error, id);
  const text = JSON.stringify(body);
  const all = {
    ...securityHeaders,
    ...headers,
    "content-type": "application/json; charset=utf-8",
    "content-length": String(Buffer.byteLength(text)),
    connection: "close",
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.end(`${[`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines].join("\r\n")}\r\n\r\n${text}`);
  setTimeout(() => socket.destroy(), limits.httpLingerMs).unref();
}
