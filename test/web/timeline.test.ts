import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientMessage } from "../../src/protocol/shapes.ts";
import { follow } from "../../web/src/state/live.ts";
import type { AgentEvent } from "../../web/src/state/live.ts";
import { buildTimeline } from "../../web/src/state/timeline.ts";
import type { LiveRun, Sent } from "../../web/src/state/timeline.ts";

let seq = 0;

function message(role: ClientMessage["role"], content: unknown, more: Readonly<Record<string, unknown>> = {}) {
  seq += 1;
  const about = { id: `m${seq}`, seq, kind: "user" } as const;
  return { role, content, timestamp: seq, __openclaw: about, ...more } satisfies ClientMessage;
}

const call = { type: "toolCall", id: "c1", name: "exec", arguments: { command: "ls" } };
const asked = message("user", "How many?", { idempotencyKey: "k1:user" });
const answered = message("assistant", [{ type: "text", text: "Let me look." }, call]);
const result = message("toolResult", [{ type: "text", text: "3" }], { toolCallId: "c1", isError: false });
const sent: Sent = { key: "k1", text: "How many?", files: [], at: 5, state: "waiting" };

function live(...events: readonly (readonly [stream: string, data: AgentEvent["data"]])[]): LiveRun {
  let run: LiveRun | undefined;
  for (const [stream, data] of events)
    run = follow(run, { runId: "k1", sessionKey: "agent:main:main", stream, ts: 9, data });
  return run ?? { runId: "k1", items: [] };
}

const inShort = (...args: Parameters<typeof buildTimeline>): readonly string[] =>
  buildTimeline(...args).map((item) =>
    item.kind === "tool" ? `tool ${item.id} ${item.state} ${item.output ?? "-"}` : `${item.kind} ${item.text}`,
  );

test("what was sent is shown at once, and once only when it is stored", () => {
  assert.deepEqual(buildTimeline([], [sent], []), [
    { kind: "user", id: "k1", text: "How many?", files: [], at: 5, state: "waiting" },
  ]);
  assert.deepEqual(buildTimeline([asked], [sent], []), [
    { kind: "user", id: "k1", text: "How many?", files: [], at: asked.timestamp, state: "stored" },
  ]);
});

test("what a run does stands below the message that began it, before messages that wait", () => {
  const run = live(["assistant", { text: "I am" }], ["assistant", { text: "I am on it" }]);
  const next: Sent = { ...sent, key: "k2", text: "And folders?" };
  assert.deepEqual(inShort([], [sent, next], [run]), ["user How many?", "text I am on it", "user And folders?"]);
  assert.deepEqual(inShort([asked], [next], [run]), ["user How many?", "text I am on it", "user And folders?"]);
});

test("a tool call that is stored while it runs is shown once, with what it has put out so far", () => {
  const run = live(
    ["assistant", { text: "Let me look." }],
    ["tool", { phase: "start", name: "exec", toolCallId: "c1", args: { command: "ls" } }],
    ["tool", { phase: "update", name: "exec", toolCallId: "c1", partialResult: "2" }],
  );
  assert.deepEqual(inShort([], [sent], [run]), ["user How many?", "text Let me look.", "tool c1 running 2"]);
  assert.deepEqual(inShort([asked, answered], [], [run]), ["user How many?", "text Let me look.", "tool c1 running 2"]);
  const later = live(
    ["tool", { phase: "start", name: "exec", toolCallId: "c1", args: { command: "ls" } }],
    ["tool", { phase: "result", name: "exec", toolCallId: "c1", result: "3", isError: false }],
    ["assistant", { text: "Three." }],
  );
  assert.deepEqual(inShort([asked, answered, result], [], [later]), [
    "user How many?",
    "text Let me look.",
    "tool c1 done 3",
    "text Three.",
  ]);
});

test("an answer that a retry replaces is replaced, and text after a tool is a new one", () => {
  const run = live(
    ["assistant", { text: "Half an answer" }],
    ["assistant", { text: "Whole" }],
    ["tool", { phase: "start", name: "exec", toolCallId: "c9", args: {} }],
    ["tool", { phase: "result", name: "exec", toolCallId: "c9", result: "no", isError: true }],
    ["thinking", { delta: "So " }],
    ["thinking", { delta: "it is." }],
    ["assistant", { text: "After" }],
  );
  assert.deepEqual(inShort([], [], [run]), ["text Whole", "tool c9 failed no", "thinking So it is.", "text After"]);
});

test("messages of kinds and contents that are not known are no reason to show nothing", () => {
  const odd = [
    message("assistant", [{ type: "hologram" }, { type: "text", text: "still here" }, { type: "text" }]),
    message("user", [
      { type: "text", text: "with a file" },
      { type: "attachment", fileName: "a.png" },
    ]),
    message("system", "a summary"),
    message("assistant", null),
  ];
  assert.deepEqual(inShort(odd, [], []), ["text still here", "user with a file", "note a summary"]);
});

test("a run shows no more than the page can hold", () => {
  const events = Array.from({ length: 1_000 }, (_, index) => {
    return ["tool", { phase: "start", name: "exec", toolCallId: `c${index}`, args: {} }] as const;
  });
  assert.equal(live(...events).items.length, 400);
});
