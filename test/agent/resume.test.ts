// A turn that died anywhere is taken up from its entries: the same end, and nothing run twice.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { unknownOutcome } from "../../src/agent/calls/tool-batch.ts";
import { nextStep } from "../../src/agent/journal.ts";
import type { NewEntry } from "../../src/store/store.ts";
import { openTestAgent } from "../faux/agent.ts";
import type { TestAgent } from "../faux/agent.ts";
import { createScriptedModels } from "../faux/scripted-models.ts";
import type { ScriptedModels, ScriptedStep } from "../faux/scripted-models.ts";

const steps: readonly ScriptedStep[] = [
  {
    text: "First.",
    calls: [
      { tool: "read", input: { path: "a" }, callId: "read-a" },
      { tool: "read", input: { path: "b" }, callId: "read-b" },
      { tool: "exec", input: { command: "one" }, callId: "exec-1" },
    ],
  },
  { calls: [{ tool: "exec", input: { command: "two" }, callId: "exec-2" }] },
  { text: "All done." },
];

/** Answers by how many answers the conversation already has, as a provider would: repeating a call repeats the answer. */
function replayable(): ScriptedModels {
  return createScriptedModels((call) => {
    const answers = call.prompt.filter((message) => message.role === "assistant").length;
    return steps[answers] ?? { text: "too many" };
  });
}

/** The entries of the whole turn, as an undisturbed run leaves them. */
async function wholeTurn(): Promise<readonly NewEntry[]> {
  await using agent = await openTestAgent({ models: replayable() });
  const { turn } = await agent.say("go");
  return agent.entries(turn.windowId);
}

async function resumeAfter(journal: readonly NewEntry[], agent: TestAgent) {
  const turn = await agent.begin("go");
  const own = { windowId: turn.windowId, turnId: turn.id };
  await agent.store.transcript.append(journal.slice(1).map((entry) => ({ ...entry, ...own })));
  await agent.store.turns.restart(turn.id);
  return agent.run((await agent.store.turns.find(turn.id)) ?? turn);
}

suite("a turn that was interrupted", () => {
  test("ends the same wherever its journal was cut, and runs no call twice", async () => {
    const whole = await wholeTurn();
    assert.equal(whole.length, 12);
    for (let cut = 1; cut <= whole.length; cut++) {
      await using agent = await openTestAgent({ models: replayable() });
      const kept = whole.slice(0, cut);
      const { outcome, turn } = await resumeAfter(kept, agent);
      assert.equal(outcome.status === "done" ? outcome.text : outcome.status, "All done.", `cut after ${cut}`);
      const begun = kept.flatMap(({ body }) => (body.kind === "tool_call" ? [body.callId] : []));
      const ran = agent.sandbox.actions.map((action) => JSON.stringify(action.resource));
      for (const callId of begun) assert.ok(!ran.some((resource) => resource.includes(commandOf(callId))), callId);
      const all = (await agent.entries(turn.windowId)).map((entry) => entry.body);
      for (const kind of ["tool_call", "tool_result"] as const) {
        const ids = all.flatMap((body) => (body.kind === kind ? [body.callId] : []));
        assert.deepEqual(ids.toSorted(), ["exec-1", "exec-2", "read-a", "read-b"], `${kind} after ${cut}`);
      }
      const unknown = all.flatMap((body) =>
        body.kind === "tool_result" && body.outcome === "unknown" ? [body.callId] : [],
      );
      const done = new Set(kept.flatMap(({ body }) => (body.kind === "tool_result" ? [body.callId] : [])));
      assert.deepEqual(unknown.toSorted(), begun.filter((id) => !done.has(id)).toSorted());
    }
  });

  test("with its last answer stored, is finished without another model call", async () => {
    const whole = await wholeTurn();
    await using agent = await openTestAgent({ models: replayable() });
    const { outcome } = await resumeAfter(whole, agent);
    assert.deepEqual(
      [outcome.status === "done" && outcome.text, outcome.usage.inputTokens, agent.models.calls.length],
      ["All done.", 300, 0],
    );
  });

  test("loses nothing but its last answer, which is stored together with its end", async () => {
    await using agent = await openTestAgent({ models: createScriptedModels([{ text: "Hello." }]) });
    const { turn, closing, outcome } = await agent.run(await agent.begin("hi"));
    assert.deepEqual(
      (await agent.entries(turn.windowId)).map(({ body }) => body.kind),
      ["user"],
    );
    assert.deepEqual(await agent.store.usage.totals(0), []);
    assert.deepEqual(
      closing?.entries.map(({ body }) => body.kind),
      ["assistant"],
    );
    assert.deepEqual(
      closing?.usage.map(({ turnId, trigger, inputTokens }) => [turnId, trigger, inputTokens]),
      [[turn.id, "turn", outcome.usage.inputTokens]],
    );
  });

  test("tells the model that an outcome is unknown", async () => {
    const whole = await wholeTurn();
    await using agent = await openTestAgent({ models: replayable() });
    const begun = whole.findIndex(({ body }) => body.kind === "tool_call" && body.callId === "exec-2");
    await resumeAfter(whole.slice(0, begun + 1), agent);
    const told = agent.models.calls[0]?.prompt.at(-1);
    assert.deepEqual(told, {
      role: "tool",
      content: [
        {
          type: "tool-result",
          toolCallId: "exec-2",
          toolName: "exec",
          output: { type: "error-text", value: unknownOutcome },
        },
      ],
    });
  });

  test("goes on after any part of any journal", async () => {
    const whole = await wholeTurn();
    const stored = whole.map((entry, at) => ({ ...entry, id: `e${at}`, seq: at + 1, at: 0 }));
    fc.assert(
      fc.property(fc.subarray(stored), (entries) => {
        const step = nextStep(entries, stored[0]?.turnId ?? "");
        if (step.kind !== "tools") return;
        const results = entries.flatMap(({ body }) => (body.kind === "tool_result" ? [body.callId] : []));
        for (const { part } of step.calls) {
          const answerAt = entries.findLastIndex(({ body }) => body.kind === "assistant");
          const later = entries
            .slice(answerAt)
            .flatMap(({ body }) => (body.kind === "tool_result" ? [body.callId] : []));
          assert.ok(!later.includes(part.callId), `${part.callId} has its result among ${results.join()}`);
        }
      }),
    );
  });
});

function commandOf(callId: string): string {
  const commands: Record<string, string> = {
    "read-a": '"path":"a"',
    "read-b": '"path":"b"',
    "exec-1": '"command":"one"',
    "exec-2": '"command":"two"',
  };
  return commands[callId] ?? "?";
}
