import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import {
  createAuditClient,
  createEgressClient,
  createSandboxClient,
  createWorkspaceClient,
} from "../../src/broker/client.ts";
import { actionOf, createNonceBook, parseAction } from "../../src/broker/serve/action.ts";
import type { BrokerVerb } from "../../src/broker/serve/action.ts";
import { common, never, read, request, run, setUp } from "../faux/broker/services.ts";

test("a model request crosses with its grant's action and body, and its answer streams back", async (context) => {
  const { link, policy, grant, outgoing } = setUp(context);
  const egress = createEgressClient(link, policy.redeem);
  const given = grant(request);
  const response = await egress.fetch(given, { headers: { a: "b" }, body: Buffer.from("hello") }, never);
  assert.equal(response.status, 201);
  assert.deepEqual(response.headers, { "x-a": "b" });
  assert.equal(await new Response(response.body).text(), "data: 1\n\ndata: 2\n\n");
  assert.deepEqual(
    outgoing.map(({ resource, headers, bodyBytes, text }) => ({ resource, headers, bodyBytes, text })),
    [{ resource: request.resource, headers: { a: "b" }, bodyBytes: 5, text: "hello" }],
  );
  await assert.rejects(egress.fetch(given, { headers: {}, body: undefined }, never), { code: "forbidden" });
  assert.equal(outgoing.length, 1);
});

test("a command's output arrives as it comes and its result whole, however large", async (context) => {
  const output = `${"ü\n\u0000".repeat(100_000)}end`;
  const result = { kind: "exited", exitCode: 3, output, droppedBytes: 0, durationMs: 5 } as const;
  const { link, policy, grant } = setUp(context, {
    async run(action, onOutput) {
      assert.deepEqual(action, run);
      onOutput("first ");
      await new Promise((turn) => setImmediate(turn));
      onOutput("second");
      return result;
    },
  });
  const sandbox = createSandboxClient(link, policy.redeem, { kind: "verified", walls: [] });
  const progress: string[] = [];
  assert.deepEqual(await sandbox.run(grant(run), (text) => progress.push(text), never), result);
  assert.equal(progress.join(""), "first second");
});

test("what a cell refuses keeps its code, and cancelling reaches it", async (context) => {
  const reached = Promise.withResolvers<void>();
  const { link, policy, grant } = setUp(context, {
    async run(_action, _onOutput, signal) {
      signal.addEventListener("abort", () => reached.resolve());
      return await new Promise(() => undefined);
    },
    async read() {
      throw new LoricaError("not_found", "no such file: a");
    },
  });
  const sandbox = createSandboxClient(link, policy.redeem, { kind: "verified", walls: [] });
  await assert.rejects(sandbox.read(grant(read), never), { code: "not_found", message: "no such file: a" });
  const leave = new AbortController();
  const running = sandbox.run(grant(run), () => undefined, leave.signal);
  setImmediate(() => leave.abort());
  await assert.rejects(running, { code: "cancelled" });
  await reached.promise;
});

test("the sandbox's status is the broker's last word on it", (context) => {
  const { link, policy } = setUp(context);
  const sandbox = createSandboxClient(link, policy.redeem, { kind: "verified", walls: [] });
  const off = { kind: "off", reason: "r", fix: "f", walls: [] } as const;
  sandbox.update(off);
  assert.deepEqual(sandbox.status(), off);
});

test("an agent that the config does not name gets nothing, whatever the gateway granted it", async (context) => {
  const { link, policy, grant, outgoing, refusals } = setUp(context);
  const egress = createEgressClient(link, policy.redeem);
  const stranger = grant({ ...request, agentId: "other" });
  await assert.rejects(egress.fetch(stranger, { headers: {}, body: undefined }, never), { code: "forbidden" });
  await assert.rejects(createWorkspaceClient(link).read("other", ["AGENTS.md"], never), { code: "forbidden" });
  await assert.rejects(link.call({ method: "vault.list", params: {} }, never), { code: "forbidden" });
  assert.deepEqual(outgoing, []);
  const refusal = { kind: "decision", verdict: "deny", rule: "ceiling" } as const;
  assert.deepEqual(refusals, [
    { ...refusal, reason: 'the config has no agent "other"', resource: "model.fetch" },
    { ...refusal, reason: 'the config has no agent "other"', resource: "workspace.read" },
    { ...refusal, reason: "the broker does no vault.list", resource: "vault.list" },
  ]);
});

