// A model may answer anything: the turn ends, the journal stays whole, and the session goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Json } from "../../src/base/json.ts";
import { openTestAgent } from "../faux/agent.ts";
import { createScriptedModels } from "../faux/scripted-models.ts";
import type { ScriptedStep } from "../faux/scripted-models.ts";

const input = fc.oneof(
  fc.jsonValue(),
  fc.record({ command: fc.oneof(fc.string(), fc.integer()) }),
  fc.record({ path: fc.string(), extra: fc.string() }),
) as fc.Arbitrary<Json>;
const call = fc.record({
  tool: fc.constantFrom("exec", "read", "session_status", "exec ", "", "constructor", "__proto__", "\u0000"),
  input,
  callId: fc.constantFrom("", "same", "call_1", "with space", "x".repeat(100), "💥"),
});
const step = fc.record(
  {
    text: fc.oneof(fc.string(), fc.constantFrom("NO_REPLY", "[[reply_to_current]]", "<think>", "<|im_end|>", "/new")),
    calls: fc.array(call, { minLength: 1, maxLength: 4 }),
    stopReason: fc.constantFrom("stop", "length", "tool_use", "refusal", "error"),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<ScriptedStep>;

test("AG-021 whatever a model answers, the turn ends, each call has one result, and the next turn works", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const models = createScriptedModels((_call, at) => steps[at] ?? { text: "the end" });
      await using agent = await openTestAgent({ models });
      const { outcome, turn } = await agent.say("go");
      assert.ok(
        outcome.status === "done" || (outcome.status === "failed" && outcome.code !== "internal"),
        JSON.stringify(outcome),
      );
      const bodies = (await agent.entries(turn.windowId)).map((entry) => entry.body);
      const asked = bodies.flatMap((body) =>
        body.kind === "assistant"
          ? body.content.flatMap((part) => (part.type === "tool_call" ? [part.callId] : []))
          : [],
      );
      const answered = bodies.flatMap((body) => (body.kind === "tool_result" ? [body.callId] : []));
      assert.deepEqual(answered.toSorted(), asked.toSorted());
      assert.equal(new Set(asked).size, asked.length);
      while (models.calls.length <= steps.length) await agent.say("and?");
      const last = await agent.say("and now?");
      assert.equal(last.outcome.status === "done" && last.outcome.text, "the end");
    }),
    { numRuns: 150 },
  );
});
