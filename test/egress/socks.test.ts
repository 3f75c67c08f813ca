// SOCKS5 as it comes out of a cell: what is read of it does not depend on how it is cut, and nothing but a name is taken.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readGreeting, readRequest } from "../../src/egress/proxy/socks.ts";
import type { Socks } from "../../src/egress/proxy/socks.ts";

const bytes = fc.uint8Array({ maxLength: 300 }).map((some) => Buffer.from(some));
const host = fc.string({ unit: "binary-ascii", maxLength: 255 });
const port = fc.integer({ min: 0, max: 65_535 });

function requestFor(name: string, at: number): Buffer {
  const text = Buffer.from(name, "latin1");
  return Buffer.concat([Buffer.from([5, 1, 0, 3, text.length]), text, Buffer.from([at >> 8, at & 255])]);
}

/** The answer once there is one, which what comes behind must not change. */
function readAsItComes(read: (bytes: Buffer) => Socks, all: Buffer): { readonly at: number; readonly step: Socks } {
  for (let at = 0; at <= all.length; at++) {
    const step = read(all.subarray(0, at));
    if (step.kind !== "more") return { at, step };
  }
  return { at: all.length, step: { kind: "more" } };
}

test("a request for a name is read whole and as it comes, and takes no byte more", () => {
  fc.assert(
    fc.property(host, port, bytes, (name, at, rest) => {
      const request = requestFor(name, at);
      const wanted = { kind: "connect", host: name, port: at, used: request.length };
      assert.deepEqual(readRequest(Buffer.concat([request, rest])), wanted);
      assert.deepEqual(readAsItComes(readRequest, request), { at: request.length, step: wanted });
    }),
  );
});

test("whatever comes is an answer or more, the same however it is cut, and never an exception", () => {
  const begun = bytes.map((some) => Buffer.concat([Buffer.from([5, 1, 0]), some]));
  fc.assert(
    fc.property(fc.oneof(bytes, begun), (all) => {
      for (const read of [readGreeting, readRequest]) {
        const { step } = readAsItComes(read, all);
        if (step.kind !== "more") assert.deepEqual(read(all), step);
        if ("used" in step) assert.ok(step.used <= all.length);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("listening, UDP and addresses are refused, whatever follows", () => {
  for (const [command, kind] of [
    [2, 3],
    [3, 3],
    [0, 3],
    [1, 1],
    [1, 4],
    [1, 0],
  ] as const)
    fc.assert(
      fc.property(bytes, (rest) => {
        const all = Buffer.concat([Buffer.from([5, command, 0, kind]), rest]);
        assert.equal(readRequest(all).kind, all.length < 5 ? "more" : "refused");
      }),
      { numRuns: 50 },
    );
});
