import assert from "node:assert/strict";
import { test } from "node:test";
import { openai } from "../../plugins/openai/openai.ts";
import { rehearsal } from "../../plugins/rehearsal/rehearsal.ts";
import type { ModelCall } from "../../src/model/model.ts";
import {
  both,
  callOf,
  collect,
  createTestModels,
  finishOf,
  testSettings,
  failureOf,
  startPair,
} from "../faux/models.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxReply } from "../faux/provider.ts";

const ok: FauxReply = { text: "Hello." };

test("cancelling closes the provider's connection at once and counts what it cost", async (t) => {
  const { models, first } = await startPair(t, [{ text: "A long answer that never ends.", broken: "stall_midway" }]);
  const controller = new AbortController();
  const seen: string[] = [];
  const run = async (call: ModelCall): Promise<void> => {
    for await (const event of models.stream(call, controller.signal)) {
      seen.push(event.type);
      if (event.type === "text") controller.abort();
    }
  };
  const error = await failureOf(run(callOf(both)));
  assert.equal(error.code, "cancelled");
  assert.deepEqual(seen, ["attempt", "text", "spent"]);
  assert.equal(await first.requests[0]?.left, true);
});

test("a listener that leaves closes the provider's connection", async (t) => {
  const { models, first } = await startPair(t, [{ text: "A long answer that never ends.", broken: "stall_midway" }]);
  for await (const event of models.stream(callOf(both), new AbortController().signal)) {
    if (event.type === "text") break;
  }
  assert.equal(await first.requests[0]?.left, true);
});

test("after a partial answer a new attempt is announced, so that what was shown can be taken back", async (t) => {
  const { models } = await startPair(t, [{ text: "Half an answer", broken: "truncate" }]);
  const events = await collect(models, callOf(both));
  const types = events.map((event) => (event.type === "attempt" ? `attempt ${event.provider}` : event.type));
  assert.deepEqual(
    types.filter((type, index) => type !== types[index - 1]),
    ["attempt first", "text", "spent", "attempt first", "text", "spent", "attempt second", "text", "finish"],
  );
});

test("a whole call has one deadline", async (t) => {
  const { first } = await startPair(t, [{ broken: "stall" }]);
  const providers = [{ id: "first", api: "openai-completions" as const, baseUrl: `${first.url}/v1` }];
  const { models } = createTestModels({ providers, timeouts: { callMs: 100 } });
  const error = await failureOf(collect(models, callOf(["first/m"])));
  assert.deepEqual([error.code, error.message], ["timeout", "no model has answered within 0 s"]);
});

test("COST-013 a long list of fallbacks is not tried beyond the attempts that are allowed", async () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const providers = names.map((id) => ({ id, api: "openai-completions" as const, baseUrl: "http://127.0.0.1:9/v1" }));
  const { models, sent } = createTestModels({ providers });
  const error = await failureOf(collect(models, callOf(names.map((name) => `${name}/m`))));
  assert.deepEqual(
    sent.map(({ resource }) => resource.provider),
    ["a", "b", "c", "d"],
  );
  assert.deepEqual(
    error.details?.attempts,
    ["a", "b", "c", "d"].map((name) => ({ model: `${name}/m`, reason: "network", status: null })),
  );
});

test("a call that is cancelled before it begins asks nobody", async (t) => {
  const { models, sent } = await startPair(t, [ok]);
  const error = await failureOf(collect(models, callOf(both), AbortSignal.abort()));
  assert.deepEqual([error.code, sent.length], ["cancelled", 0]);
});

test("new settings count from the next call on", async (t) => {
  const { models, first } = await startPair(t, [ok]);
  models.replaceSettings(
    testSettings({ providers: [{ id: "new", api: "openai-completions", baseUrl: `${first.url}/v1` }] }),
  );
  await assert.rejects(collect(models, callOf(["first/m"])), { code: "not_found" });
  assert.equal((await finishOf(models, callOf(["new/m"]))).provider, "new");
});

test("only the library of a provider that is asked is loaded, and once", async () => {
  const loads: string[] = [];
  const shipped = [...(openai.providers ?? []), ...(rehearsal.providers ?? [])];
  const definitions = shipped.map((definition) => ({
    ...definition,
    load: () => {
      loads.push(...definition.apis);
      return definition.load();
    },
  }));
  const providers = [
    { id: "rehearsal", api: "rehearsal" as const, baseUrl: "" },
    { id: "openai", api: "openai-responses" as const, baseUrl: "http://127.0.0.1:9/v1" },
  ];
  const { models } = createTestModels({ providers, definitions });
  assert.deepEqual(loads, []);
  await Promise.all([1, 2, 3].map(() => finishOf(models, callOf(["rehearsal/rehearsal"]))));
  assert.deepEqual(loads, ["rehearsal"]);
});

test("a format that no plugin speaks is an error that says so", async () => {
  const providers = [{ id: "p", api: "openai-completions" as const, baseUrl: "http://127.0.0.1:9/v1" }];
  const error = await failureOf(collect(createTestModels({ providers, definitions: [] }).models, callOf(["p/m"])));
  assert.match(error.message, /no plugin speaks openai-completions, which provider p is set to/);
});

test("a provider is asked for its models in its own format", async (t) => {
  const faux = await startFauxProvider({ models: ["a", "b"] });
  t.after(() => faux.close());
  const providers = [
    { id: "chat", api: "openai-completions" as const, baseUrl: `${faux.url}/v1` },
    { id: "google", api: "google-generative-ai" as const, baseUrl: `${faux.url}/v1beta` },
    { id: "anthropic", api: "anthropic-messages" as const, baseUrl: faux.url },
  ];
  const { models } = createTestModels({ providers });
  const { signal } = new AbortController();
  for (const { id } of providers) assert.deepEqual(await models.available(id, callOf([]), signal), ["a", "b"]);
  await assert.rejects(models.available("nobody", callOf([]), signal), { code: "not_found" });
});

test("without a model the caller is told what to do, and nothing is tried", async () => {
  const error = await failureOf(collect(createTestModels({ providers: [] }).models, callOf([])));
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /^no model is configured: run `lorica onboard`/);
});
