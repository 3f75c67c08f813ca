import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { openTestAgent } from "../faux/agent.ts";
import { createScriptedModels, spentUsage, testModel } from "../faux/scripted-models.ts";

const answered = { status: "done", stopReason: "stop", provider: "faux", model: "one" } as const;

suite("a turn", () => {
  test("AG-002 GW-033 asks, calls tools, stores each step before the next, and answers", async () => {
    await using agent = await openTestAgent({
      script: [
        { text: "Looking.", calls: [{ tool: "exec", input: { command: "ls" } }] },
        { text: "There are 2 files." },
      ],
      sandbox: { run: () => "a\nb" },
    });
    const { outcome, turn } = await agent.say("how many files?");
    assert.deepEqual(outcome, {
      ...answered,
      text: "There are 2 files.",
      usage: { ...spentUsage, inputTokens: 200, outputTokens: 20, costMicros: 100 },
    });
    const kinds = (await agent.entries(turn.windowId)).map((entry) => entry.body.kind);
    assert.deepEqual(kinds, ["user", "assistant", "tool_call", "tool_result", "assistant"]);
    assert.deepEqual(
      agent.models.calls[1]?.prompt.slice(1).map((message) => message.role),
      ["user", "assistant", "tool"],
    );
    assert.equal((await agent.store.usage.totals(0)).map((total) => total.calls).join(), "2");
  });

  test("AG-003 shows what streams: the text so far, what is new, the tools, the end", async () => {
    await using agent = await openTestAgent({ script: [{ text: "Hello there, owner." }] });
    const { events } = await agent.say("hi");
    const texts = events.flatMap((event) => (event.type === "text" ? [event] : []));
    assert.equal(texts.at(-1)?.text, "Hello there, owner.");
    assert.equal(texts.map((event) => event.delta).join(""), "Hello there, owner.");
    assert.deepEqual(
      events.flatMap((event) => (event.type === "text" ? [] : [event.type])),
      ["started", "model", "usage", "finished"],
    );
  });
});
