// A body that crosses the link in pieces. Whoever receives says how many bytes it has room for; the sender waits.
import { limits } from "../../base/limits.ts";

export type IncomingBody = {
  readonly stream: ReadableStream<Uint8Array>;
  /** False where the sender ignored its window. */
  push(chunk: Buffer): boolean;
  end(): void;
  fail(error: Error): void;
};

/** `onRead` learns how many bytes were taken out, `onCancel` that nobody will read the rest. */
export function createIncomingBody(onRead: (bytes: number) => void, onCancel: () => void): IncomingBody {
  const queue: Buffer[] = [];
  const body: { bytes: number; state: "open" | "ended" | "done"; failure?: Error; wake?: () => void } = {
    bytes: 0,
    state: "open",
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        while (queue.length === 0 && body.state === "open" && body.failure === undefined) {
          const { promise, resolve } = Promise.withResolvers<void>();
          body.wake = resolve;
          await promise;
        }
        const chunk = queue.shift();
        if (chunk !== undefined) {
          body.bytes -= chunk.length;
          controller.enqueue(chunk);
          onRead(chunk.length);
        } else if (body.failure !== undefined) controller.error(body.failure);
        else if (body.state === "ended") {
          body.state = "done";
          controller.close();
        }
      },
      cancel() {
        body.state = "done";
        queue.length = 0;
        body.wake?.();
        onCancel();
      },
    },
    // Nothing is taken off the queue before somebody reads, so that the window is the only buffer.
    { highWaterMark: 0 },
  );
  return {
    stream,
    push(chunk) {
      if (body.state === "done") return true;
      if (body.state === "ended" || body.bytes + chunk.length > limits.linkWindowBytes) return false;
      // The decoder's buffer is shared with other frames; a copy lets the large one go.
      queue.push(Buffer.from(chunk));
      body.bytes += chunk.length;
      body.wake?.();
      return true;
    },
    end() {
      if (body.state === "open") body.state = "ended";
      body.wake?.();
    },
    fail(error) {
      body.failure ??= error;
      body.wake?.();
    },
  };
}

/** How many bytes may still be sent. */
export type Window = {
  /** Waits until at least one byte may go; answers how many of `wanted`, and 0 once the window is closed. */
  take(wanted: number): Promise<number>;
  /** False where the other side claims to have read more than was ever sent. */
  add(bytes: number): boolean;
  close(): void;
};

export function createWindow(): Window {
  const window: { free: number; isClosed: boolean; wake?: () => void } = {
    free: limits.linkWindowBytes,
    isClosed: false,
  };
  return {
    async take(wanted) {
      while (window.free === 0 && !window.isClosed) {
        const { promise, resolve } = Promise.withResolvers<void>();
        window.wake = resolve;
        await promise;
      }
      if (window.isClosed) return 0;
      const taken = Math.min(wanted, window.free);
      window.free -= taken;
      return taken;
    },
    add(bytes) {
      window.free += bytes;
      window.wake?.();
      return window.free <= limits.linkWindowBytes;
    },
    close() {
      window.isClosed = true;
      window.wake?.();
    },
  };
}
