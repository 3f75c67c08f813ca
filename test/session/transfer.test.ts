import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { LoricaError } from "../../src/base/errors.ts";
import type { EntryBody } from "../../src/base/transcript.ts";
import { createMirror, createTransfer, screenBodies } from "../../src/session/session.ts";
import type { Store } from "../../src/store/store.ts";
import type { Inspector } from "../../src/dlp/dlp.ts";
import { createFauxInspector, createTestInspector } from "../faux/dlp/inspector.ts";
import { beginTurn, mainKey, openTestStore, ownerLabel } from "../faux/store.ts";

const invalid = (message: RegExp) => (error: unknown) =>
  error instanceof LoricaError && error.code === "invalid_request" && message.test(error.message);

const mirrorOptions = {
  screen: screenBodies(createFauxInspector(), { point: "export", agentId: "", sessionKey: "" }),
  bounds: () => ({ bytesMax: 1_000_000, spanMsMax: 86_400_000, totalBytesMax: 10_000_000 }),
  isLow: () => false,
};

const usage = {
  inputTokens: 3,
  outputTokens: 2,
  cacheReadTokens: 1,
  cacheWriteTokens: 0,
  costMicros: 9,
  estimated: false,
};
const bodies: readonly EntryBody[] = [
  { kind: "user", text: "hé\nllo", media: [], from: "Alice", inboxId: "i" },
  {
    kind: "assistant",
    content: [
      { type: "reasoning", text: "hm", provider: { signature: "s" } },
      { type: "text", text: "let me look" },
      { type: "tool_call", callId: "c1", tool: "exec", input: { command: "ls" } },
    ],
    provider: "p",
    model: "m",
    usage,
    stopReason: "tool_use",
  },
  { kind: "tool_call", callId: "c1", tool: "exec", input: { command: "ls" } },
  { kind: "tool_result", callId: "c1", tool: "exec", text: "a b", media: [], outcome: "ok", durationMs: 4 },
  { kind: "compaction", summary: "they looked", firstKeptSeq: 2, tokensBefore: 100 },
  { kind: "note", text: "a note" },
  { kind: "settings", model: "p/m", thinking: "low" },
];

async function fill(store: Store) {
  const { turn, session } = await beginTurn(store);
  await store.transcript.append(
    bodies.map((body) => ({ windowId: session.windowId, turnId: turn.id, label: ownerLabel, body })),
  );
  await store.turns.finish(turn.id, { status: "done", replies: [] });
  return session;
}

const asIs = (text: string): string => text;
const whole = { redact: asIs, dlp: createFauxInspector() };
const never = new AbortController().signal;

async function exported(store: Store, key: string): Promise<readonly string[]> {
  return Array.fromAsync(createTransfer(store, whole).exportLines(key, AbortSignal.timeout(5_000)));
}

async function bodiesOf(store: Store, windowId: string) {
  return (await store.transcript.read(windowId)).map(({ body, at }) => [body, at]);
}

test("RT-001 a session goes out as JSON lines and comes back as it was, window by window", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const first = await fill(store);
  const second = await store.sessions.reset(mainKey);
  await store.transcript.append([
    { windowId: second.windowId, turnId: "t", label: ownerLabel, body: { kind: "note", text: "new" } },
  ]);
  const lines = await exported(store, mainKey);
  assert.equal(lines.length, 2 + 8 + 1);
  const target = { agentId: "main", sessionKey: "agent:main:copy" };
  const imported = await createTransfer(store, whole).importText(lines.join("\n"), target, never);
  assert.equal(imported.entries, 9);
  const [current, old] = await store.sessions.windows("agent:main:copy");
  assert.equal(current?.id, imported.windowId);
  assert.deepEqual(await bodiesOf(store, old?.id ?? ""), await bodiesOf(store, first.windowId));
  assert.deepEqual(await bodiesOf(store, current?.id ?? ""), await bodiesOf(store, second.windowId));
});

