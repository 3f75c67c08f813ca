// What a conversation is made into is made once: the messages of earlier calls are the very same ones, and stay as they were.
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultProfile } from "../../../src/agent/agent.ts";
import { createRenderer } from "../../../src/agent/context/envelope.ts";
import { encodeHistory } from "../../../src/agent/context/history.ts";
import { visibleEntries } from "../../../src/agent/context/visible.ts";
import type { EntryBody } from "../../../src/base/transcript.ts";
import { createEstimator, estimateTokens } from "../../../src/model/estimate.ts";
import type { Entry } from "../../../src/store/store.ts";
import { assistant, entriesOf, user } from "./conversation.ts";

const thought = { type: "reasoning", text: "hm", provider: { faux: { signature: "s" } } } as const;

const bodies: readonly (readonly [string, EntryBody])[] = [
  ["t1", user("hello")],
  ["t1", assistant(thought, { type: "text", text: "hi" })],
  ["t2", user("look at this")],
  ["t2", { kind: "note", text: "a file came" }],
  ["t2", user("and at that")],
  ["t2", assistant({ type: "text", text: " " })],
  ["t2", assistant({ type: "text", text: "seen" })],
  ["t3", user("thanks")],
];
const entries = entriesOf(...bodies);

function encode(seen: readonly Entry[], renderer = createRenderer(), provider = "faux") {
  return encodeHistory(visibleEntries(seen, "now"), {
    turnId: "now",
    provider,
    renderer,
    media: { parts: () => [] },
    line: { clearBefore: 0, trimBefore: 0 },
    pruning: defaultProfile.pruning,
  });
}

test("COST-009 a growing conversation is encoded as if it were the first time, whichever provider comes between", () => {
  const renderer = createRenderer();
  for (let length = 1; length <= entries.length; length++)
    for (const provider of ["faux", "other", "faux"]) {
      const seen = entries.slice(0, length);
      assert.deepEqual(encode(seen, renderer, provider), encode(seen, createRenderer(), provider));
    }
});

test("messages of an earlier call are the very same ones in a later call", () => {
  const renderer = createRenderer();
  const [first, second] = [encode(entries.slice(0, 3), renderer), encode(entries, renderer)];
  assert.deepEqual(
    first.map((message, at) => message === second[at]),
    // The last one was joined with what came after it.
    [true, true, false],
  );
});

test("what a prompt weighs is the same whether or not its parts were weighed before", () => {
  const estimator = createEstimator();
  const renderer = createRenderer();
  const tools = ["read", "write"].map((name) => {
    return { type: "function", name, description: `to ${name}`, inputSchema: { type: "object" } } as const;
  });
  for (const length of [3, 8, 8]) {
    const prompt = encode(entries.slice(0, length), renderer);
    const size = estimator.measure(prompt, tools);
    assert.deepEqual(size, createEstimator().measure(structuredClone(prompt), structuredClone(tools)));
    assert.equal(estimator.estimate("s", size).tokens, estimateTokens(prompt, tools));
  }
  const { bytes } = estimator.measure([], tools);
  assert.equal(bytes, Buffer.byteLength(JSON.stringify(tools)));
});
