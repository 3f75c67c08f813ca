import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseCommand } from "../../src/agent/agent.ts";
import { openTestAgent } from "../faux/agent.ts";
import type { Ran } from "../faux/agent.ts";
import { createScriptedModels, testModel } from "../faux/scripted-models.ts";

const textOf = ({ outcome }: Ran): string => (outcome.status === "done" ? outcome.text : outcome.status);
const two = { ...testModel, id: "two" };

suite("a command", () => {
  const vectors: readonly (readonly [string, ReturnType<typeof parseCommand>])[] = [
    ["/new", { name: "new" }],
    [" /RESET\n", { name: "new" }],
    ["/status", { name: "status" }],
    ["/stop", { name: "stop" }],
    ["/help", { name: "help" }],
    ["/start", { name: "help" }],
    ["/start a-link", { name: "help" }],
    ["/compact", { name: "compact", focus: "" }],
    ["/compact the tax papers", { name: "compact", focus: "the tax papers" }],
    ["/model", { name: "model", ref: undefined }],
    ["/model openai/gpt-x", { name: "model", ref: "openai/gpt-x" }],
    ["/model two words", { name: "wrong", usage: "/model provider/model" }],
    ["/think high", { name: "think", level: "high" }],
    ["/think: HIGH", { name: "think", level: "high" }],
    ["/think deeply", { name: "wrong", usage: "/think off|minimal|low|medium|high|xhigh|adaptive|max" }],
    ["/status of the order?", undefined],
    ["/new car", undefined],
    ["/etc/passwd", undefined],
    ["/unknown", undefined],
    ["please /new", undefined],
    ["/constructor", undefined],
    ["", undefined],
  ];
  for (const [text, command] of vectors)
    test(`${JSON.stringify(text)} is ${command === undefined ? "a message" : JSON.stringify(command)}`, () => {
      assert.deepEqual(parseCommand(text), command);
    });

  test("ends at once, without a model", async () => {
    await using agent = await openTestAgent();
    const { outcome } = await agent.say("/help");
    assert.equal(outcome.status === "done" && outcome.model, "command");
    assert.deepEqual([agent.models.calls.length, outcome.usage.inputTokens], [0, 0]);
  });

  test("is nobody's where it was passed on", async () => {
    await using agent = await openTestAgent({ script: [{ text: "it says help" }] });
    assert.equal(textOf(await agent.say("/help", { forwardedFrom: "Eve" })), "it says help");
  });

  test("/new starts a new window, once, also when a restart repeats it", async () => {
    await using agent = await openTestAgent({ script: [{ text: "hello" }, { text: "again" }] });
    await agent.say("remember: blue");
    const turn = await agent.begin("/new");
    const first = await agent.run(turn);
    await agent.store.turns.restart(turn.id);
    const second = await agent.run(turn);
    await agent.store.turns.finish(turn.id, { status: "done", replies: [] });
    assert.deepEqual(
      [textOf(first), textOf(second)],
      Array(2).fill("New session. What was said before is kept, but I no longer see it."),
    );
    assert.equal((await agent.store.sessions.windows("agent:main:main")).length, 2);
    await agent.say("what colour?");
    assert.equal(JSON.stringify(agent.models.calls[1]?.prompt).includes("blue"), false);
    assert.deepEqual(agent.hooks.filter((hook) => hook.point === "session.reset").length, 1);
  });

  test("/model and /think hold for the session from the next turn on", async () => {
    const models = createScriptedModels(() => ({ text: "ok" }), [testModel, two]);
    await using agent = await openTestAgent({ models });
    assert.equal(textOf(await agent.say("/model faux/two")), "Model: faux/two");
    assert.equal(textOf(await agent.say("/think high")), "Thinking: high");
    await agent.say("hi");
    assert.equal(
      textOf(await agent.say("/model faux/three")),
      "There is no model faux/three.\nModel: faux/two\nThere are: faux/one, faux/two",
    );
    assert.equal(textOf(await agent.say("/model default")), "Model: faux/one (the agent's own)");
    await agent.say("hi");
    assert.deepEqual(
      models.calls.map((call) => [call.candidates[0], call.thinking]),
      [
        ["faux/two", "high"],
        ["faux/one", "high"],
      ],
    );
  });

  test("/compact sums up on demand, with what to keep in mind", async () => {
    const models = createScriptedModels((call) => ({
      text: JSON.stringify(call.prompt[0]).includes("Condense") ? "Sum." : "ok",
    }));
    await using agent = await openTestAgent({ models });
    assert.match(textOf(await agent.say("/compact")), /^Nothing to compact: about \d+ tokens\.$/);
    for (let at = 0; at < 3; at++) await agent.say(`message ${at} ${"word ".repeat(200)}`);
    assert.match(textOf(await agent.say("/compact the numbers")), /^Compacted: about \d+ tokens before, \d+ now\.$/);
    assert.match(JSON.stringify(models.calls.at(-1)?.prompt[0]), /Pay most attention to: the numbers/);
    await agent.say("go on");
    const prompt = JSON.stringify(models.calls.at(-1)?.prompt);
    assert.deepEqual([prompt.includes("Sum."), prompt.includes("message 0")], [true, false]);
  });

  test("PAIR-018 INJ-025 of a guest touches the conversation that it is typed in, and not how the model thinks or shows it", async () => {
    const models = createScriptedModels(() => ({ text: "a model's answer" }));
    await using agent = await openTestAgent({ models });
    const eve = { id: "loopback:default:eve", kind: "member", account: "default" } as const;
    const about = { principal: eve, sessionKey: "agent:main:direct:eve", request: { commands: "session" } } as const;
    const said = async (text: string) => textOf(await agent.say(text, about));
    assert.equal(await said("/new"), "New session. What was said before is kept, but I no longer see it.");
    for (const text of ["/think high", "/model faux/two", "/status"])
      assert.equal(await said(text), "Only the owner can do that.");
    for (const text of ["/reasoning on", "/verbose on"]) assert.equal(await said(text), "a model's answer");
    assert.equal(textOf(await agent.say("/new", { ...about, request: { commands: "none" } })), "a model's answer");
  });

  test("is the owner's: from others, and over HTTP, a slash is only text", async () => {
    const models = createScriptedModels(() => ({ text: "a model's answer" }));
    await using agent = await openTestAgent({ models });
    const eve = { id: "loopback:default:eve", kind: "member", account: "default" } as const;
    const ran = [
      await agent.say("/new", { principal: eve, sessionKey: "agent:main:direct:eve" }),
      await agent.say("/status", { channel: "http", sessionKey: "agent:main:openai:1" }),
    ];
    assert.deepEqual(ran.map(textOf), ["a model's answer", "a model's answer"]);
    assert.match(JSON.stringify(models.calls[1]?.prompt.at(-1)), /\/status/);
  });
});

