// One connection from its challenge to its end. It keeps count of what it was sent, and leaves when the gateway has gone
// quiet.
import { createCalls } from "./calls.ts";
import { CallFailed, parseIncoming } from "./frames.ts";
import type { Call, Hello, Incoming } from "./frames.ts";
import { introduce } from "./introduction.ts";
import type { Credential } from "./introduction.ts";
import type { Keep } from "./keep.ts";

export type SocketEvents = {
  opened(hello: Hello): void;
  event(name: string, payload: unknown): void;
  /** Events were missed: what is shown must be read again. */
  gap(): void;
  /** Once, at the end; `refusal` where the gateway did not let it in. */
  closed(refusal: CallFailed | undefined): void;
};

export type OpenSocket = { readonly call: Call; close(): void };

type Challenge = { readonly nonce: string; readonly ts: number };

const helloTimeoutMs = 15_000;
const callTimeoutMs = 30_000;

export function openSocket(
  url: string,
  deps: { readonly keep: Keep; readonly credential: Credential; readonly version: string },
  events: SocketEvents,
): OpenSocket {
  const socket = new WebSocket(url);
  const calls = createCalls((frame) => {
    if (socket.readyState !== WebSocket.OPEN) return false;
    socket.send(frame);
    return true;
  });
  let lastSeq: number | undefined;
  let refusal: CallFailed | undefined;
  let quietAfterMs = helloTimeoutMs;
  let watchdog = setTimeout(leave, quietAfterMs);
  let isOver = false;

  async function begin(challenge: Challenge): Promise<void> {
    try {
      const hello = (await calls.send("connect", await introduce(deps, challenge), helloTimeoutMs)) as Hello;
      quietAfterMs = hello.policy.tickIntervalMs * 2;
      if (hello.auth.deviceToken !== undefined) await deps.keep.saveToken(hello.auth.deviceToken);
      events.opened(hello);
    } catch (cause) {
      refusal = cause instanceof CallFailed ? cause : new CallFailed("BROWSER", String(cause));
      socket.close();
    }
  }

  function receive(frame: Incoming): void {
    if (frame.type === "res") return calls.answer(frame);
    if (frame.event === "connect.challenge") return void begin(frame.payload as Challenge);
    const isNext = frame.seq === undefined || lastSeq === undefined || frame.seq === lastSeq + 1;
    if (frame.seq !== undefined) lastSeq = frame.seq;
    if (!isNext) events.gap();
    events.event(frame.event, frame.payload);
  }

  /** The other side may not even notice any more that we go, so its answer is not waited for. */
  function leave(): void {
    socket.close(4000, "tick timeout");
    end();
  }

  function end(): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(watchdog);
    calls.lose();
    // The refusal of `connect` may reach `begin` only after this event.
    setTimeout(() => events.closed(refusal), 0);
  }

  socket.addEventListener("message", ({ data }) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(leave, quietAfterMs);
    const frame = parseIncoming(data);
    if (frame !== undefined && !isOver) receive(frame);
  });
  socket.addEventListener("close", end);
  return {
    call: (method, params, options) =>
      calls.send(method, params, options?.timeoutMs ?? callTimeoutMs) as Promise<never>,
    close: () => socket.close(1000),
  };
}
