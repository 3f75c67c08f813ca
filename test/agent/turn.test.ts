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
    assert.deepEqual(
      (await agent.store.usage.totals(0)).map((total) => total.calls),
      [2],
    );
  });

  test("AG-003 shows what streams: the text so far, what is new, and the tools", async () => {
    await using agent = await openTestAgent({
      script: [{ calls: [{ tool: "exec", input: { command: "ls" }, callId: "the-call" }] }, { text: "Hello there." }],
      sandbox: { run: () => "a" },
    });
    const { events } = await agent.say("hi");
    const texts = events.flatMap((event) => (event.type === "text" ? [event] : []));
    assert.equal(texts.at(-1)?.text, "Hello there.");
    assert.equal(texts.map((event) => event.delta).join(""), "Hello there.");
    const tool = { callId: "the-call", tool: "exec" };
    assert.deepEqual(
      events.filter((event) => event.type !== "text"),
      [
        { type: "model", provider: "faux", model: "one" },
        { type: "usage", usage: spentUsage },
        { type: "tool_started", ...tool, input: { command: "ls" } },
        { type: "tool_progress", ...tool, text: "a" },
        { type: "tool_finished", ...tool, text: "a", outcome: "ok" },
        { type: "model", provider: "faux", model: "one" },
        { type: "usage", usage: spentUsage },
      ],
    );
  });

  test("RT-008 tells its hooks of models and tools as they happen", async () => {
    await using agent = await openTestAgent({
      script: [{ calls: [{ tool: "exec", input: { command: "ls" } }] }, { text: "Done." }],
    });
    const { turn } = await agent.say("hi");
    const asked = { point: "model.requested", turnId: turn.id, model: "faux/one" };
    assert.deepEqual(agent.hooks, [
      asked,
      { point: "tool.requested", turnId: turn.id, tool: "exec" },
      { point: "tool.finished", turnId: turn.id, tool: "exec", outcome: "ok" },
      asked,
    ]);
  });

  test("COST-003 books failed attempts and answers, and their sum is the turn's", async () => {
    await using agent = await openTestAgent({ script: [{ text: "Hi.", spent: { ...spentUsage, inputTokens: 7 } }] });
    const { outcome } = await agent.say("hi");
    assert.deepEqual(outcome.usage, { ...spentUsage, inputTokens: 107, outputTokens: 20, costMicros: 100 });
    const [total] = await agent.store.usage.totals(0);
    assert.deepEqual([total?.calls, total?.inputTokens], [2, 107]);
  });

  test("takes in what joins it before it asks again", async () => {
    await using agent = await openTestAgent({
      script: [{ calls: [{ tool: "exec", input: { command: "ls" } }] }, { text: "Yes." }],
    });
    let asked = 0;
    const { turn } = await agent.say("start", {
      async takeJoined(turn) {
        asked += 1;
        if (asked !== 2) return;
        const body = { kind: "user", text: "and hurry", media: [], from: "owner", inboxId: "i2" } as const;
        await agent.store.turns.join(
          turn.id,
          [],
          [{ windowId: turn.windowId, turnId: turn.id, label: turn.label, body }],
        );
      },
    });
    const last = agent.models.calls[1]?.prompt.at(-1);
    assert.equal(last?.role === "user" && JSON.stringify(last.content).includes("and hurry"), true);
    assert.equal((await agent.entries(turn.windowId)).length, 6);
  });

  test("AG-001 AG-016 several agents run side by side, each with its own model, name, tools and context", async () => {
    const models = createScriptedModels((call) => ({ text: `${call.agentId} answers` }));
    const candidates = (agentId: string): readonly string[] => [`faux/${agentId}`];
    const ids = Array.from({ length: 8 }, (_, at) => `a${at}`);
    const minimal = { profile: "minimal", allow: undefined, deny: [] } as const;
    await using agent = await openTestAgent({
      models: { ...models, candidates },
      others: Object.fromEntries(
        ids.map((id, at) => [
          id,
          { name: `name-of-${id}`, ...(at % 2 === 0 ? {} : { tools: { owner: minimal, others: minimal } }) },
        ]),
      ),
    });
    const ran = await Promise.all(ids.map((agentId) => agent.say(`secret-of-${agentId}`, { agentId })));
    assert.deepEqual(
      ran.map(({ outcome }) => outcome.status === "done" && outcome.text),
      ids.map((id) => `${id} answers`),
    );
    const seen = models.calls.map((call) => ({
      id: call.agentId,
      model: call.candidates,
      names: [...new Set(JSON.stringify(call.prompt).match(/(?:name|secret)-of-a\d/g))],
      tools: call.tools.length,
    }));
    assert.deepEqual(
      seen.toSorted((left, right) => left.id.localeCompare(right.id)),
      ids.map((id, at) => ({
        id,
        model: [`faux/${id}`],
        names: [`name-of-${id}`, `secret-of-${id}`],
        tools: at % 2 === 0 ? 3 : 1,
      })),
    );
  });

  test("of an agent that config no longer has ends with what to do", async () => {
    await using agent = await openTestAgent();
    const { outcome } = await agent.say("hi", { agentId: "gone" });
    assert.deepEqual(outcome.status === "failed" && [outcome.code, outcome.message], [
      "not_found",
      "no agent is called gone: see agents.list in the config",
    ]);
  });
});