test("RT-012 what is imported is untrusted, whatever its labels say", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  await fill(store);
  const lines = await exported(store, mainKey);
  const imported = await createTransfer(store, whole).importText(
    lines.join("\n"),
    {
      agentId: "main",
      sessionKey: undefined,
    },
    never,
  );
  assert.match(imported.sessionKey, /^agent:main:import:[0-9a-f-]{36}$/);
  assert.deepEqual((await store.sessions.find(imported.sessionKey))?.label, {
    integrity: "untrusted",
    readers: ["owner"],
  });
});

test("another tool's transcript is read: messages, tool calls and results, summaries", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const lines = [
    { type: "session", version: 4, id: "x", timestamp: "2026-01-02T03:04:05.000Z", cwd: "/w" },
    { type: "model_change", id: "1" },
    message({ role: "user", content: "list" }),
    message({
      role: "assistant",
      provider: "p",
      model: "m",
      content: [
        { type: "thinking", thinking: "hm", thinkingSignature: "z" },
        { type: "toolCall", id: "c", name: "exec", arguments: { command: "ls" } },
      ],
    }),
    message({
      role: "toolResult",
      toolCallId: "c",
      toolName: "exec",
      content: [
        { type: "text", text: "a" },
        { type: "image", data: "…" },
      ],
    }),
    { type: "compaction", summary: "sum", firstKeptEntryId: "1", tokensBefore: 1 },
  ];
  const text = lines.map((line) => JSON.stringify(line)).join("\n");
  const { windowId } = await createTransfer(store, whole).importText(
    text,
    {
      agentId: "main",
      sessionKey: "agent:main:in",
    },
    never,
  );
  const none = { ...usage, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, costMicros: null, estimated: true };
  assert.deepEqual(await bodiesOf(store, windowId), [
    [{ kind: "user", text: "list", media: [], from: "imported", inboxId: "" }, 1_767_323_045_000],
    [
      {
        kind: "assistant",
        content: [
          { type: "reasoning", text: "hm" },
          { type: "tool_call", callId: "c", tool: "exec", input: { command: "ls" } },
        ],
        provider: "p",
        model: "m",
        usage: none,
        stopReason: "tool_use",
      },
      1_767_323_045_000,
    ],
    [
      {
        kind: "tool_result",
        callId: "c",
        tool: "exec",
        text: "a[image, not imported]",
        media: [],
        outcome: "ok",
        durationMs: 0,
      },
      1_767_323_045_000,
    ],
    [{ kind: "note", text: "sum" }, 1_000_000],
  ]);
});

test("ADV-023 DLP-012 what must not be stored is not stored either where it is brought in", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const said = "aZ3kP9qL0vT5xW8mR2nY7bD4";
  const lines = [
    message({ role: "user", content: `my key is ${said}` }),
    message({
      role: "assistant",
      content: [{ type: "toolCall", id: "c", name: "exec", arguments: { command: ["echo", said] } }],
    }),
    message({ role: "user", content: "an ordinary question" }),
  ];
  const text = lines.map((line) => JSON.stringify(line)).join("\n");
  const target = { agentId: "main", sessionKey: "agent:main:in" };
  const kept = async (dlp: Inspector): Promise<string> => {
    const { windowId } = await createTransfer(store, { ...whole, dlp }).importText(text, target, never);
    const bodies = JSON.stringify(await bodiesOf(store, windowId));
    await store.sessions.delete(target.sessionKey);
    return bodies;
  };
  // Positive control: without a look at it the value is stored, in both places.
  const before = await kept(createFauxInspector());
  assert.equal(before.split(said).length, 3);
  assert.equal(await kept(createTestInspector([said])), before.replaceAll(said, "[redacted]"));
});

test("a bad line is named, and nothing of the file is kept", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const transfer = createTransfer(store, whole);
  const good = JSON.stringify(message({ role: "user", content: "x" }));
  const into = (text: string) => transfer.importText(text, { agentId: "main", sessionKey: "agent:main:in" }, never);
  await assert.rejects(into(`${good}\n{oops`), invalid(/^line 2 .* not JSON/));
  await assert.rejects(into(`${good}\n\n${JSON.stringify(message({ role: "king" }))}`), invalid(/^line 3 /));
  await assert.rejects(into(JSON.stringify({ type: "x", lorica: { body: { kind: "user" } } })), invalid(/^line 1 /));
  await assert.rejects(into(""), invalid(/no message/));
  assert.equal(await store.sessions.find("agent:main:in"), undefined);
  await into(good);
  await assert.rejects(into(good), (error: unknown) => error instanceof LoricaError && error.code === "conflict");
});

