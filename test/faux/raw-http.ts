// Sends bytes to a port and reads until the far side closes: for requests that no client library would make.
import { connect } from "node:net";

export type RawOptions = {
  /** Each further piece is sent this long after the one before. */
  readonly more?: readonly (string | Uint8Array)[];
  readonly everyMs?: number;
  /** For connections that may stay open: what has come by then is the answer, `unanswered` if nothing has. */
  readonly giveUpMs?: number;
};

export function requestRaw(port: number, first: string | Uint8Array, options: RawOptions = {}): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1");
  const chunks: Uint8Array[] = [];
  const rest = [...(options.more ?? [])];
  socket.write(first);
  const timer = setInterval(() => {
    const next = rest.shift();
    if (next === undefined) clearInterval(timer);
    else if (socket.writable) socket.write(next);
  }, options.everyMs ?? 5);
  socket.on("data", (chunk) => chunks.push(chunk));
  // A reset is one way of being refused.
  socket.on("error", () => undefined);
  const giveUp = setTimeout(() => {
    if (chunks.length === 0) chunks.push(Buffer.from("unanswered"));
    socket.destroy();
  }, options.giveUpMs ?? 20_000);
  socket.on("close", () => {
    clearInterval(timer);
    clearTimeout(giveUp);
    resolve(Buffer.concat(chunks).toString("latin1"));
  });
  return promise;
}