test("nothing is read for an agent whose folder no cell may have", async (context) => {
  const { link, workspace } = setUp(context, { workspaceOf: () => ({ ok: false, reason: "it holds the keys" }) });
  writeFileSync(join(workspace, "id_ed25519"), "key");
  assert.deepEqual(await createWorkspaceClient(link).read("main", ["id_ed25519"], never), []);
});

test("audit records arrive as the gateway's, and what is none is dropped", async (context) => {
  const { link, records, workspace } = setUp(context);
  const audit = createAuditClient(link);
  audit.record({ kind: "decision", verb: "file.read", verdict: "deny", resource: "r".repeat(100_000) });
  link.note("audit", { kind: "start" });
  link.note("nonsense", null);
  await createWorkspaceClient(link).read("main", [], never);
  assert.deepEqual(records, [
    { kind: "decision", verb: "file.read", verdict: "deny", resource: "r".repeat(limits.auditTextMaxChars) },
  ]);
  assert.ok(workspace.length > 0);
});

test("a flood of audit records is cut off within its second, and that it was is itself on record", async (context) => {
  const { link, records, refusals } = setUp(context);
  const audit = createAuditClient(link);
  for (let number = 0; number < limits.auditRecordsPerSecondMax + 50; number++) audit.record({ kind: "effect" });
  await createWorkspaceClient(link).read("main", [], never);
  assert.equal(records.length, limits.auditRecordsPerSecondMax);
  assert.equal(refusals.map(({ kind }) => kind).join(), "loss");
});

test("the broker starts, configures and stops its gateway by calls", async (context) => {
  const { broker, calls } = setUp(context);
  const asked = [["start", { a: 1 }] as const, ["configure", { a: 2 }] as const, ["offer", { hash: "h" }] as const];
  for (const [method, params] of [...asked, ["stop", { graceMs: 7 }] as const])
    assert.deepEqual(await broker.call({ method, params }, never), { result: null, body: undefined });
  broker.note("sandbox", { kind: "off" });
  assert.deepEqual(await broker.call({ method: "other", params: 1 }, never), { result: ["other", 1], body: undefined });
  assert.deepEqual(calls, [
    ["start", { a: 1 }],
    ["configure", { a: 2 }],
    ["offer", { hash: "h" }],
    ["stop", 7],
    ["sandbox", { kind: "off" }],
  ]);
});

test("actions are read field by field, and only the fields of their verb are kept", () => {
  const extra = { ...run, resource: { ...run.resource, network: true }, admin: true };
  assert.deepEqual(actionOf("process.run", extra), run);
  assert.deepEqual(
    actionOf("process.control", { ...common, verb: "process.control", resource: { operation: "list" } }).resource,
    {
      operation: "list",
    },
  );
  const wrong: readonly (readonly [BrokerVerb, unknown])[] = [
    ["file.read", run],
    ["process.run", null],
    ["process.run", { ...run, agentId: 1 }],
    ["process.run", { ...run, principal: { id: "x", kind: "god", account: "a" } }],
    ["process.run", { ...run, label: { integrity: "owner", readers: "all" } }],
    ["process.run", { ...run, resource: { ...run.resource, timeoutMs: -1 } }],
    ["process.run", { ...run, resource: { ...run.resource, timeoutMs: Number.NaN } }],
    ["process.run", { ...run, resource: { ...run.resource, mode: "forever" } }],
    ["file.read", { ...read, resource: { operation: "steal" } }],
    ["file.read", { ...read, resource: { operation: "constructor" } }],
    ["model.request", { ...request, resource: { ...request.resource, method: "PUT" } }],
  ];
  for (const [verb, value] of wrong) assert.throws(() => actionOf(verb, value), { code: "invalid_request" });
});

test("no value makes the parser of actions throw", () => {
  const verbs = fc.constantFrom<BrokerVerb>(
    "process.run",
    "process.control",
    "file.read",
    "file.write",
    "model.request",
  );
  fc.assert(fc.property(verbs, fc.anything(), (verb, value) => typeof parseAction(verb, value).ok === "boolean"));
  const record = fc.record({ verb: verbs, agentId: fc.string(), sessionKey: fc.string(), resource: fc.object() });
  fc.assert(fc.property(record, (value) => !parseAction(value.verb, value).ok));
});

test("a nonce is taken once, and what is none never", () => {
  const book = createNonceBook();
  book.take("0123456789abcdef");
  for (const nonce of ["0123456789abcdef", "short", "x".repeat(65), undefined, {}])
    assert.throws(() => book.take(nonce), { code: "forbidden" });
});
