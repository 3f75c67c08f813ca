import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openTestAgent } from "../../faux/agent.ts";
import { createScriptedModels } from "../../faux/scripted-models.ts";

suite("several calls in one answer", () => {
  test("TOOL-028 read side by side up to the agent's bound, and write one by one", async () => {
    const [read, exec] = [gauge(), gauge()];
    const calls = [
      ...Array.from({ length: 5 }, (_, at) => ({ tool: "read", input: { path: `${at}` } })),
      ...Array.from({ length: 3 }, (_, at) => ({ tool: "exec", input: { command: `${at}` } })),
    ];
    await using agent = await openTestAgent({
      script: [{ calls }, { text: "ok" }],
      profile: { toolCallsParallelMax: 2 },
      sandbox: { read: () => read.pass(), run: () => exec.pass() },
    });
    await agent.say("all of it");
    assert.deepEqual([read.most(), exec.most()], [2, 1]);
  });

  test("TOOL-028 of all turns together run at most so many at a time", async () => {
    const all = gauge();
    const calls = Array.from({ length: 4 }, (_, at) => ({ tool: "read", input: { path: `${at}` } }));
    const models = createScriptedModels((call) =>
      call.prompt.some((message) => message.role === "tool") ? { text: "ok" } : { calls },
    );
    await using agent = await openTestAgent({ models, sandbox: { read: () => all.pass() } });
    const keys = Array.from({ length: 12 }, (_, at) => `agent:main:direct:p${at}`);
    await Promise.all(keys.map((sessionKey) => agent.say("go", { sessionKey })));
    assert.equal(all.most(), 32);
  });

  test("AG-020 get ids of their own where a provider's repeat or do not fit", async () => {
    const input = { path: "x" };
    const calls = [
      { tool: "read", input, callId: "same" },
      { tool: "read", input, callId: "same" },
      { tool: "read", input, callId: "" },
      { tool: "read", input, callId: "with space" },
    ];
    await using agent = await openTestAgent({ script: [{ calls }, { calls }, { text: "ok" }] });
    const { turn } = await agent.say("go");
    const bodies = (await agent.entries(turn.windowId)).map((entry) => entry.body);
    const asked = bodies.flatMap((body) =>
      body.kind === "assistant" ? body.content.flatMap((part) => (part.type === "tool_call" ? [part.callId] : [])) : [],
    );
    const got = bodies.flatMap((body) => (body.kind === "tool_result" ? [body.callId] : []));
    assert.deepEqual([asked.length, new Set(asked).size, got], [8, 8, asked]);
    assert.deepEqual(
      asked.map((id) => id === "same" || /^call_[0-9a-f]{24}$/.test(id)),
      asked.map(() => true),
    );
  });
});

/** Counts how many pass through at the same time. */
function gauge() {
  let now = 0;
  let most = 0;
  return {
    most: () => most,
    async pass(): Promise<string> {
      now += 1;
      most = Math.max(most, now);
      await new Promise((next) => setImmediate(next));
      await new Promise((next) => setImmediate(next));
      now -= 1;
      return "passed";
    },
  };
}
