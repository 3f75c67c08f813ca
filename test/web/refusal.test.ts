import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeEntities } from "../../web/src/view/messages/entities.ts";
import { CallFailed } from "../../web/src/wire/frames.ts";
import { judgeRefusal } from "../../web/src/wire/refusal.ts";

const refused = (code: string, details: Readonly<Record<string, unknown>> = {}, retryAfterMs?: number) =>
  judgeRefusal(new CallFailed(code, "why", { details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }));

test("a browser that is refused is told what it can do, and forgets only what is worth nothing", () => {
  assert.deepEqual(refused("NOT_PAIRED", { code: "PAIRING_REQUIRED", requestId: "r1" }), {
    kind: "out",
    out: { why: "waits", requestId: "r1" },
    forget: false,
  });
  assert.deepEqual(refused("INVALID_REQUEST", { code: "AUTH_BOOTSTRAP_TOKEN_INVALID" }), {
    kind: "out",
    out: { why: "used" },
    forget: false,
  });
  const ended = { kind: "out", out: { why: "ended" } };
  assert.deepEqual(refused("INVALID_REQUEST", { code: "AUTH_DEVICE_TOKEN_MISMATCH" }), { ...ended, forget: true });
  assert.deepEqual(refused("NOT_PAIRED", { code: "DEVICE_IDENTITY_REQUIRED" }), { ...ended, forget: false });
  assert.deepEqual(refused("INVALID_REQUEST", { code: "PROTOCOL_MISMATCH" }), {
    kind: "out",
    out: { why: "unable", message: "why" },
    forget: false,
  });
});

test("what passes is waited for, as long as the gateway says", () => {
  assert.deepEqual(refused("UNAVAILABLE", {}, 700), { kind: "again", afterMs: 700 });
  assert.deepEqual(refused("LOST"), { kind: "again", afterMs: undefined });
  assert.deepEqual(refused("INVALID_REQUEST", { code: "AUTH_RATE_LIMITED" }, 9_000), { kind: "again", afterMs: 9_000 });
});

test("character references become characters, and nothing else", () => {
  const vectors: Readonly<Record<string, string>> = {
    "a &amp; b &lt;b&gt;": "a & b <b>",
    "&#60;script&#x3e;": "<script>",
    "&nonsense; &amp &;": "&nonsense; &amp &;",
    "&#0; &#xd800; &#1114112;": "\ufffd \ufffd \ufffd",
    "&amp;lt;": "&lt;",
  };
  for (const [text, decoded] of Object.entries(vectors)) assert.equal(decodeEntities(text), decoded);
});
