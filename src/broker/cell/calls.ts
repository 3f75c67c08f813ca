// Requests to a supervisor that wait for their answer. Each gets exactly one, also where its asker has left: only so can a
// frame that nobody asked for be told apart from one that comes late.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { abortError } from "../../base/wait.ts";
import { encodeFrame } from "../../sandbox/sandbox.ts";
import type { ControlReply, ControlRequest } from "../../sandbox/sandbox.ts";

export type Answer = Extract<ControlReply, { readonly call: number }>;

export type Question<T> = {
  readonly request: (call: number) => ControlRequest;
  readonly body?: Uint8Array;
  /** `more` as long as the end is to come; undefined where this is no answer to the question. */
  readonly take: (answer: Answer, body: Buffer) => Taken<T>;
};

export type Taken<T> = { readonly kind: "end"; readonly value: T } | { readonly kind: "more" } | undefined;

export type Calls = {
  /** An abort is passed on and ends the waiting at once. Throws what the supervisor reports as failed. */
  ask<T>(question: Question<T>, signal: AbortSignal): Promise<T>;
  /** False where nobody asked for this. */
  take(answer: Answer, body: Buffer): boolean;
  /** Everything that waits fails with this, and so does what is asked later. */
  end(error: LoricaError): void;
  readonly waiting: number;
};

type Pending = { readonly take: Calls["take"]; readonly fail: (error: LoricaError) => void; overdue?: NodeJS.Timeout };

export function createCalls(link: {
  readonly send: (frame: Buffer) => void;
  readonly breakOff: (reason: string) => void;
}): Calls {
  const pending = new Map<number, Pending>();
  let lastCall = 0;
  let ended: LoricaError | undefined;

  async function ask<T>(question: Question<T>, signal: AbortSignal): Promise<T> {
    if (ended !== undefined) throw ended;
    if (signal.aborted) throw abortError(signal);
    if (pending.size >= limits.cellCallsMax)
      throw new LoricaError("overloaded", `${limits.cellCallsMax} requests wait in this sandbox cell already`);
    const call = (lastCall += 1);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiting: Pending = {
      fail: reject,
      take(answer, body) {
        const taken = answer.kind === "failed" ? undefined : question.take(answer, body);
        if (answer.kind === "failed") reject(new LoricaError(answer.code, answer.message));
        else if (taken === undefined || taken.kind === "more") return taken !== undefined;
        else resolve(taken.value);
        clearTimeout(waiting.overdue);
        return pending.delete(call);
      },
    };
    const onAbort = (): void => {
      link.send(encodeFrame("control", { kind: "cancel", call } satisfies ControlRequest));
      waiting.overdue = setTimeout(
        () => link.breakOff("it did not end what was cancelled"),
        limits.cellCancelTimeoutMs,
      ).unref();
      reject(abortError(signal));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    pending.set(call, waiting);
    link.send(encodeFrame("control", question.request(call), question.body));
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  return {
    ask,
    take: (answer, body) => pending.get(answer.call)?.take(answer, body) ?? false,
    end(error) {
      ended ??= error;
      // What was sent may have been done; what is asked from now on is not.
      const cut = new LoricaError(ended.code, `${ended.message}, while this ran in it`, {
        cause: ended,
        details: { outcome: "unknown" },
      });
      for (const waiting of pending.values()) {
        clearTimeout(waiting.overdue);
        waiting.fail(cut);
      }
      pending.clear();
    },
    get waiting() {
      return pending.size;
    },
  };
}
