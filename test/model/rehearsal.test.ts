import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelCall, ModelEvent } from "../../src/model/model.ts";
import { callOf, collect, createTestModels, finishOf, tool } from "../faux/models.ts";

const provider = { id: "rehearsal", api: "rehearsal", baseUrl: "" } as const;

function rehearse(timeouts: { readonly firstByteMs?: number; readonly stallMs?: number } = {}) {
  return createTestModels({ providers: [provider], timeouts });
}

function asking(text: string, change: Partial<ModelCall> = {}): ModelCall {
  return callOf(["rehearsal/rehearsal"], {
    prompt: [{ role: "user", content: [{ type: "text", text }] }],
    tools: [tool("exec", { command: { type: "string" } })],
    ...change,
  });
}

const driven = { rehearsal: { grammar: true } } as const;

/** What the model is asked next, once its calls have been answered. */
function answered(
  call: ModelCall,
  finish: Extract<ModelEvent, { type: "finish" }>,
  results: readonly string[],
): ModelCall {
  const calls = finish.content.flatMap((part) => (part.type === "tool_call" ? [part] : []));
  return {
    ...call,
    prompt: [
      ...call.prompt,
      {
        role: "assistant",
        content: calls.map(({ callId, tool: toolName, input }) => ({
          type: "tool-call",
          toolCallId: callId,
          toolName,
          input,
        })),
      },
      {
        role: "tool",
        content: calls.map(({ callId, tool: toolName }, index) => ({
          type: "tool-result",
          toolCallId: callId,
          toolName,
          output: { type: "text", value: results[index] ?? "" },
        })),
      },
    ],
  };
}

test("an empty folder has no files", async () => {
  const { models } = rehearse();
  const call = asking("How many files are in the workspace?");
  const first = await finishOf(models, call);
  const second = await finishOf(models, answered(call, first, ["counted: 0 files, 0 folders, 0 hidden\n"]));
  assert.deepEqual(second.content, [
    {
      type: "text",
      text: "There are 0 files here.\n\n(rehearsal model – not an AI)",
    },
  ]);
});

test("the rehearsal model says what it is, and that a tool is missing or failed", async () => {
  const { models } = rehearse();
  const texts = [
    await finishOf(models, asking("hello")),
    await finishOf(models, asking("What is the capital of France?")),
    await finishOf(models, asking("list the files", { tools: [] })),
  ].map(({ content }) => (content[0]?.type === "text" ? content[0].text : ""));
  for (const text of texts) assert.match(text, /\(rehearsal model – not an AI\)$/);
  assert.match(texts[0] ?? "", /^Hello! .*`lorica onboard`/);
  assert.match(texts[2] ?? "", /no tool for that is allowed/);
  const call = asking("list the files");
  const denied = answered(call, await finishOf(models, call), ["the sandbox is off: bubblewrap is not installed"]);
  assert.deepEqual((await finishOf(models, denied)).content, [
    {
      type: "text",
      text: "This is what the tool answered:\nthe sandbox is off: bubblewrap is not installed\n\n(rehearsal model – not an AI)",
    },
  ]);
});

test("grammar makes calls, several at once, thinks, answers and echoes", async () => {
  const { models } = rehearse();
  const text = [
    "!think hm",
    '!call exec {"command":"ls"}',
    '!call read {"path":"a"}',
    "!echo",
    "!then",
    "!say over",
  ].join("\n");
  const call = asking(text, driven);
  const first = await finishOf(models, call);
  assert.deepEqual(first.content, [
    { type: "reasoning", text: "hm" },
    { type: "tool_call", callId: "rehearsal-0-1", tool: "exec", input: { command: "ls" } },
    { type: "tool_call", callId: "rehearsal-0-2", tool: "read", input: { path: "a" } },
  ]);
  assert.equal(first.stopReason, "tool_use");
  const second = await finishOf(models, answered(call, first, ["one", "two"]));
  assert.deepEqual(second.content, [{ type: "text", text: "one\ntwo" }]);
});

test("grammar is nothing but text unless the caller switched it on, and never read from history or tools", async () => {
  const { models } = rehearse();
  const off = await finishOf(models, asking('!call exec {"command":"rm -rf /"}'));
  assert.ok(off.content[0]?.type === "text");
  assert.match(off.content[0].text, /not an AI/);
  const history = asking("hello", {
    ...driven,
    prompt: [
      { role: "system", content: '!call exec {"command":"a"}' },
      { role: "user", content: [{ type: "text", text: '!call exec {"command":"b"}' }] },
      { role: "assistant", content: [{ type: "text", text: '!call exec {"command":"c"}' }] },
      { role: "user", content: [{ type: "text", text: "hello" }] },
      { role: "assistant", content: [{ type: "tool-call", toolCallId: "1", toolName: "exec", input: {} }] },
      {
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: "1",
            toolName: "exec",
            output: { type: "text", value: '!call exec {"command":"d"}' },
          },
        ],
      },
    ],
  });
  const { content } = await finishOf(models, history);
  assert.ok(content.every((part) => part.type === "text"));
});

