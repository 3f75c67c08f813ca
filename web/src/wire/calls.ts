// Calls that wait for their answers. Each gets one: the gateway's, or that it cannot come any more.
import type { ErrorShape, RequestFrame } from "../../../src/protocol/frames.ts";
import { CallFailed } from "./frames.ts";

export type Calls = {
  send(method: string, params: unknown, timeoutMs: number): Promise<unknown>;
  answer(frame: {
    readonly id: string;
    readonly ok: boolean;
    readonly payload?: unknown;
    readonly error?: ErrorShape;
  }): void;
  /** The connection is gone, and every answer with it. */
  lose(): void;
};

type Waiting = {
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
};

export function createCalls(transmit: (frame: string) => boolean): Calls {
  const waiting = new Map<string, Waiting>();
  let lastId = 0;

  function take(id: string): Waiting | undefined {
    const one = waiting.get(id);
    waiting.delete(id);
    clearTimeout(one?.timer);
    return one;
  }

  return {
    send(method, params, timeoutMs) {
      const id = String((lastId += 1));
      if (!transmit(JSON.stringify({ type: "req", id, method, params } satisfies RequestFrame)))
        return Promise.reject(lost());
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const timer = setTimeout(() => take(id)?.reject(lost()), timeoutMs);
      waiting.set(id, { resolve, reject, timer });
      return promise;
    },
    answer({ id, ok, payload, error }) {
      const one = take(id);
      if (ok) one?.resolve(payload);
      else one?.reject(new CallFailed(error?.code ?? "", error?.message ?? "", error));
    },
    lose() {
      for (const id of waiting.keys()) take(id)?.reject(lost());
    },
  };
}

export function lost(): CallFailed {
  return new CallFailed("LOST", "the connection to the gateway was lost");
}
