// Whether a gateway answers: the connection is made, the first word heard, and nothing said.
import { LoricaError } from "../base/errors.ts";
import { unlessAborted } from "../base/wait.ts";
import { parseFrame } from "../protocol/frames.ts";
import { openWebSocket } from "./web-socket.ts";
import type { WebSocketOptions } from "./web-socket.ts";

export async function probeGateway(options: WebSocketOptions, signal: AbortSignal): Promise<void> {
  const challenged = Promise.withResolvers<void>();
  challenged.promise.catch(() => undefined);
  const carrier = await openWebSocket(
    options,
    {
      frame(text) {
        const frame = parseFrame(text);
        const isChallenge = frame.ok && frame.value.type === "event" && frame.value.event === "connect.challenge";
        if (isChallenge) challenged.resolve();
        else challenged.reject(new LoricaError("upstream", "something answers there, but it is no gateway"));
      },
      lost: challenged.reject,
    },
    signal,
  );
  try {
    await unlessAborted(challenged.promise, signal);
  } finally {
    carrier.end(1000, "probe");
  }
}