test("grammar is not read from notes, summaries and headers that share the message", async () => {
  const { models } = rehearse();
  const parts = ["[#note]\n!say from a note", "[#abc cli 2026-01-01]\n!say from a header", "!say from the person"];
  const content = parts.map((text) => ({ type: "text" as const, text }));
  const asked = (count: number) =>
    asking("", { ...driven, prompt: [{ role: "user", content: content.slice(0, count) }] });
  assert.deepEqual((await finishOf(models, asked(3))).content, [{ type: "text", text: "from the person" }]);
  const [answer] = (await finishOf(models, asked(2))).content;
  assert.ok(answer?.type === "text");
  assert.match(answer.text, /^I only rehearse/);
});

test("a script that is given by value takes the message's place", async () => {
  const { models } = rehearse();
  const script = { rehearsal: { grammar: true, script: "!say from the script" } } as const;
  assert.deepEqual((await finishOf(models, asking("!say from the message", script))).content, [
    { type: "text", text: "from the script" },
  ]);
});

test("grammar that is wrong says where and what there is", async () => {
  const { models } = rehearse();
  const answers: string[] = [];
  for (const line of ["!cal exec {}", "!stream soon now", "!repeat 9999999 x", "!fail maybe", "!usage in=1"]) {
    const { content } = await finishOf(models, asking(`hello\n${line}`, driven));
    answers.push(content[0]?.type === "text" ? content[0].text : "");
  }
  assert.match(
    answers[0] ?? "",
    /^line 2: !cal is not a directive; there are !say, .*\(rehearsal model – not an AI\)$/,
  );
  assert.match(answers[1] ?? "", /^line 2: write `!stream 20ms text`/);
  assert.match(answers[2] ?? "", /^line 2: write `!repeat 3 text`/);
  assert.match(answers[3] ?? "", /^line 2: write `!fail 429` or another HTTP status, or one of stall/);
  assert.match(answers[4] ?? "", /^line 2: write `!usage in=100 out=20`/);
});

test("grammar streams slowly, word by word, repeats, and tells the usage it is told", async () => {
  const { models } = rehearse();
  const events = await collect(models, asking("!stream 1ms one two three\n!repeat 3 ha\n!usage in=100 out=20", driven));
  const deltas = events.flatMap((event) => (event.type === "text" ? [event.delta] : []));
  assert.deepEqual(deltas, ["one ", "two ", "three", "ha ha ha"]);
  const finish = events.at(-1);
  assert.ok(finish?.type === "finish");
  const { inputTokens, outputTokens, costMicros, estimated } = finish.usage;
  assert.deepEqual([inputTokens, outputTokens, costMicros, estimated], [100, 20, 0, false]);
});

const failures: readonly (readonly [line: string, code: string, says: RegExp])[] = [
  ["!fail 429 retry-after=1000", "unavailable", /limit .* \(HTTP 429\)/],
  ["!fail 401", "upstream", /refused its credential/],
  ["!fail 500", "upstream", /failed \(HTTP 500\): rehearsed HTTP 500/],
  ["!fail overflow", "too_large", /cannot take a conversation of this length/],
  ["!say half\n!fail truncate", "upstream", /broke off/],
  ["!say half\n!fail drop", "upstream", /broke off/],
  ["!fail malformed", "upstream", /not its format/],
  ["!fail empty", "upstream", /empty answer/],
  ["!say half\n!fail stall", "timeout", /nothing more came for 50 ms/],
];

for (const [line, code, says] of failures) {
  test(`grammar fails on request: ${line.replace("\n", ", ")}`, async () => {
    const { models } = rehearse({ stallMs: 50 });
    await assert.rejects(collect(models, asking(line, driven)), { code, message: says });
  });
}

test("grammar can fail for a while only", async () => {
  const { models } = rehearse();
  const events = await collect(models, asking("!fail 503 times=1\n!say at last", driven));
  assert.deepEqual(
    events.map((event) => (event.type === "attempt" ? event.number : event.type)),
    [1, 2, "text", "finish"],
  );
});

test("the rehearsal model is never a fallback for a real one", async () => {
  const dead = { id: "dead", api: "openai-completions", baseUrl: "http://127.0.0.1:9/v1" } as const;
  const { models } = createTestModels({ providers: [provider, dead] });
  const call = asking("hello", { candidates: ["dead/m", "rehearsal/rehearsal"] });
  await assert.rejects(collect(models, call), { code: "unavailable", message: /^dead\/m cannot be reached/ });
  const unknown = asking("hello", { candidates: ["gone/m", "rehearsal/rehearsal"] });
  await assert.rejects(collect(models, unknown), { code: "not_found" });
});

test("the same prompt gets the same answer", async () => {
  const once = await collect(rehearse().models, asking("hello"));
  assert.deepEqual(await collect(rehearse().models, asking("hello")), once);
});
