// The file worker of a cell, seen from outside: started with the first request, replaced when it died or would not end.
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { abortError } from "../../base/wait.ts";
import { encodeFrame, parseFileAnswer } from "../../sandbox/sandbox.ts";
import type { ControlRequest, FileAnswer, FileRequest } from "../../sandbox/sandbox.ts";

export type FileResult = { readonly answer: FileAnswer; readonly body: Buffer };

type WithoutCall<T> = T extends unknown ? Omit<T, "call"> : never;
export type FileQuestion = WithoutCall<Exclude<FileRequest, { kind: "cancel" }>>;

export type CellFiles = {
  /** Throws the failure that the worker reports, `timeout` when it does not answer, `unavailable` when it died. */
  ask(question: FileQuestion, body: Uint8Array | undefined, signal: AbortSignal): Promise<FileResult>;
  isBusy(): boolean;
  take(head: unknown, body: Buffer): void;
  /** The worker of this generation is dead. False where there was none. */
  gone(generation: number): boolean;
  /** The whole cell is. */
  end(error: LoricaError): void;
};

type Pending = {
  readonly resolve: (result: FileResult) => void;
  readonly reject: (error: LoricaError) => void;
  readonly timer: NodeJS.Timeout;
};

export function createCellFiles(link: {
  readonly send: (frame: Buffer) => void;
  readonly breakOff: (reason: string) => void;
}): CellFiles {
  const pending = new Map<number, Pending>();
  let worker: "none" | "running" | "dying" = "none";
  let generation = 0;
  let lastCall = 0;
  let ended: LoricaError | undefined;
  let death = Promise.withResolvers<void>();
  let idle: NodeJS.Timeout | undefined;

  /** A request that comes while a worker dies waits for that: its frames would go down with it. */
  async function ensureWorker(): Promise<void> {
    if (worker === "running") return;
    if (worker === "dying") {
      await death.promise;
      return ensureWorker();
    }
    generation += 1;
    worker = "running";
    death = Promise.withResolvers();
    sendControl({ kind: "start_files", generation });
  }

  function replaceWorker(): void {
    if (worker !== "running") return;
    worker = "dying";
    sendControl({ kind: "kill_files" });
    const overdue = setTimeout(
      () => link.breakOff("it did not end its file worker"),
      limits.cellCancelTimeoutMs,
    ).unref();
    void death.promise.then(() => clearTimeout(overdue));
  }

  /** Nobody needs it for now: its memory is worth more than the moment that another takes to start. */
  function rest(): void {
    clearTimeout(idle);
    if (pending.size === 0 && ended === undefined) idle = setTimeout(replaceWorker, limits.cellFilesIdleMs).unref();
  }

  async function ask(question: FileQuestion, body: Uint8Array | undefined, signal: AbortSignal): Promise<FileResult> {
    if (pending.size >= limits.cellFileCallsMax)
      throw new LoricaError("overloaded", `${limits.cellFileCallsMax} file requests wait in this cell already`);
    if (worker !== "running") await ensureWorker();
    if (ended !== undefined) throw ended;
    if (signal.aborted) throw abortError(signal);
    clearTimeout(idle);
    const call = (lastCall += 1);
    const { promise, resolve, reject } = Promise.withResolvers<FileResult>();
    const onAbort = (): void => {
      sendFile({ kind: "cancel", call });
      reject(abortError(signal));
    };
    const timer = setTimeout(() => {
      reject(new LoricaError("timeout", `the file tool did not answer within ${limits.cellFileTimeoutMs} ms`));
      replaceWorker();
    }, limits.cellFileTimeoutMs);
    signal.addEventListener("abort", onAbort, { once: true });
    pending.set(call, { resolve, reject, timer });
    sendFile({ call, ...question } as FileRequest, body);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** A request ends with its answer, also where its asker has left: its time limit goes on until then. */
  function settle(call: number): Pending | undefined {
    const waiting = pending.get(call);
    clearTimeout(waiting?.timer);
    if (pending.delete(call)) rest();
    return waiting;
  }

  function sendControl(request: ControlRequest): void {
    link.send(encodeFrame("control", request));
  }

  function sendFile(request: FileRequest, body?: Uint8Array): void {
    link.send(encodeFrame("file", request, body));
  }

  function failAll(error: LoricaError): void {
    for (const waiting of pending.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(error);
    }
    pending.clear();
  }

  return {
    ask,
    isBusy: () => pending.size > 0,
    take(head, body) {
      const answer = parseFileAnswer(head);
      if (!answer.ok) return link.breakOff(answer.reason);
      const waiting = settle(answer.value.call);
      if (waiting === undefined) return link.breakOff("an answer about files that nobody asked for");
      if (answer.value.kind === "failed") waiting.reject(new LoricaError(answer.value.code, answer.value.message));
      // A copy: the frame's buffer is the pipe's, and an answer may be kept.
      else waiting.resolve({ answer: answer.value, body: Buffer.from(body) });
    },
    gone(dead) {
      if (dead !== generation || worker === "none") return false;
      worker = "none";
      failAll(new LoricaError("unavailable", "the file worker of this cell died; try again"));
      death.resolve();
      return true;
    },
    end(error) {
      ended = error;
      clearTimeout(idle);
      worker = "none";
      failAll(error);
      death.resolve();
    },
  };
}
