// The link: calls, bodies, cancelling, and what hostile bytes can do to the side that reads them.
import assert from "node:assert/strict";
import { Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { createLink } from "../../src/broker/link/link.ts";
import type { Link, LinkHandler } from "../../src/broker/link/link.ts";
import { encodeHead, frameTypes } from "../../src/broker/link/frame.ts";

type Pair = { readonly gateway: Link; readonly broker: Link; readonly notes: unknown[]; readonly bugs: unknown[] };

const refuse: LinkHandler = async () => {
  throw new LoricaError("not_found", "no such method");
};

function pair(handle: LinkHandler): Pair {
  const [left, right] = duplexPair();
  // A real socket tells its other end that it is gone; these two do not.
  left.on("close", () => right.destroy());
  right.on("close", () => left.destroy());
  const notes: unknown[] = [];
  const bugs: unknown[] = [];
  const common = {
    onNote: (name: string, params: unknown) => notes.push([name, params]),
    onInternalError: (error: unknown) => bugs.push(error),
  };
  return {
    gateway: createLink({ ...common, stream: left, side: "gateway", handle: refuse }),
    broker: createLink({ ...common, stream: right, side: "broker", handle }),
    notes,
    bugs,
  };
}

async function* pieces(total: number, size: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < total; sent += size) yield Buffer.alloc(Math.min(size, total - sent), sent / size);
}

