// Values in pieces: over a stream, over the chunks of a body, over messages.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../src/base/limits.ts";
import { createGuardedText } from "../../src/dlp/dlp.ts";
import { createKnownValues } from "../../src/dlp/known/known.ts";
import { guardBody } from "../../src/dlp/body-guard.ts";
import { createTestInspector } from "../faux/dlp/inspector.ts";

const { signal } = new AbortController();
const about = { agentId: "main", sessionKey: "s" } as const;

const base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** As a maker's key generator writes them: letters of both cases and digits in no order. */
const value = fc
  .array(fc.integer({ min: 0, max: 61 }), { minLength: 24, maxLength: 64 })
  .map((numbers) => numbers.map((number, at) => (at % 4 === 0 ? String(number % 10) : base62[number])).join(""))
  .filter((text) => !/(.{6}).*\1/.test(text));

const words = fc.stringMatching(/^[a-z ,.]{0,60}$/);

function cut(text: string, sizes: readonly number[]): readonly string[] {
  const pieces: string[] = [];
  let at = 0;
  for (let step = 0; at < text.length; step++) {
    const size = sizes[step % sizes.length] ?? 1;
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

test("DLP-005 INJ-016 INJ-022 a value that is sent over several messages is stopped before it is complete, however it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(value, sizes, async (secret, cuts) => {
      const inspector = createTestInspector([secret]);
      let got = "";
      for (const piece of cut(secret, cuts)) {
        const { verdict } = await inspector.inspect({ point: "reply", ...about, to: "x", texts: [piece] }, signal);
        if (verdict !== "pass") return;
        got += piece;
      }
      assert.fail(`all of it left: ${got}`);
    }),
    { numRuns: 150 },
  );
});

test("DLP-005 INJ-016 pieces with other words around them, in any order, are put together", async () => {
  await fc.assert(
    fc.asyncProperty(value, words, fc.boolean(), async (secret, around, backwards) => {
      const inspector = createTestInspector([secret]);
      const pieces = cut(secret, [8]).filter((piece) => piece.length >= 6);
      const sent = backwards ? pieces.toReversed() : pieces;
      const verdicts: string[] = [];
      for (const piece of sent) {
        const texts = [`${around} #${piece}# ${around}`];
        verdicts.push((await inspector.inspect({ point: "reply", ...about, to: "x", texts }, signal)).verdict);
        if (verdicts.at(-1) === "block") break;
      }
      assert.ok(verdicts.includes("block"), JSON.stringify({ secret, verdicts }));
    }),
    { numRuns: 100 },
  );
  // To different people each piece is all that they get.
  const inspector = createTestInspector(["aZ3kP9qL0vT5xW8mR2nY7bD4"]);
  for (const [at, piece] of cut("aZ3kP9qL0vT5xW8mR2nY7bD4", [8]).entries()) {
    const { verdict } = await inspector.inspect({ point: "reply", ...about, to: `to ${at}`, texts: [piece] }, signal);
    assert.equal(verdict, "pass");
  }
});

