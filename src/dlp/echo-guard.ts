// A far side that repeats the credential it was sent must not hand it on: the value is blanked out of a byte stream as
// it passes, also where it falls between two pieces, and nothing else is held back.

export type EchoGuard = {
  /** What may go on now. The last bytes stay back only while they could be the beginning of the value. */
  push(chunk: Uint8Array): Uint8Array;
  /** What stayed back, once no more comes. */
  end(): Uint8Array;
};

export function createEchoGuard(value: string): EchoGuard {
  const secret = Buffer.from(value);
  let held: Uint8Array = Buffer.alloc(0);
  if (secret.length === 0) return { push: (chunk) => chunk, end: () => held };
  return {
    push(chunk) {
      const bytes = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
      for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, at + secret.length))
        bytes.fill("*", at, at + secret.length);
      const keep = beginningAtEnd(bytes, secret);
      held = bytes.subarray(bytes.length - keep);
      return bytes.subarray(0, bytes.length - keep);
    },
    end() {
      const rest = held;
      held = Buffer.alloc(0);
      return rest;
    },
  };
}

/** How many of the last bytes are a beginning of the secret. */
function beginningAtEnd(bytes: Buffer, secret: Buffer): number {
  for (let length = Math.min(bytes.length, secret.length - 1); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))) return length;
  }
  return 0;
}