test("importing never does anything but refuse what it cannot read", async () => {
  await using opened = await openTestStore();
  const transfer = createTransfer(opened.store, whole);
  const junk = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"type":"message","message":${json}}`),
    fc.json().map((json) => `{"type":"message","lorica":${json}}`),
  );
  await fc.assert(
    fc.asyncProperty(junk, async (text) => {
      await transfer
        .importText(text, { agentId: "main", sessionKey: undefined }, never)
        .catch((error: unknown) => assert.ok(invalid(/./)(error), String(error)));
    }),
    { numRuns: 200 },
  );
});

test("LOG-001 credentials stay in the database: neither an export nor the mirror holds one, and each line stays whole", async () => {
  await using opened = await openTestStore();
  const agentsDir = join(opened.folder, "agents");
  const secret = 'k-"1"';
  const redact = (text: string): string => text.replaceAll(secret, "[redacted]");
  const report = (error: unknown): never => assert.fail(String(error));
  const mirror = createMirror(opened.store, { ...mirrorOptions, agentsDir, redact, report });
  const { turn, session } = await beginTurn(mirror.store);
  const bodies = (text: string): readonly EntryBody[] => [
    { kind: "note", text: `said ${text}` },
    { kind: "tool_call", callId: "c", tool: "exec", input: { command: [text] } },
  ];
  const about = { windowId: session.windowId, turnId: turn.id, label: ownerLabel };
  await mirror.store.transcript.append(bodies(secret).map((body) => ({ ...about, body })));
  await mirror.flush();
  const lines = await Array.fromAsync(
    createTransfer(opened.store, { ...whole, redact }).exportLines(session.key, AbortSignal.timeout(5_000)),
  );
  const file = join(agentsDir, "main", "sessions", `${session.windowId}.jsonl`);
  assert.deepEqual(readFileSync(file, "utf8").trimEnd().split("\n"), lines);
  const kept = lines.map((line) => (JSON.parse(line) as { lorica: { body?: EntryBody } }).lorica.body);
  assert.deepEqual(kept.slice(-2), bodies("[redacted]"));
  const stored = await bodiesOf(opened.store, session.windowId);
  assert.deepEqual(
    stored.slice(-2).map(([body]) => body),
    bodies(secret),
  );
});

test("CFG-004 the live mirror holds what the transcript holds, privately, and catches up after a gap", async () => {
  await using opened = await openTestStore();
  const agentsDir = join(opened.folder, "agents");
  const report = (error: unknown): never => assert.fail(String(error));
  const mirror = createMirror(opened.store, { ...mirrorOptions, agentsDir, redact: asIs, report });
  const session = await fill(mirror.store);
  const { key, windowId } = session;
  await mirror.flush();
  const folder = join(agentsDir, "main", "sessions");
  const file = join(folder, `${windowId}.jsonl`);
  const read = () => readFileSync(file, "utf8").trimEnd().split("\n");
  assert.deepEqual(read(), await exported(opened.store, key));
  // Written while nobody mirrored, as by a process that was killed in between.
  const body: EntryBody = { kind: "note", text: "missed" };
  const turnId = (await opened.store.transcript.read(windowId))[0]?.turnId ?? "";
  await opened.store.transcript.append([{ windowId, turnId, label: ownerLabel, body }]);
  await mirror.store.transcript.append([{ windowId, turnId, label: ownerLabel, body }]);
  await mirror.flush();
  assert.deepEqual(read(), await exported(opened.store, key));
  assert.deepEqual(readdirSync(folder).toSorted(), [`${windowId}.jsonl`, "sessions.json"].toSorted());
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(join(folder, "sessions.json"), "utf8"))), [key]);
  assert.deepEqual([statSync(file).mode & 0o777, statSync(folder).mode & 0o777], [0o600, 0o700]);
});

function message(value: unknown) {
  return { type: "message", id: "1", parentId: null, timestamp: "2026-01-02T03:04:05.000Z", message: value };
}
