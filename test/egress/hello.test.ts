import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { createHelloReader } from "../../src/egress/proxy/hello.ts";
import type { Hello } from "../../src/egress/proxy/hello.ts";

/** What Node's own TLS sends first. */
async function realHello(servername: string): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connectTls({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, servername });
  client.on("error", () => undefined);
  const [socket] = (await once(server, "connection")) as [ReturnType<typeof connect>];
  const [bytes] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

function readHello(bytes: Buffer, maxBytes: number): Hello {
  return createHelloReader(maxBytes)(bytes);
}

const name = "example.com";
let hello: Buffer;
before(async () => {
  hello = await realHello(name);
});
const found = { kind: "hello", name };

test("the name is read from a real ClientHello, whole or as it comes", () => {
  assert.deepEqual(readHello(hello, 32_768), found);
  for (let length = 0; length < hello.length; length++)
    assert.deepEqual(readHello(hello.subarray(0, length), 32_768), { kind: "more" }, String(length));
});

test("a ClientHello that is spread over records is put together", () => {
  const body = hello.subarray(5);
  for (const size of [1, 3, 4, 5, 100]) {
    const records: Buffer[] = [];
    for (let at = 0; at < body.length; at += size) {
      const part = body.subarray(at, at + size);
      records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
    }
    assert.deepEqual(readHello(Buffer.concat(records), 32_768), found, String(size));
  }
});

test("whatever comes is a name, more or bad, and never an exception", () => {
  const mutated = fc.tuple(fc.nat(hello.length - 1), fc.nat(255), fc.nat(hello.length)).map(([at, byte, length]) => {
    const bytes = Buffer.from(hello);
    bytes[at] = byte;
    return bytes.subarray(0, length);
  });
  fc.assert(
    fc.property(
      fc.oneof(
        mutated,
        fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        assert(["more", "hello", "bad"].includes(readHello(bytes, 32_768).kind));
      },
    ),
    { numRuns: 5_000 },
  );
});

test("a ClientHello without a name, with another kind of record, or without an end is bad", async () => {
  const nameless = await realHello("");
  for (const bytes of [
    nameless,
    Buffer.from("GET / HTTP/1.1\r\n"),
    Buffer.from([0x80, 0x2e, 1]),
    Buffer.from([22, 2, 0, 0, 5]),
  ])
    assert.equal(readHello(bytes, 32_768).kind, "bad");
  assert.equal(readHello(hello.subarray(0, 50), 50).kind, "bad");
});

test("a ClientHello that says its name encrypted is bad", () => {
  const at = hello.indexOf(Buffer.from([0, 0, 0, name.length + 5]));
  assert(at > 0);
  // Another extension of it takes the number of the encrypted one.
  const bytes = Buffer.from(hello);
  const next = at + 4 + name.length + 5;
  bytes.writeUInt16BE(0xfe0d, next);
  assert.deepEqual(readHello(bytes, 32_768).kind, "bad");
});

/** One byte of a hello in each record. */
function inSmallRecords(message: Buffer): Buffer {
  return Buffer.concat([...message].map((byte) => Buffer.from([22, 3, 1, 0, 1, byte])));
}

test("however a hello is cut into packets, the same is read", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), fc.boolean(), (sizes, isSmall) => {
      const bytes = isSmall ? inSmallRecords(hello.subarray(5)) : hello;
      const read = createHelloReader(32_768);
      const answers: Hello[] = [];
      for (let at = 0, step = 0; at < bytes.length && answers.at(-1)?.kind !== "hello"; step++) {
        const size = sizes[step % sizes.length] ?? 1;
        answers.push(read(bytes.subarray(at, at + size)));
        at += size;
      }
      assert.deepEqual(answers.pop(), found);
      assert.ok(answers.every(({ kind }) => kind === "more"));
    }),
    { numRuns: 100 },
  );
});

test("ADV-022 a hello of thousands of records that comes byte by byte costs what its bytes cost", () => {
  // It begins as one that is longer than fits.
  const bytes = inSmallRecords(Buffer.concat([Buffer.from([1, 0, 0x7f, 0]), Buffer.alloc(5_457)])).subarray(0, 32_767);
  // Joined anew with each byte, a single one of these would take an hour of the broker's only thread.
  for (let time = 0; time < 20; time++) {
    const read = createHelloReader(32_768);
    for (let at = 0; at < bytes.length; at++) assert.equal(read(bytes.subarray(at, at + 1)).kind, "more");
    assert.equal(read(Buffer.from([0])).kind, "bad");
  }
});
