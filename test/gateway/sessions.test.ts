import assert from "node:assert/strict";
import { test } from "node:test";
import type { EntryBody } from "../../src/base/transcript.ts";
import type { PlacedMessage } from "../../src/protocol/shapes.ts";
import { openEdge } from "../faux/edge.ts";
import { doneOutcome, noUsage } from "../faux/pipeline.ts";

type Edge = Awaited<ReturnType<typeof openEdge>>;

const label = { integrity: "owner", readers: ["owner"] } as const;
const key = "agent:main:work";

/** A session with these entries in its transcript. */
async function fill(edge: Edge, bodies: readonly EntryBody[]): Promise<string> {
  const principal = { id: "owner", kind: "owner", account: "default" } as const;
  const wanted = { key, agentId: "main", principal, channel: "cli", account: "default", label };
  const { windowId } = await edge.store.sessions.open(wanted);
  await edge.store.transcript.append(bodies.map((body) => ({ windowId, turnId: "t", label, body })));
  return windowId;
}

function said(text: string): EntryBody {
  return { kind: "user", text, media: [], from: "owner", inboxId: `in-${text}` };
}

const answered: readonly EntryBody[] = [
  said("list"),
  {
    kind: "assistant",
    content: [
      { type: "reasoning", text: "I need to look" },
      { type: "tool_call", callId: "c", tool: "exec", input: { command: "ls" } },
    ],
    provider: "faux",
    model: "one",
    usage: noUsage,
    stopReason: "tool_use",
  },
  { kind: "tool_call", callId: "c", tool: "exec", input: { command: "ls" } },
  { kind: "tool_result", callId: "c", tool: "exec", text: "a", media: [], outcome: "ok", durationMs: 1 },
];

test("chat.history shows the conversation without the journal's own entries, then only what is new", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const windowId = await fill(edge, answered);
  const history = (await client.request("chat.history", { sessionKey: "work" })) as {
    messages: Record<string, unknown>[];
    deltaCursor: string;
    sessionId: string;
    totalMessages: number;
    hasMore: boolean;
  };
  assert.deepEqual(
    history.messages.map(({ timestamp: _at, __openclaw: about, ...message }) => ({
      ...message,
      seq: (about as { seq: number }).seq,
    })),
    [
      { role: "user", content: "list", idempotencyKey: "in-list:user", seq: 1 },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "I need to look" },
          { type: "toolCall", id: "c", name: "exec", arguments: { command: "ls" } },
        ],
        provider: "faux",
        model: "one",
        usage: {
          input: 10,
          output: 5,
          cacheRead: 2,
          cacheWrite: 1,
          totalTokens: 18,
          estimated: false,
          cost: { total: 0.0015 },
        },
        stopReason: "toolUse",
        seq: 2,
      },
      {
        role: "toolResult",
        toolCallId: "c",
        toolName: "exec",
        content: [{ type: "text", text: "a" }],
        isError: false,
        outcome: "ok",
        seq: 4,
      },
    ],
  );
  assert.deepEqual([history.sessionId, history.totalMessages, history.hasMore], [windowId, 3, false]);
  await fill(edge, [said("more")]);
  const delta = (await client.request("chat.history", { sessionKey: "work", cursor: history.deltaCursor })) as {
    kind: string;
    messages: PlacedMessage[];
  };
  const [placed] = delta.messages;
  assert.deepEqual(
    [delta.kind, delta.messages.length, { ...placed, message: placed?.message.content }],
    [
      "delta",
      1,
      {
        sessionKey: "agent:main:work",
        agentId: "main",
        messageId: placed?.message.__openclaw.id,
        messageSeq: 5,
        message: "more",
      },
    ],
  );
  await client.request("sessions.reset", { key: "work" });
  const cursor = { sessionKey: "work", cursor: history.deltaCursor };
  assert.deepEqual(await client.request("chat.history", cursor), { kind: "reset" });
  client.end();
});

test("chat.history gives the newest that fit, whatever the length of the session", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  await fill(
    edge,
    Array.from({ length: 500 }, (_, index) => said(`m${index}`)),
  );
  const page = async (params: object) => {
    const answer = (await client.request("chat.history", { sessionKey: "work", ...params })) as {
      messages: { content: string }[];
      hasMore: boolean;
    };
    return [answer.messages[0]?.content, answer.messages.at(-1)?.content, answer.messages.length, answer.hasMore];
  };
  assert.deepEqual(await page({ limit: 3 }), ["m497", "m499", 3, true]);
  assert.deepEqual(await page({ limit: 3, offset: 497 }), ["m0", "m2", 3, false]);
  assert.deepEqual(await page({ limit: 1_000 }), ["m0", "m499", 500, false]);
  const [, last, count] = await page({ maxBytes: 1_024 });
  assert.equal(last, "m499");
  assert.ok(Number(count) > 0 && Number(count) < 10);
  client.end();
});

