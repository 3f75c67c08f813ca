import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { LanguageModelV4Message } from "@ai-sdk/provider";
import fc from "fast-check";
import { createRenderer } from "../../../src/agent/context/envelope.ts";
import { encodeHistory } from "../../../src/agent/context/history.ts";
import { drawPruneLine } from "../../../src/agent/context/prune.ts";
import { createEstimator } from "../../../src/agent/context/tokens.ts";
import { visibleEntries } from "../../../src/agent/context/visible.ts";
import { defaultProfile } from "../../../src/agent/agent.ts";
import type { EntryBody } from "../../../src/base/transcript.ts";
import type { Entry } from "../../../src/store/store.ts";
import { assistant, entriesOf, user } from "./conversation.ts";

const pruning = defaultProfile.pruning;

const callPart = (callId: string) => ({ type: "tool_call", callId, tool: "exec", input: { command: callId } }) as const;
const begun = (callId: string): EntryBody => ({ kind: "tool_call", callId, tool: "exec", input: {} });
const result = (callId: string, text = `out of ${callId}`): EntryBody => ({
  kind: "tool_result",
  callId,
  tool: "exec",
  text,
  media: [],
  outcome: "ok",
  durationMs: 1,
});

function encode(entries: readonly Entry[], change: { readonly provider?: string; readonly turnId?: string } = {}) {
  const { provider = "faux", turnId = "now" } = change;
  const line = { clearBefore: 0, trimBefore: 0 };
  return encodeHistory(visibleEntries(entries, turnId), {
    turnId,
    provider,
    renderer: createRenderer(),
    media: { parts: () => [] },
    line,
    pruning,
  });
}

const textsOf = (messages: readonly LanguageModelV4Message[]): readonly string[] =>
  messages.map((message) => `${message.role}: ${JSON.stringify(message.content)}`);

suite("the history", () => {
  test("AG-021 answers a call that has no result, and says whether it was begun", () => {
    const messages = encode(
      entriesOf(
        ["t1", user("go")],
        ["t1", assistant(callPart("c1"), callPart("c2"))],
        ["t1", begun("c1")],
        ["t2", user("and?")],
      ),
    );
    assert.deepEqual(messages[2], {
      role: "tool",
      content: [
        {
          type: "tool-result",
          toolCallId: "c1",
          toolName: "exec",
          output: {
            type: "error-text",
            value: "No result was recorded: the turn ended while this ran. Whether it took effect is not known.",
          },
        },
        {
          type: "tool-result",
          toolCallId: "c2",
          toolName: "exec",
          output: { type: "error-text", value: "This call was not run: the turn ended before it." },
        },
      ],
    });
  });

  test("AG-021 of any part of any journal is one that providers take", () => {
    const whole = entriesOf(
      ["t1", user("one")],
      ["t1", assistant({ type: "text", text: "a" }, callPart("c1"), callPart("c2"))],
      ["t1", begun("c1")],
      ["t1", user("joined")],
      ["t1", result("c1")],
      ["t1", result("c2")],
      ["t1", assistant(callPart("c1"))],
      ["t1", result("c1", "again")],
      ["t1", assistant({ type: "text", text: " " })],
      ["t2", user("two")],
      [
        "t2",
        {
          ...(assistant({ type: "text", text: "half" }) as Extract<EntryBody, { kind: "assistant" }>),
          stopReason: "cancelled",
        },
      ],
      ["t3", user("/status")],
      ["t3", { kind: "note", text: "status" }],
      ["t4", user("four")],
      ["t4", assistant({ type: "text", text: "end" })],
      ["now", user("now")],
    );
    fc.assert(
      fc.property(fc.subarray([...whole], { minLength: 1 }), (entries) => {
        const messages = encode(entries);
        messages.forEach((message, at) => {
          if (message.role === "tool") assert.equal(messages[at - 1]?.role, "assistant");
          if (message.role === "user") assert.notEqual(messages[at - 1]?.role, "user");
          assert.notEqual(message.content.length, 0);
          const calls = message.role === "assistant" ? message.content.filter((part) => part.type === "tool-call") : [];
          if (calls.length === 0) return;
          const answers = messages[at + 1];
          assert.deepEqual(
            answers?.role === "tool" && answers.content.map((part) => part.type === "tool-result" && part.toolCallId),
            calls.map((part) => part.type === "tool-call" && part.toolCallId),
          );
        });
      }),
      { numRuns: 2_000 },
    );
  });

  test("sends what a provider signed back to it, and to no other", () => {
    const provider = { faux: { signature: "s1" } };
    const entries = entriesOf(
      ["t1", user("go")],
      [
        "t1",
        assistant(
          { type: "reasoning", text: "hm", provider },
          { type: "text", text: "a" },
          { ...callPart("c1"), provider },
        ),
      ],
      ["t1", result("c1")],
    );
    const own = encode(entries)[1];
    assert.deepEqual(own?.content, [
      { type: "reasoning", text: "hm", providerOptions: provider },
      { type: "text", text: "a" },
      { type: "tool-call", toolCallId: "c1", toolName: "exec", input: { command: "c1" }, providerOptions: provider },
    ]);
    assert.deepEqual(encode(entries, { provider: "other" })[1]?.content, [
      { type: "text", text: "a" },
      { type: "tool-call", toolCallId: "c1", toolName: "exec", input: { command: "c1" } },
    ]);
  });

  test("AG-011 gives each message a header of ours, with the time since the one before", () => {
    const messages = encode(
      entriesOf(["t1", user("one")], ["t1", assistant({ type: "text", text: "a" })], ["t2", user("System: two")]),
    );
    assert.deepEqual(textsOf(messages), [
      'user: [{"type":"text","text":"[#000000 cli owner 1970-01-01 00:00Z]"},{"type":"text","text":"one"}]',
      'assistant: [{"type":"text","text":"a"}]',
      'user: [{"type":"text","text":"[#000002 cli owner 1970-01-01 02:00Z +2h]"},{"type":"text","text":"> System: two"}]',
    ]);
  });

  test("shows neither commands nor what was cancelled and then said anew, and keeps turns apart", () => {
    const cancelled = {
      ...(assistant({ type: "text", text: "ha" }) as Extract<EntryBody, { kind: "assistant" }>),
      stopReason: "cancelled" as const,
    };
    const messages = encode(
      entriesOf(
        ["t1", user("/status")],
        ["t1", { kind: "note", text: "all is well" }],
        ["t2", user("lost")],
        ["now", user("found")],
        ["now", cancelled],
      ),
    );
    assert.deepEqual(textsOf(messages), [
      'user: [{"type":"text","text":"[#000002 cli owner 1970-01-01 02:00Z]"},{"type":"text","text":"lost"}]',
      'assistant: [{"type":"text","text":"(This was not answered.)"}]',
      'user: [{"type":"text","text":"[#000003 cli owner 1970-01-01 03:00Z +60m]"},{"type":"text","text":"found"}]',
    ]);
  });
});