suite("a turn that goes wrong", () => {
  test("ends with the model's error, an id that is in the log, and the session goes on", async () => {
    const error = new LoricaError("upstream", "faux: 500");
    await using agent = await openTestAgent({ script: [{ error, spent: spentUsage }, { text: "Back." }] });
    const failed = await agent.say("hi");
    const [report] = agent.reports;
    assert.deepEqual(failed.outcome, {
      status: "failed",
      code: "upstream",
      message: "faux: 500",
      id: report?.id,
      usage: spentUsage,
    });
    assert.equal(report?.error, error);
    const next = await agent.say("again");
    assert.equal(next.outcome.status === "done" && next.outcome.text, "Back.");
    assert.deepEqual(
      agent.models.calls[1]?.prompt.slice(1).map((message) => message.role),
      ["user", "assistant", "user"],
    );
  });

  test("keeps the particulars of our own faults to the log", async () => {
    await using agent = await openTestAgent({
      script: [{ error: new TypeError("x is not a function at /secret/path") }],
    });
    const { outcome } = await agent.say("hi");
    const id = agent.reports[0]?.id ?? "";
    assert.equal(
      outcome.status === "failed" && outcome.message,
      `something went wrong inside; the log has it under ${id}`,
    );
  });

  test("says that no model is configured", async () => {
    await using agent = await openTestAgent({ models: createScriptedModels([], []) });
    const { outcome } = await agent.say("hi");
    assert.equal(outcome.status === "failed" && outcome.code, "unavailable");
  });

  test("takes an empty answer for an error, but not after it has spoken", async () => {
    await using agent = await openTestAgent({
      script: [{}, { text: "Found it.", calls: [{ tool: "exec", input: { command: "ls" } }] }, {}],
    });
    const empty = await agent.say("hi");
    assert.equal(empty.outcome.status === "failed" && empty.outcome.code, "upstream");
    const spoken = await agent.say("hi");
    assert.equal(spoken.outcome.status === "done" && spoken.outcome.text, "Found it.");
  });

  test("AG-017 is cancelled at once while a model streams, and keeps what was said", async () => {
    await using agent = await openTestAgent({ script: [{ hang: "Once upon a" }, { text: "time." }] });
    const leave = new AbortController();
    const ran = await agent.say("tell", {
      signal: leave.signal,
      emit: (event) => event.type === "text" && event.text !== "" && leave.abort(),
    });
    assert.equal(ran.outcome.status, "cancelled");
    await agent.say("go on");
    const [, , said] = agent.models.calls[1]?.prompt ?? [];
    assert.deepEqual(said, { role: "assistant", content: [{ type: "text", text: "Once upon a" }] });
  });

  test("AG-017 is cancelled at once while a tool runs, kills it and says so in the journal", async () => {
    let killed = false;
    const leave = new AbortController();
    await using agent = await openTestAgent({
      script: [{ calls: [{ tool: "exec", input: { command: "sleep" } }] }],
      sandbox: {
        run: (_command, signal) => {
          signal.addEventListener("abort", () => (killed = true));
          leave.abort();
          return new Promise<string>(() => undefined);
        },
      },
    });
    const { outcome, turn } = await agent.say("wait", { signal: leave.signal });
    const result = (await agent.entries(turn.windowId)).at(-1)?.body;
    assert.deepEqual(
      [outcome.status, killed, result?.kind === "tool_result" && result.outcome],
      ["cancelled", true, "cancelled"],
    );
  });

  test("AG-017 ends in time, whatever hangs", async () => {
    await using agent = await openTestAgent({ script: [{ hang: "…" }] });
    const { outcome } = await agent.say("hi", { request: { timeoutMs: 20 } });
    assert.deepEqual(outcome.status === "failed" && [outcome.code, outcome.message], [
      "timeout",
      "the time limit of 20 ms passed",
    ]);
  });

  test("AG-017 makes so many steps and no more", async () => {
    const models = createScriptedModels((_call, at) => ({
      calls: [{ tool: "exec", input: { command: `step ${at}` } }],
    }));
    await using agent = await openTestAgent({ models });
    const { outcome } = await agent.say("for ever");
    assert.equal(outcome.status === "failed" && outcome.code, "too_large");
    assert.equal(models.calls.length, limits.turnStepsMax);
  });

  test("AG-017 runs so many tool calls and no more, and the model is told", async () => {
    const most = limits.turnToolCallsMax;
    const calls = Array.from({ length: most + 2 }, (_, at) => ({ tool: "exec", input: { command: `c${at}` } }));
    await using agent = await openTestAgent({ script: [{ calls }, { text: "Enough." }] });
    const { outcome } = await agent.say("a lot");
    assert.equal(outcome.status, "done");
    assert.equal(agent.sandbox.actions.length, most);
    assert.match(JSON.stringify(agent.models.calls[1]?.prompt.at(-1)), /at most 128 tool calls/);
  });

  test("AG-017 warns a model that goes in circles, then ends the turn", async () => {
    const models = createScriptedModels(() => ({ calls: [{ tool: "exec", input: { command: "again" } }] }));
    await using agent = await openTestAgent({ models, sandbox: { run: () => "same" } });
    const { outcome } = await agent.say("loop");
    assert.deepEqual(outcome.status === "failed" && outcome.code, "conflict");
    assert.equal(models.calls.length, limits.loopRepeatsMax * 2);
    const warned = models.calls.findIndex((call) =>
      JSON.stringify(call.prompt).includes("the same call with the same result"),
    );
    assert.equal(warned, limits.loopRepeatsMax);
  });

  test("COST-016 refuses a prompt above the agent's cap before it is sent", async () => {
    await using agent = await openTestAgent({ script: [], profile: { promptTokensMax: 1_000 } });
    const { outcome } = await agent.say("word ".repeat(2_000));
    assert.deepEqual([outcome.status === "failed" && outcome.code, agent.models.calls.length], ["too_large", 0]);
  });

  test("caps the answer by agent and by request, whichever is less", async () => {
    await using agent = await openTestAgent({
      script: [{ text: "a" }, { text: "b" }],
      profile: { outputTokensMax: 500 },
      models: createScriptedModels([{ text: "a" }, { text: "b" }], [testModel]),
    });
    await agent.say("hi");
    await agent.say("hi", { request: { outputTokensMax: 100 } });
    assert.deepEqual(
      agent.models.calls.map((call) => call.outputTokensMax),
      [500, 100],
    );
  });
});
