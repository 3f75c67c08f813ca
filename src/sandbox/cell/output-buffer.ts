// What a background process printed since somebody last looked: bounded, and it is the oldest that goes.

export type OutputBuffer = {
  add(chunk: Buffer): void;
  readonly bytes: number;
  /** Hands over what there is and forgets it. */
  take(): { readonly output: Buffer; readonly droppedBytes: number };
};

export function createOutputBuffer(bytesMax: number): OutputBuffer {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let droppedBytes = 0;

  function drop(excess: number): void {
    const first = chunks[0];
    if (first === undefined || excess <= 0) return;
    const cut = Math.min(first.length, excess);
    if (cut === first.length) chunks.shift();
    // A copy, so that a sliver does not keep the whole chunk alive.
    else chunks[0] = Buffer.from(first.subarray(cut));
    bytes -= cut;
    droppedBytes += cut;
    drop(excess - cut);
  }

  return {
    add(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      drop(bytes - bytesMax);
    },
    get bytes() {
      return bytes;
    },
    take() {
      const taken = { output: Buffer.concat(chunks, bytes), droppedBytes };
      chunks = [];
      bytes = 0;
      droppedBytes = 0;
      return taken;
    },
  };
}