suite("COST-007 pruning", () => {
  const long = entriesOf(
    ...Array.from({ length: 60 }, (_, at) => [
      [`t${at}`, user(`message ${at}`)] as const,
      [`t${at}`, assistant(callPart(`c${at}`))] as const,
      [`t${at}`, result(`c${at}`, `head ${"x".repeat(9_000)} tail`)] as const,
    ]).flat(),
  );
  const options = { contextTokens: 100_000, estimator: createEstimator(), settings: pruning };

  test("COST-009 moves its line in steps, only forward, and never over what is recent", () => {
    const lines = long.map((_entry, at) => drawPruneLine(long.slice(0, at + 1), options));
    const steps = lines.filter((line, at) => line.trimBefore !== lines[at - 1]?.trimBefore);
    assert.equal(steps.length < 12, true, `${steps.length} steps`);
    assert.deepEqual(
      steps.map((line) => line.trimBefore),
      steps.map((line) => line.trimBefore).toSorted((a, b) => a - b),
    );
    lines.forEach((line, at) => {
      const recent = long.slice(0, at + 1).filter((entry) => entry.seq >= line.trimBefore);
      const all = options.estimator.entries(long.slice(0, at + 1));
      assert.equal(options.estimator.entries(recent) >= Math.min(all, 27_000), true);
    });
  });

  test("COST-007 trims old results, then clears them, and leaves the newest whole", () => {
    const line = drawPruneLine(long, options);
    const messages = encodeHistory(visibleEntries(long, "now"), {
      turnId: "now",
      provider: "faux",
      renderer: createRenderer(),
      media: { parts: () => [] },
      line,
      pruning,
    });
    const values = messages.flatMap((message) =>
      message.role === "tool"
        ? message.content.map((part) =>
            part.type === "tool-result" && part.output.type === "text" ? part.output.value.length : 0,
          )
        : [],
    );
    assert.equal(values.at(-1), 9_010);
    assert.deepEqual(
      [...new Set(values)].map((length) => (length < 100 ? "cleared" : length < 4_000 ? "trimmed" : "whole")),
      ["cleared", "trimmed", "whole"],
    );
  });

  test("is off where the agent says so", () => {
    assert.deepEqual(drawPruneLine(long, { ...options, settings: { ...pruning, enabled: false } }), {
      clearBefore: 0,
      trimBefore: 0,
    });
  });
});
