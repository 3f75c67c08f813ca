// What is taken out of a line, and that no line and no pattern can make it slow.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createEchoGuard, createPatternMatcher, createRedactor, redactJsonLine } from "../../src/dlp/dlp.ts";

const secret = 'p4ss"word/with+odd\\chars=';

function redactor(patterns: readonly string[] = [], values: readonly string[] = [secret]) {
  return createRedactor({ values: () => values, patterns });
}

test("a known value is taken out in every spelling, wherever it stands in a longer one", () => {
  const { redact } = redactor();
  const bytes = Buffer.from(secret);
  const spellings = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
  ];
  for (const spelling of spellings) assert.equal(redact(`a ${spelling} b`), "a [redacted] b");
  for (const before of ["", "x", "xy", "xyz"]) {
    const text = Buffer.from(`${before}${secret}tail`).toString("base64");
    const left = redact(text);
    assert.match(left, /\[redacted\]/);
    assert.ok(!Buffer.from(left.replace("[redacted]", ""), "base64").includes(secret.slice(2, -2)));
    assert.match(redact(Buffer.from(`${before}${secret}tail`).toString("base64url")), /\[redacted\]/);
  }
  assert.equal(redact("nothing to see"), "nothing to see");
});

test("a value that was added is known after a refresh", () => {
  const values: string[] = [];
  const { redact, refresh } = createRedactor({ values: () => values, patterns: [] });
  assert.equal(redact("before any value"), "before any value");
  values.push("a-new-secret-value");
  assert.equal(redact("a-new-secret-value"), "a-new-secret-value");
  refresh();
  assert.equal(redact("a-new-secret-value"), "[redacted]");
});

test("keys of well-known makers are recognised, and ordinary text is not", () => {
  const { redact } = redactor([], []);
  const keys = [
    `sk-ant-api03-${"a".repeat(40)}`,
    `sk-proj-${"B7".repeat(20)}`,
    `AIza${"x".repeat(35)}`,
    `ghp_${"a1".repeat(18)}`,
    `xoxb-${"12345-".repeat(4)}`,
    `123456789:AA${"x".repeat(33)}`,
    "AKIAIOSFODNN7EXAMPLE",
    `eyJ${"a".repeat(20)}.eyJ${"b".repeat(20)}.${"c".repeat(20)}`,
    "-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY-----",
  ];
  for (const key of keys) assert.equal(redact(`key=${key};`), "key=[redacted];", key);
  assert.equal(redact("authorization: Bearer abcdefghijklmnop123"), "authorization: [redacted]");
  assert.equal(redact("postgres://user:hunter22@db/x"), "postgres://user:[redacted]@db/x");
  const ordinary = "the task-list of sk-1 took 12:30 and id 550e8400-e29b-41d4-a716-446655440000";
  assert.equal(redact(ordinary), ordinary);
});

test("LOG-010 patterns of exponential shape are refused and named", () => {
  const bad = ["(a+)+$", "(a|aa)*", "(?:x*){2,}", "(a)\\1", "(", "x*", "((a{2,})b)*", "y".repeat(600)];
  assert.equal(redactor(bad).refused.length, bad.length);
  const good = ["token=\\w+", "/SECRET-[0-9]{4}/i", "(?:ab)+c", "[(+)*]+x", "(q|b)c"];
  const some = redactor(good);
  assert.deepEqual(some.refused, []);
  assert.equal(some.redact("token=abc secret-1234 ababc"), "[redacted] [redacted] [redacted]");
});

test("LOG-010 a slow pattern that looks harmless costs its line, not the process", () => {
  const slow = redactor(["a*a*a*a*a*a*a*b"]);
  assert.deepEqual(slow.refused, []);
  assert.equal(slow.redact("a".repeat(20_000)), "[redacted]");
  assert.equal(slow.redact("short"), "short");
});

test("LOG-010 the built-in formats stay linear on hostile text", () => {
  const { redact } = redactor([], []);
  const hostile = [
    "sk-",
    "eyJ",
    "-eyJ",
    "eyJaaaaaaaaaaa.",
    "Bearer ",
    "-----BEGIN PRIVATE KEY-----",
    "://a:",
    "1",
    "xoxb-",
    " ",
  ];
  // An exponential or cubic one would not come back within the lifetime of this test.
  for (const piece of hostile) assert.ok(redact(piece.repeat(200_000 / piece.length)).length > 0);
});

test("LOG-011 a JSON line stays one JSON object or is left out", () => {
  const plain = redactor();
  const line = JSON.stringify({ msg: `x ${secret} y` });
  assert.deepEqual(redactJsonLine(plain, line), { ok: true, value: '{"msg":"x [redacted] y"}' });
  assert.equal(redactJsonLine(redactor(['"msg":']), line).ok, false);
});

test("an echoed credential never passes, however the stream is cut, and everything else does", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant("abcab"), fc.constant("abcabd"), fc.constantFrom("a", "b", "c", "d", "x")), {
        maxLength: 30,
      }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 9 }),
      (parts, cuts) => {
        const text = parts.join("");
        const guard = createEchoGuard("abcabd");
        let out = "";
        for (let at = 0, turn = 0; at < text.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          out += Buffer.from(guard.push(Buffer.from(text.slice(at, at + size)))).toString();
          at += size;
        }
        out += Buffer.from(guard.end()).toString();
        assert.equal(out, text.replaceAll("abcabd", "******"));
      },
    ),
  );
});

test("a stream without the credential is passed on at once", () => {
  const guard = createEchoGuard("secret-value");
  assert.equal(Buffer.from(guard.push(Buffer.from("data: {}\n\n"))).toString(), "data: {}\n\n");
  assert.equal(guard.end().length, 0);
});

test("a pattern that takes too long matches nothing, and holds up nothing for long", () => {
  const matches = createPatternMatcher([/(a+)+$/u, /jarvis/iu], 10);
  assert.equal(matches("Hey JARVIS"), true);
  assert.equal(matches("somebody else"), false);
  assert.equal(matches(`${"a".repeat(1_000)}! jarvis`), false);
  assert.equal(createPatternMatcher([], 10)("anything"), false);
});
