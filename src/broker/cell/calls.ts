// Requests to a supervisor that wait for their answer. The number of a call is the broker's; an answer that names none
// that waits is ignored, because its asker may have left.
import { LoricaError } from "../../base/errors.ts";
import { abortError } from "../../base/wait.ts";
import { encodeFrame } from "../../sandbox/sandbox.ts";
import type { ControlReply, ControlRequest } from "../../sandbox/sandbox.ts";

export type Answer = Extract<ControlReply, { readonly call: number }>;

export type Question<T> = {
  readonly request: (call: number) => ControlRequest;
  readonly body?: Uint8Array;
  /** Undefined as long as more is to come. */
  readonly take: (answer: Answer, body: Buffer) => T | undefined;
};

export type Calls = {
  /** An abort is passed on and ends the waiting at once. Throws what the supervisor reports as failed. */
  ask<T>(question: Question<T>, signal: AbortSignal): Promise<T>;
  take(answer: Answer, body: Buffer): void;
  /** Everything that waits fails with this, and so does what is asked later. */
  end(error: LoricaError): void;
  readonly waiting: number;
};

export function createCalls(send: (frame: Buffer) => void): Calls {
  const pending = new Map<number, { readonly take: Calls["take"]; readonly fail: (error: LoricaError) => void }>();
  let lastCall = 0;
  let ended: LoricaError | undefined;

  async function ask<T>(question: Question<T>, signal: AbortSignal): Promise<T> {
    if (ended !== undefined) throw ended;
    if (signal.aborted) throw abortError(signal);
    const call = (lastCall += 1);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onAbort = (): void => {
      send(encodeFrame("control", { kind: "cancel", call } satisfies ControlRequest));
      reject(abortError(signal));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    pending.set(call, {
      fail: reject,
      take(answer, body) {
        if (answer.kind === "failed") return reject(new LoricaError(answer.code, answer.message));
        const result = question.take(answer, body);
        if (result !== undefined) resolve(result);
      },
    });
    send(encodeFrame("control", question.request(call), question.body));
    try {
      return await promise;
    } finally {
      pending.delete(call);
      signal.removeEventListener("abort", onAbort);
    }
  }

  return {
    ask,
    take: (answer, body) => pending.get(answer.call)?.take(answer, body),
    end(error) {
      ended ??= error;
      for (const waiting of pending.values()) waiting.fail(ended);
      pending.clear();
    },
    get waiting() {
      return pending.size;
    },
  };
}
