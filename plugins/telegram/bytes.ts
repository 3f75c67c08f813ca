// Reads a stream to its end, or gives it up where it grows too big.
import { abortError } from "../../src/base/wait.ts";

/** Undefined where there is more than `bytesMax`: the rest is not read. */
export async function readBytes(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  const reader = body.getReader();
  const leave = (): void => void reader.cancel().catch(ignoreLateError);
  signal?.addEventListener("abort", leave, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal?.aborted === true) throw abortError(signal);
      if (done) return Buffer.concat(chunks);
      total += value.length;
      if (total > bytesMax) return undefined;
      chunks.push(value);
    }
  } finally {
    signal?.removeEventListener("abort", leave);
    // Whatever was not read is not wanted any more; on a stream that has ended this does nothing.
    leave();
  }
}

/** For a stream that is given up: that it also fails is no news. */
function ignoreLateError(): void {}