async function collect(body: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  assert.ok(body !== undefined);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const never = new AbortController().signal;

test("calls go both ways and their answers find them, in whatever order they come", async () => {
  const { gateway, broker } = pair(async ({ method, params }) => {
    if (method === "slow") await new Promise((done) => setImmediate(done));
    return { result: { method, params } };
  });
  const answers = await Promise.all([
    gateway.call({ method: "slow", params: 1 }, never),
    gateway.call({ method: "quick", params: [2] }, never),
  ]);
  assert.deepEqual(answers, [
    { result: { method: "slow", params: 1 }, body: undefined },
    { result: { method: "quick", params: [2] }, body: undefined },
  ]);
  await assert.rejects(broker.call({ method: "x", params: null }, never), { code: "not_found" });
  gateway.close("test");
});

test("notes are heard in the order in which things were said, and without anything said after them", async () => {
  const { gateway, notes } = pair(async () => ({ result: notes.length }));
  const said = Array.from({ length: 200 }, (_, at) => ["n", at]);
  for (const [, at] of said.slice(0, 3)) gateway.note("n", at);
  assert.deepEqual(await gateway.call({ method: "count", params: null }, never), { result: 3, body: undefined });
  for (const [, at] of said.slice(3)) gateway.note("n", at);
  while (notes.length < 200) await new Promise((done) => setImmediate(done));
  assert.deepEqual(notes, said);
});

test("a body larger than its window crosses whole in both directions", async () => {
  const total = limits.linkWindowBytes * 5 + 17;
  const { gateway } = pair(async ({ body }) => {
    const got = await collect(body);
    return { result: got.length, body: pieces(got.length, 100_003) };
  });
  const answer = await gateway.call({ method: "echo", params: null, body: pieces(total, 70_001) }, never);
  assert.equal(answer.result, total);
  assert.deepEqual(await collect(answer.body), await collect(pieces(total, 100_003)));
  gateway.close("test");
});

test("a sender stops at the window while nobody reads, and stops for good when the reader leaves", async () => {
  let sent = 0;
  const done = Promise.withResolvers<void>();
  const { gateway } = pair(async (_request, signal) => ({
    result: null,
    body: (async function* () {
      try {
        for (;;) {
          sent += 10_000;
          yield Buffer.alloc(10_000);
        }
      } finally {
        assert.equal(signal.aborted, true);
        done.resolve();
      }
    })(),
  }));
  const answer = await gateway.call({ method: "endless", params: null }, never);
  for (let turn = 0; turn < 50; turn++) await new Promise((next) => setImmediate(next));
  assert.ok(sent <= limits.linkWindowBytes + 10_000, `${sent} bytes were sent ahead`);
  await answer.body?.cancel();
  await done.promise;
  gateway.close("test");
});

test("whoever cancels is told at once, and so is the side that works on it", async () => {
  const started = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<string>();
  const { gateway } = pair(async (_request, signal) => {
    signal.addEventListener("abort", () => seen.resolve((signal.reason as LoricaError).message));
    started.resolve();
    return await new Promise(() => undefined);
  });
  const leave = new AbortController();
  const call = gateway.call({ method: "wait", params: null }, leave.signal);
  await started.promise;
  leave.abort();
  await assert.rejects(call, { code: "cancelled" });
  assert.equal(await seen.promise, "the caller left");
  gateway.close("test");
});

test("an error crosses with its code; of a bug only an id does", async () => {
  const { gateway, bugs } = pair(async ({ method }) => {
    if (method === "bug") throw new TypeError("secret detail");
    throw new LoricaError("overloaded", "full", { details: { room: 0 }, retryAfterMs: 7 });
  });
  await assert.rejects(gateway.call({ method: "full", params: null }, never), {
    code: "overloaded",
    message: "full",
    details: { room: 0 },
    retryAfterMs: 7,
  });
  await assert.rejects(gateway.call({ method: "bug", params: null }, never), (error: LoricaError) => {
    assert.equal(error.code, "internal");
    assert.doesNotMatch(error.message, /secret detail/);
    return true;
  });
  assert.equal(bugs.length, 1);
  gateway.close("test");
});

test("a body that breaks off reaches its reader as an error", async () => {
  const { gateway } = pair(async () => ({
    result: 1,
    body: (async function* () {
      yield Buffer.from("part");
      throw new LoricaError("upstream", "the provider closed the connection");
    })(),
  }));
  const answer = await gateway.call({ method: "x", params: null }, never);
  await assert.rejects(collect(answer.body), { code: "upstream" });
  gateway.close("test");
});

test("when the link ends, every waiting call says so and later ones are refused", async () => {
  const { gateway, broker } = pair(async () => await new Promise(() => undefined));
  const waiting = gateway.call({ method: "x", params: null }, never);
  broker.close("test");
  await assert.rejects(waiting, { code: "unavailable" });
  await assert.rejects(gateway.call({ method: "x", params: null }, never), { code: "unavailable" });
  assert.equal(gateway.closed.aborted, true);
});

test("what is too large for a frame is refused where it is made, and the link lives on", async () => {
  const { gateway } = pair(async () => ({ result: "ok" }));
  const params = "x".repeat(limits.linkFrameMaxBytes);
  await assert.rejects(gateway.call({ method: "x", params }, never), { code: "too_large" });
  assert.equal((await gateway.call({ method: "x", params: null }, never)).result, "ok");
  gateway.close("test");
});

/** A broker whose other side is raw bytes. */
function victim(handle: LinkHandler = async () => ({ result: null })): { readonly raw: Duplex; readonly link: Link } {
  const [raw, right] = duplexPair();
  raw.on("error", () => undefined);
  raw.resume();
  const link = createLink({
    stream: right,
    side: "broker",
    handle,
    onNote: () => undefined,
    onInternalError: () => undefined,
  });
  return { raw, link };
}

async function reasonAfter(bytes: Buffer): Promise<string> {
  const { raw, link } = victim(async () => await new Promise(() => undefined));
  raw.write(bytes);
  for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next));
  return link.closed.aborted ? String(link.closed.reason.message).replace(/^.*ended: /, "") : "open";
}

function frame(type: keyof typeof frameTypes, id: number, payload: string | Buffer = ""): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([encodeHead(type, id, bytes.length), bytes]);
}

const call = JSON.stringify({ method: "x", params: null, body: false });
const upload = JSON.stringify({ method: "x", params: null, body: true });

