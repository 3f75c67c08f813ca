// A port that speaks TLS, met by somebody who does not: instead of silence they get the address that works.
import type { Server } from "node:https";
import type { Socket } from "node:net";
import { limits } from "../../base/limits.ts";
import { HttpProblem, securityHeaders } from "../http/answer.ts";
import { answerRaw } from "../http/raw.ts";

/** The first byte of every TLS handshake. */
const handshakeByte = 0x16;

/** Looks at the first byte of each connection before the TLS server does. */
export function peekAtTls(server: Server, timeoutMs: number): void {
  const listeners = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const late = setTimeout(() => socket.destroy(), timeoutMs);
    const gone = (): void => clearTimeout(late);
    // A peer that goes away before it has said anything is no news.
    const ignore = (): void => undefined;
    socket.once("close", gone);
    socket.on("error", ignore);
    socket.once("data", (first: Buffer) => {
      clearTimeout(late);
      socket.pause();
      socket.off("close", gone);
      if (first[0] !== handshakeByte) return turnAway(socket, first.toString("latin1"));
      socket.off("error", ignore);
      socket.unshift(first);
      for (const listener of listeners) listener.call(server, socket);
    });
  });
}

function turnAway(socket: Socket, text: string): void {
  const [, verb, path] = /^(GET|HEAD) (\/[\x21-\x7e]{0,2048}) HTTP\/1\.[01]\r\n/.exec(text) ?? [];
  const host = /\r\nhost: *([a-z0-9.-]+(?::\d{1,5})?|\[[0-9a-f:.]+\](?::\d{1,5})?)\r\n/i.exec(text)?.[1];
  if (verb === undefined || path === undefined || path.startsWith("//") || host === undefined) {
    answerRaw(socket, new HttpProblem(400, "this port speaks HTTPS; use https:// and the same port"), "none");
    return;
  }
  const headers = {
    ...securityHeaders,
    location: `https://${host}${path}`,
    "content-length": "0",
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`${["HTTP/1.1 308 Permanent Redirect", ...lines].join("\r\n")}\r\n\r\n`);
  setTimeout(() => socket.destroy(), limits.httpLingerMs).unref();
}
