// Clients of a cell's proxy, as small as they come: what is sent is exactly what a test says.
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Sends these bytes and gives everything that comes back until the other side closes, or `until` is in it. */
export async function say(port: number, bytes: string | Buffer, until?: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  const answer = await sayOn(socket, bytes, until);
  socket.destroy();
  return answer;
}

export async function sayOn(socket: Socket, bytes: string | Buffer, until?: string): Promise<string> {
  return await new Promise((resolve) => {
    let text = "";
    const done = (): void => {
      socket.off("data", take);
      resolve(text);
    };
    function take(chunk: Buffer): void {
      text += chunk.toString("latin1");
      if (until !== undefined && text.includes(until)) done();
    }
    socket.on("data", take);
    socket.once("close", done);
    socket.once("error", done);
    socket.write(bytes);
  });
}

export async function openTunnel(port: number, place: string): Promise<{ socket: Socket; head: string }> {
  const socket = connect({ host: "127.0.0.1", port });
  const head = await sayOn(socket, `CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`, "\r\n\r\n");
  return { socket, head };
}

/** The status line's number and phrase, to a request inside the TLS inside a tunnel; or what broke it. */
export async function fetchThrough(
  port: number,
  wanted: {
    readonly place: string;
    readonly name?: string;
    readonly ca: string;
    readonly request?: string;
    readonly socks?: true;
  },
): Promise<string> {
  const [host = ""] = wanted.place.split(":");
  const { socket, head } = await openTunnel(port, wanted.place);
  if (!head.startsWith("HTTP/1.1 200")) {
    socket.destroy();
    return head.split("\r\n")[0] ?? "";
  }
  const secure = connectTls({ socket, servername: wanted.name ?? host, ca: wanted.ca });
  try {
    await once(secure, "secureConnect");
  } catch (error) {
    return `broken: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
  }
  const request = wanted.request ?? `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const answer = await sayOn(secure, request);
  socket.destroy();
  return answer;
}
