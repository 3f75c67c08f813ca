// Reads the name out of the first bytes of a TLS connection. They come from a cell, so nothing of them is believed: what
// cannot be read to its end is no ClientHello.

export type Hello =
  | { readonly kind: "more" }
  | { readonly kind: "hello"; readonly name: string }
  | { readonly kind: "bad"; readonly reason: string };

const handshakeRecord = 22;
const clientHello = 1;
const serverName = 0;
/** Encrypted ClientHello: the name that the far side goes by would be another one, which nobody here can read. */
const encryptedHello = 0xfe0d;

/**
 * Takes the bytes as they come; after a name or `bad` it wants no more. Each byte is looked at once: it stands in the process
 * that all others wait for, and whoever sends decides into how many records and packets a hello is cut.
 */
export function createHelloReader(maxBytes: number): (chunk: Buffer) => Hello {
  const records = createRecords(maxBytes);
  let total = 0;
  return (chunk) => {
    try {
      total += chunk.length;
      const message = records(chunk);
      if (message !== undefined) return nameOf(message);
      return total >= maxBytes ? bad("its ClientHello is too long") : { kind: "more" };
    } catch (cause) {
      if (cause instanceof Malformed || cause instanceof RangeError) return bad(cause.message);
      throw cause;
    }
  };
}

class Malformed extends Error {}

function bad(reason: string): Hello {
  return { kind: "bad", reason };
}

/** The handshake message, which may be spread over records; undefined while some of it is missing. */
function createRecords(maxBytes: number): (chunk: Buffer) => Buffer | undefined {
  const head = Buffer.alloc(5);
  const message = Buffer.alloc(maxBytes);
  const state = { headBytes: 0, left: 0, held: 0 };
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (state.left === 0) {
        head[state.headBytes++] = chunk.readUInt8(at++);
        if (head[0] !== handshakeRecord) throw new Malformed("only TLS goes through a tunnel");
        if (state.headBytes === head.length) Object.assign(state, { headBytes: 0, left: recordLength(head) });
        continue;
      }
      const taken = Math.min(state.left, chunk.length - at, maxBytes - state.held);
      chunk.copy(message, state.held, at, at + taken);
      state.held += taken;
      state.left -= taken;
      at += taken;
      const whole = wholeMessage(message.subarray(0, state.held));
      if (whole !== undefined) return whole;
      if (state.held === maxBytes) return undefined;
    }
    return undefined;
  };
}

function recordLength(head: Buffer): number {
  const length = head.readUInt16BE(3);
  if (head[1] !== 3 || length === 0 || length > 16_384) throw new Malformed("a malformed TLS record");
  return length;
}

function wholeMessage(message: Buffer): Buffer | undefined {
  if (message.length < 4) return undefined;
  if (message[0] !== clientHello) throw new Malformed("TLS begins with a ClientHello");
  const length = message.readUIntBE(1, 3);
  return message.length < 4 + length ? undefined : message.subarray(4, 4 + length);
}

function nameOf(message: Buffer): Hello {
  const reader = createReader(message);
  reader.take(2 + 32);
  reader.block(1);
  reader.block(2);
  reader.block(1);
  const extensions = createReader(reader.block(2));
  reader.end();
  let name: string | undefined;
  while (extensions.left() > 0) {
    const type = extensions.number(2);
    const body = extensions.block(2);
    if (type === encryptedHello) return bad("an encrypted ClientHello hides which name it is for");
    if (type !== serverName) continue;
    if (name !== undefined) return bad("a ClientHello with two names");
    name = parseServerName(body);
  }
  return name === undefined ? bad("a ClientHello without a server name") : { kind: "hello", name };
}

function parseServerName(body: Buffer): string {
  const outer = createReader(body);
  const list = createReader(outer.block(2));
  outer.end();
  if (list.number(1) !== 0) throw new Malformed("a server name of an unknown kind");
  const name = list.block(2);
  list.end();
  // Byte by byte: what is not ASCII is never equal to a host name.
  return name.toString("latin1").toLowerCase();
}

function createReader(bytes: Buffer) {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new Malformed("a ClientHello that ends early");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const number = (length: number): number => take(length).readUIntBE(0, length);
  return {
    take,
    number,
    /** A block with its length in front. */
    block: (lengthBytes: number): Buffer => take(number(lengthBytes)),
    left: (): number => bytes.length - at,
    end(): void {
      if (at !== bytes.length) throw new Malformed("a ClientHello with something behind its end");
    },
  };
}