test("sessions are listed, described, changed, reset and deleted", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  const windowId = await fill(edge, [said("one")]);
  await client.request("sessions.patch", { key: "work", label: "Work", model: "faux/one", thinkingLevel: "high" });
  const { session } = (await client.request("sessions.describe", { key: "work" })) as {
    session: Record<string, unknown>;
  };
  const { createdAt: _c, updatedAt: _u, ...row } = session;
  assert.deepEqual(row, {
    key,
    kind: "direct",
    agentId: "main",
    sessionId: windowId,
    channel: "cli",
    label: "Work",
    displayName: "Work",
    modelProvider: "faux",
    model: "one",
    contextTokens: 8_000,
    thinkingLevel: "high",
    archived: false,
    pinned: false,
    unread: false,
    isMain: false,
    hasActiveRun: false,
    activeRunIds: [],
    messageCount: 1,
  });
  const list = (await client.request("sessions.list", { search: "wor", limit: 1 })) as Record<string, unknown>;
  assert.deepEqual([list["count"], list["totalCount"], list["hasMore"], list["nextOffset"]], [1, 1, false, null]);
  const none = (await client.request("sessions.list", { search: "nothing" })) as Record<string, unknown>;
  assert.deepEqual([none["count"], none["sessions"]], [0, []]);
  const stale = client.request("sessions.reset", { key: "work", expectedSessionId: "another" });
  await assert.rejects(stale, { code: "conflict" });
  const reset = (await client.request("sessions.reset", { key: "work" })) as { entry: { sessionId: string } };
  assert.notEqual(reset.entry.sessionId, windowId);
  await assert.rejects(client.request("sessions.patch", { key: "work", model: "faux/none" }), {
    message: 'no model "faux/none"; `models list` shows what there is',
  });
  const deleted = { ok: true, key, deleted: true, archived: [] };
  assert.deepEqual(await client.request("sessions.delete", { key: "work" }), deleted);
  assert.deepEqual(await client.request("sessions.delete", { key: "work" }), { ...deleted, deleted: false });
  assert.deepEqual(await client.request("sessions.describe", { key: "work" }), { session: null });
  client.end();
});

test("a reset or deletion first ends what runs in the session", async (t) => {
  const edge = await openEdge(t);
  const client = await edge.connect();
  for (const [index, method] of ["sessions.reset", "sessions.delete"].entries()) {
    await client.request("chat.send", { sessionKey: "work", message: "hi", idempotencyKey: method });
    await client.request(method, { key: "work" });
    assert.equal(edge.aborted[index], method);
  }
  client.end();
});

test("sessions.compact is a turn of its session, and says whether anything was compacted", async (t) => {
  const edge = await openEdge(t, {
    script: ({ envelope, emit, finish }) => {
      if (edge.handled.length === 1) emit({ type: "compacted", tokensBefore: 900, tokensAfter: 100 });
      finish(doneOutcome(`did ${envelope.text}`));
    },
  });
  const client = await edge.connect();
  await fill(edge, [said("one")]);
  assert.deepEqual(await client.request("sessions.compact", { key: "work" }), { ok: true, key, compacted: true });
  assert.deepEqual(await client.request("sessions.compact", { key: "work" }), {
    ok: true,
    key,
    compacted: false,
    reason: "did /compact",
  });
  assert.deepEqual(
    edge.handled.map(({ request }) => request),
    [1, 2].map(() => ({ agentId: "main", sessionKey: key, queue: "followup" })),
  );
  client.end();
});

test("an export comes in parts that fit a frame, and together they are all of it", async (t) => {
  const lines = Array.from({ length: 5 }, (_, index) => `${index}${"x".repeat(1_000_000)}`);
  const edge = await openEdge(t, {
    transfer: {
      exportLines: async function* () {
        yield* lines;
      },
      importText: async (text, { agentId, sessionKey }) => ({
        sessionKey: sessionKey ?? `agent:${agentId}:imported`,
        windowId: "w",
        entries: text.split("\n").length,
      }),
    },
  });
  const client = await edge.connect();
  await fill(edge, [said("one")]);
  const parts: (readonly string[])[] = [];
  for (let offset: number | null = 0; offset !== null;) {
    const part = (await client.request("sessions.export", { key: "work", offset })) as {
      lines: string[];
      nextOffset: number | null;
    };
    parts.push(part.lines);
    offset = part.nextOffset;
  }
  assert.deepEqual(
    parts.map((part) => part.length),
    [2, 2, 1],
  );
  assert.deepEqual(parts.flat(), lines);
  assert.deepEqual(await client.request("sessions.import", { text: "a\nb", agentId: "beta" }), {
    key: "agent:beta:imported",
    sessionId: "w",
    entries: 2,
  });
  client.end();
});