test("each broken rule ends the link with its reason", async () => {
  const cases: readonly (readonly [Buffer, string])[] = [
    [Buffer.from("GET / HTTP/1.1\r\n\r\n"), "a frame of unknown type 47"],
    [Buffer.from([0, 0, 0, 1, 7, 0, 0, 0, 1]), "a frame that is shorter than its own head"],
    [encodeHead("call", 1, limits.linkFrameMaxBytes + 1), `a call frame of ${limits.linkFrameMaxBytes + 1} bytes`],
    [encodeHead("data", 1, limits.linkChunkBytes + 1), `a data frame of ${limits.linkChunkBytes + 1} bytes`],
    [frame("credit", 1), "a credit frame without a number"],
    [frame("call", 2, call), "a call with the id 2, which is not the caller's to give"],
    [frame("call", 1, "[1]"), "a call that is not a JSON object"],
    [frame("call", 1, "{"), "a call that is not a JSON object"],
    [frame("call", 1, '{"method":1}'), "a call without a method"],
    [Buffer.concat([frame("call", 1, call), frame("call", 1, call)]), "a second call with the id 1"],
    [frame("note", 0, "{}"), "a note without a name"],
    [Buffer.concat([frame("call", 1, call), frame("data", 1, "x")]), "more data than there is room for"],
    [Buffer.concat([frame("call", 1, call), frame("end", 1)]), "the end of a body that never began"],
    [Buffer.concat([frame("call", 1, call), frame("result", 1, "{}")]), "an answer by the side that called"],
    [
      Buffer.concat([frame("call", 1, call), frame("credit", 1, Buffer.from([0, 0, 0, 1]))]),
      "credit for bytes that were never sent",
    ],
    [
      Buffer.concat([
        frame("call", 1, upload),
        ...Array.from({ length: 5 }, () => frame("data", 1, Buffer.alloc(limits.linkChunkBytes))),
      ]),
      "more data than there is room for",
    ],
    // Late frames of a call that is over belong to nobody.
    [Buffer.concat([frame("data", 9, "x"), frame("cancel", 11), frame("result", 4, "{}")]), "open"],
  ];
  for (const [bytes, reason] of cases) assert.equal(await reasonAfter(bytes), reason);
});

test("no bytes make the reading side throw, and calls beyond the bound are refused", async () => {
  const types = Object.keys(frameTypes) as (keyof typeof frameTypes)[];
  const anyFrame = fc
    .tuple(
      fc.constantFrom(...types),
      fc.integer({ min: 0, max: 6 }),
      fc.oneof(fc.json(), fc.string(), fc.constant(upload)),
    )
    .map(([type, id, text]) => frame(type, id, text));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array)),
    fc.array(anyFrame, { maxLength: 12 }).map((frames) => Buffer.concat(frames)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 40 }), async (data, cut) => {
      const { raw, link } = victim();
      for (let at = 0; at < data.length && !link.closed.aborted; at += cut) raw.write(data.subarray(at, at + cut));
      await new Promise((next) => setImmediate(next));
      link.close("test");
    }),
    { numRuns: 300 },
  );
  const { raw, link } = victim(async () => await new Promise(() => undefined));
  const answers: Buffer[] = [];
  raw.on("data", (chunk: Buffer) => answers.push(chunk));
  for (let id = 1; id <= limits.linkCallsMax * 2 + 1; id += 2) raw.write(frame("call", id, call));
  for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next));
  assert.match(Buffer.concat(answers).toString(), /"code":"overloaded"/);
  assert.equal(link.closed.aborted, false);
  link.close("test");
});

test("calls that hold too much together are refused until one of them is over", async () => {
  let finishAll = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    finishAll = resolve;
  });
  const { gateway, broker } = pair(async ({ method }) => {
    if (method === "large") await waiting;
    return { result: method };
  });
  const large = { method: "large", params: "x".repeat(limits.linkFrameMaxBytes / 2) };
  const breathe = async (): Promise<void> => await new Promise((next) => setImmediate(next));
  const open: Promise<unknown>[] = [];
  // One below the bound: each is a little larger than what it carries.
  for (let held = large.params.length; held < limits.linkCallsMaxBytes; held += large.params.length) {
    open.push(gateway.call(large, never));
    await breathe();
  }
  await assert.rejects(gateway.call(large, never), { code: "overloaded" });
  assert.equal((await gateway.call({ method: "small", params: null }, never)).result, "small");
  finishAll();
  await Promise.all(open);
  assert.equal((await gateway.call(large, never)).result, "large");
  broker.close("test");
});