test("what streams is the text without its secrets, however it comes, and all of it", async () => {
  await fc.assert(
    fc.asyncProperty(value, words, words, sizes, async (secret, before, after, cuts) => {
      const inspector = createTestInspector([secret]);
      const shown: string[] = [];
      const guarded = createGuardedText(
        (question) => inspector.inspectStream({ ...about, ...question }, signal),
        (delta) => void shown.push(delta),
      );
      for (const piece of cut(`${before} ${secret} ${after}`, cuts)) {
        guarded.push(piece);
        // Pieces come while the one before is being judged, or after.
        if (piece.length % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
        assert.ok(!shown.join("").includes(secret.slice(0, 8)));
      }
      await guarded.end();
      assert.equal(shown.join(""), `${before} [redacted] ${after}`);
    }),
    { numRuns: 150 },
  );
});

test("a stream without secrets arrives as it was written, and soon", async () => {
  const inspector = createTestInspector(["aZ3kP9qL0vT5xW8mR2nY7bD4"]);
  const text = "Here is what I found: three files were changed, and all of them are tested.\n".repeat(40);
  let shown = "";
  let behindMax = 0;
  const guarded = createGuardedText(
    (question) => inspector.inspectStream({ ...about, ...question }, signal),
    (delta) => {
      shown += delta;
    },
  );
  for (const [at, word] of text.split(/(?<= )/).entries()) {
    guarded.push(word);
    await new Promise((resolve) => setImmediate(resolve));
    if (at > 10)
      behindMax = Math.max(
        behindMax,
        text
          .split(/(?<= )/)
          .slice(0, at + 1)
          .join("").length - shown.length,
      );
  }
  await guarded.end();
  assert.equal(shown, text);
  assert.ok(behindMax <= 64, `${behindMax} characters behind`);
});

test("a disguised value ends a stream: nothing of it and nothing after it is shown", async () => {
  const secret = "aZ3kP9qL0vT5xW8mR2nY7bD4";
  const inspector = createTestInspector([secret]);
  const shown: string[] = [];
  const guarded = createGuardedText(
    (question) => inspector.inspectStream({ ...about, ...question }, signal),
    (delta) => void shown.push(delta),
  );
  for (const piece of cut(`It begins well enough, and then: ${Buffer.from(secret).toString("hex")} and goes on.`, [7]))
    guarded.push(piece);
  await guarded.end();
  assert.ok("It begins well enough, and then: ".startsWith(shown.join("").trimEnd()), shown.join(""));
});

test("DLP-001 a body that passes in chunks loses its secrets and nothing else: the same length, and JSON stays JSON", async () => {
  await fc.assert(
    fc.asyncProperty(value, fc.string({ unit: "binary", maxLength: 200 }), sizes, async (secret, noise, cuts) => {
      const body = Buffer.from(JSON.stringify({ a: `${noise}\n${secret}`, b: [secret, noise], c: `\\${secret}` }));
      const chunks = cut(
        body.toString("latin1"),
        cuts.map((size) => size * 20),
      ).map((piece) => Buffer.from(piece, "latin1"));
      let found = 0;
      const known = createKnownValues(() => [secret]);
      const judge = { known, onFound: () => void (found += 1), blockBytes: (cuts[0] ?? 1) * 20 };
      const out: Uint8Array[] = [];
      for await (const chunk of guardBody(ReadableStream.from(chunks), judge)) out.push(chunk);
      const text = Buffer.concat(out);
      assert.equal(text.length, body.length);
      assert.ok(found > 0);
      assert.ok(!text.includes(secret));
      const { a, b } = JSON.parse(text.toString("utf8")) as { a: string; b: string[] };
      assert.equal(b[1], noise);
      assert.ok(a.startsWith(noise));
    }),
    { numRuns: 150 },
  );
});

test("an answer that is redacted stays what it was around the secret, and a call's input stays JSON", async () => {
  await fc.assert(
    fc.asyncProperty(value, fc.json(), async (secret, json) => {
      const inspector = createTestInspector([secret]);
      const text = JSON.stringify({ json, command: `echo ${secret}` });
      const { verdict, texts } = await inspector.inspect({ point: "call", ...about, texts: [text] }, signal);
      assert.equal(verdict, "block");
      assert.deepEqual(JSON.parse(texts[0] ?? ""), { json, command: "echo [redacted]" });
    }),
    { numRuns: 150 },
  );
});

test("a text that comes all at once is asked about in parts, and what lies between two of them is found", async () => {
  const secret = "aZ3kP9qL0vT5xW8mR2nY7bD4";
  const inspector = createTestInspector([secret]);
  const filler = "word ".repeat(limits.dlpStreamAskMaxChars / 5);
  for (const before of [-30, -12, 0, 12]) {
    const start = filler.slice(0, limits.dlpStreamAskMaxChars + before);
    let shown = "";
    let longest = 0;
    const guarded = createGuardedText(
      (question) => {
        longest = Math.max(longest, question.text.length);
        return inspector.inspectStream({ ...about, ...question }, signal);
      },
      (delta) => {
        shown += delta;
      },
    );
    guarded.push(`${start} ${secret} ${filler}`);
    await guarded.end();
    assert.deepEqual([longest, shown], [limits.dlpStreamAskMaxChars, `${start} [redacted] ${filler}`]);
  }
});