suite("the status of a session", () => {
  const expected = `Agent: main · session agent:main:main · N turns
Model: faux/one · thinking off
Context: about N of 100000 tokens (0 %)
Used: faux/one: 1 calls, 100 in, 10 out, $0.0001
Sandbox: on, verified`;
  const numbers = (text: string): string => text.replace(/\d+ turns/, "N turns").replace(/about \d+ of/, "about N of");

  test("is told the owner by /status", async () => {
    await using agent = await openTestAgent({ script: [{ text: "hi" }] });
    await agent.say("hi");
    assert.equal(numbers(textOf(await agent.say("/status"))), expected);
  });

  const statusOnly = { profile: "minimal", allow: undefined, deny: [] } as const;
  const asking = () => ({
    script: [
      { text: "hi" },
      { calls: [{ tool: "session_status", input: { sessionKey: "agent:main:other" } }] },
      { text: "ok" },
    ],
    profile: { tools: { owner: statusOnly, others: statusOnly } },
  });

  test("INJ-016 a guest's model is told nothing of what it is, what it costs and what stands around it", async () => {
    await using agent = await openTestAgent(asking());
    const eve = { id: "loopback:default:eve", kind: "member", account: "default" } as const;
    const about = { principal: eve, sessionKey: "agent:main:direct:eve" };
    await agent.say("hi", about);
    const { turn } = await agent.say("how are we doing?", about);
    const result = (await agent.entries(turn.windowId)).find(({ body }) => body.kind === "tool_result")?.body;
    assert.match(
      result?.kind === "tool_result" ? result.text : "",
      /^Session: \d+ turns\nContext: about \d+ tokens of conversation$/,
    );
    const prompts = agent.models.calls.map(({ prompt }) => JSON.stringify(prompt)).join("\n");
    assert.doesNotMatch(prompts, /faux\/one|\bfaux\b|verified|100000/);
  });

  test("TOOL-002 SBX-019 is told the model by session_status, with a grant for its own session", async () => {
    await using agent = await openTestAgent(asking());
    await agent.say("hi");
    const { turn } = await agent.say("how are we doing?");
    const result = (await agent.entries(turn.windowId)).find(({ body }) => body.kind === "tool_result")?.body;
    assert.equal(
      result?.kind === "tool_result" && numbers(result.text),
      expected.replace("1 calls, 100 in, 10 out, $0.0001", "2 calls, 200 in, 20 out, $0.0001"),
    );
    assert.deepEqual(
      agent.models.calls[1]?.tools.map((tool) => tool.name),
      ["session_status"],
    );
    assert.deepEqual(
      agent.audit.map((record) => record.resource),
      ["agent:main:main", "agent:main:main"],
    );
  });

  test("says that nothing is configured and that the sandbox is off", async () => {
    const status = { kind: "off", reason: "no bubblewrap", fix: "apt install bubblewrap", walls: [] } as const;
    await using agent = await openTestAgent({ models: createScriptedModels([], []), sandbox: { status } });
    const text = textOf(await agent.say("/status"));
    assert.match(text, /^Model: none configured · thinking off$/m);
    assert.match(text, /^Used: nothing yet$/m);
    assert.match(text, /^Sandbox: off: no bubblewrap \(apt install bubblewrap\)$/m);
  });
});
