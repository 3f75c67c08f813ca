// The real runner behind the real pipeline and store: from a message that comes in to the reply that goes out.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseCommand } from "../../src/agent/agent.ts";
import type { TurnRunner } from "../../src/agent/agent.ts";
import type { Store } from "../../src/store/store.ts";
import { openTestAgent } from "../faux/agent.ts";
import type { TestAgentOptions } from "../faux/agent.ts";
import { openHarness } from "../faux/flow/harness.ts";
import type { HarnessOptions } from "../faux/flow/harness.ts";
import { createScriptedModels } from "../faux/scripted-models.ts";
import { envelopeOf } from "../faux/store.ts";

/** A runner that opens its agent on the pipeline's own store. */
function agentRunner(options: TestAgentOptions): (store: Store) => TurnRunner {
  return (store) => {
    const opened = openTestAgent({ ...options, store });
    return { run: async (turn, run) => (await opened).runner.run(turn, run) };
  };
}

function flow(options: TestAgentOptions, change: HarnessOptions = {}) {
  return openHarness({ runner: agentRunner(options), commandOf: (text) => parseCommand(text)?.name, ...change });
}

suite("a message", () => {
  test("goes through pipeline, turn and outbox, and its reply is sent once", async () => {
    await using harness = await flow({
      script: [{ calls: [{ tool: "exec", input: { command: "ls" } }] }, { text: "[[reply_to_current]] Two files." }],
    });
    const { outcome } = await harness.ask({ text: "how many files?" });
    await harness.sentCount(1);
    assert.equal(outcome.status, "done");
    assert.deepEqual(
      harness.sent.map((message) => message.text),
      ["Two files."],
    );
  });

  test("AG-022 that needs no answer gets none", async () => {
    await using harness = await flow({ script: [{ text: "NO_REPLY" }] });
    const { outcome } = await harness.ask({ text: "fyi" });
    assert.deepEqual([outcome.status, harness.sent], ["done", []]);
  });

  test("/stop ends what runs, at once, and the session goes on", async () => {
    const started = Promise.withResolvers<void>();
    const models = createScriptedModels((_call, at) => {
      started.resolve();
      return at === 0 ? { hang: "thinking" } : { text: "here again" };
    });
    await using harness = await flow({ models });
    const { runId } = await harness.pipeline.handle(envelopeOf({ text: "think hard" }));
    await started.promise;
    assert.equal((await harness.ask({ text: "/stop" })).outcome.status, "done");
    assert.equal((await harness.pipeline.wait(runId, AbortSignal.timeout(5_000))).outcome.status, "cancelled");
    const next = await harness.ask({ text: "hello?" });
    assert.equal(next.outcome.status === "done" && next.outcome.text, "here again");
  });

  test("whose process dies while a tool runs is answered by the next one, and the tool is not run again", async () => {
    const started = Promise.withResolvers<void>();
    const ran: string[] = [];
    const run = (command: string): Promise<string> => {
      ran.push(command);
      started.resolve();
      return new Promise(() => undefined);
    };
    const models = createScriptedModels((call) =>
      JSON.stringify(call.prompt).includes("was restarted while this ran")
        ? { text: "I cannot say whether it took effect." }
        : { calls: [{ tool: "exec", input: { command: "launch" } }] },
    );
    const options = { models, sandbox: { run } };
    const first = await flow(options);
    const { runId } = await first.pipeline.handle(envelopeOf({ text: "launch it" }));
    await started.promise;
    await using second = await first.restart();
    const { outcome } = await second.pipeline.wait(runId, AbortSignal.timeout(5_000));
    assert.equal(outcome.status === "done" && outcome.text, "I cannot say whether it took effect.");
    await second.sentCount(1);
    assert.deepEqual(ran, ["launch"]);
  });
});
