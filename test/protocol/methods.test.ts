import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { errorShape } from "../../src/protocol/failure.ts";
import { codeOfShape } from "../../src/protocol/frames.ts";
import { methods } from "../../src/protocol/methods.ts";
import { parseParams } from "../../src/protocol/params.ts";
import { renderMethods } from "../../src/protocol/reference.ts";
import { holdsScope } from "../../src/protocol/scopes.ts";

const root = resolve(import.meta.dirname, "../..");

function refusalOf(method: keyof typeof methods, params: unknown): string {
  try {
    parseParams(method, methods[method].params as never, params);
  } catch (error) {
    assert.ok(error instanceof LoricaError);
    assert.equal(error.code, "invalid_request");
    return error.message;
  }
  return "accepted";
}

test("docs/methods.md says what the tables say", () => {
  const printed = readFileSync(join(root, "docs", "methods.md"), "utf8");
  assert.equal(printed, renderMethods(), "run: node tools/print-methods.ts");
});

test("params are closed objects, and a refusal names the method and the place", () => {
  const send = { sessionKey: "main", message: "hi", idempotencyKey: "k" };
  assert.equal(refusalOf("chat.send", send), "accepted");
  assert.equal(
    refusalOf("chat.send", { ...send, isOwner: true }),
    'invalid chat.send params: at /: unexpected property "isOwner"',
  );
  assert.equal(
    refusalOf("chat.send", { ...send, idempotencyKey: "a b" }),
    "invalid chat.send params: at /idempotencyKey: is 1 to 200 printable characters without spaces",
  );
  assert.match(refusalOf("chat.send", "hi"), /^invalid chat\.send params: at \/: /);
});

test("GW-036 what upstream's clients send beside a message is taken where it asks for nothing, or refused with the reason", () => {
  const send = { sessionKey: "main", message: "@ann hi", idempotencyKey: "k" };
  const harmless = {
    mentions: [{ profileId: "ann", start: 0, end: 4 }],
    workContext: { page: "chat", file: "a.ts" },
    fastMode: "auto",
    suppressCommandInterpretation: false,
    toolBindings: {},
    expectedPermissionMode: null,
    expectedToolOverrides: null,
  };
  assert.equal(refusalOf("chat.send", { ...send, ...harmless }), "accepted");
  for (const [field, value] of Object.entries({
    originatingTo: "+123",
    systemInputProvenance: { kind: "internal_system" },
    toolBindings: { tool: {} },
    expectedPermissionMode: "read-only",
    suppressCommandInterpretation: true,
    intent: { kind: "session-goal-start", version: 1, issuedAtMs: 1 },
  })) {
    const refused = refusalOf("chat.send", { ...send, [field]: value });
    assert.match(refused, new RegExp(`^invalid chat\\.send params: at /${field}: .`));
    assert.doesNotMatch(refused, /Invalid input/);
  }
});

test("GW-036 chat.send refuses a NUL and a message past its bound, and says neither back", () => {
  const send = { sessionKey: "main", idempotencyKey: "k" };
  const nul = refusalOf("chat.send", { ...send, message: "secret\0" });
  assert.equal(nul, "invalid chat.send params: at /message: holds a NUL character");
  const long = refusalOf("chat.send", { ...send, message: "x".repeat(200_001) });
  assert.equal(long, "invalid chat.send params: at /message: is longer than 200000 characters");
});

test("GW-051 an error that is not ours tells its id and nothing else", () => {
  const leaky = new Error("ENOENT: no such file or directory, open '/home/alice/.openclaw/credentials/secrets.json'");
  assert.deepEqual(errorShape(leaky, "e-1"), {
    code: "UNAVAILABLE",
    message: "something went wrong inside; the log has it as e-1",
    details: { errorCode: "internal", errorId: "e-1" },
  });
});

test("an operating error keeps its code, its particulars and when to come again", () => {
  const error = new LoricaError("overloaded", "the lane is full", { details: { depth: 20 }, retryAfterMs: 500 });
  const shape = errorShape(error, "e-2");
  assert.deepEqual(shape, {
    code: "UNAVAILABLE",
    message: "the lane is full",
    details: { depth: 20, errorCode: "overloaded", errorId: "e-2" },
    retryable: true,
    retryAfterMs: 500,
  });
  assert.equal(codeOfShape(shape), "overloaded");
  assert.equal(codeOfShape({ code: "FORBIDDEN", message: "" }), "forbidden");
  for (const code of ["AUTH_REQUIRED", "AUTH_TOKEN_MISMATCH", "DEVICE_AUTH_SIGNATURE_INVALID"])
    assert.equal(codeOfShape({ code: "INVALID_REQUEST", message: "", details: { code } }), "unauthorized");
});

test("scopes imply what the protocol says and no more", () => {
  assert.equal(holdsScope(["operator.admin"], "operator.pairing"), true);
  assert.equal(holdsScope(["operator.write"], "operator.read"), true);
  assert.equal(holdsScope(["operator.write"], "operator.admin"), false);
  assert.equal(holdsScope(["operator.read"], "operator.write"), false);
  assert.equal(holdsScope([], "operator.read"), false);
});
