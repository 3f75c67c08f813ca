// Whole turns through the real models and their plugins, against servers that speak the real formats.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ModelApi } from "../../src/model/model.ts";
import { openTestAgent } from "../faux/agent.ts";
import type { Ran } from "../faux/agent.ts";
import { createTestModels } from "../faux/models.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxReply, FauxRequest } from "../faux/provider.ts";

const formats: readonly { readonly api: ModelApi; readonly path: string; readonly field: string }[] = [
  { api: "anthropic-messages", path: "/v1", field: "messages" },
  { api: "openai-completions", path: "/v1", field: "messages" },
  { api: "openai-responses", path: "/v1", field: "input" },
  { api: "google-generative-ai", path: "/v1beta", field: "contents" },
];

const script: readonly FauxReply[] = [
  {
    thinking: { text: "Which files?", signature: "c2lnbmVk" },
    text: "Looking.",
    calls: [
      { id: "call_1", name: "read", input: '{"path":"a"}' },
      { id: "call_2", name: "exec", input: '{"command":"ls"}' },
    ],
  },
  { calls: [{ id: "call_1", name: "exec", input: '{"command":7}' }] },
  { text: "Two files." },
  { text: "Bye." },
];

const textOf = ({ outcome }: Ran): string => (outcome.status === "done" ? outcome.text : JSON.stringify(outcome));

suite("a turn over the wire", () => {
  for (const { api, path, field } of formats)
    test(`AG-002 COST-009 in ${api}: tools run, arguments that do not fit are told, and each request begins like the one before`, async (t) => {
      const faux = await startFauxProvider({ script });
      t.after(() => faux.close());
      const { models } = createTestModels({
        providers: [{ id: "p", api, baseUrl: `${faux.url}${path}` }],
        defaults: { main: ["p/m"] },
      });
      await using agent = await openTestAgent({ models, files: { "AGENTS.md": "Be kind." } });
      assert.deepEqual(
        [textOf(await agent.say("which files?")), textOf(await agent.say("bye"))],
        ["Two files.", "Bye."],
      );
      const { windowId } = (await agent.store.sessions.find("agent:main:main")) ?? { windowId: "" };
      const outcomes = (await agent.entries(windowId)).flatMap(({ body }) =>
        body.kind === "tool_result" ? [body.outcome] : [],
      );
      assert.deepEqual(outcomes, ["ok", "ok", "error"]);
      assert.equal(faux.requests.length, 4);
      faux.requests.slice(1).forEach((request, at) => {
        const before = messagesOf(faux.requests[at], field);
        assert.deepEqual(messagesOf(request, field).slice(0, before.length), before);
      });
    });

  test("in the rehearsal model's own: it lists files by itself, and obeys grammar only where that is switched on", async () => {
    const { models } = createTestModels({
      providers: [{ id: "rehearsal", api: "rehearsal", baseUrl: "" }],
      defaults: { main: ["rehearsal/rehearsal"] },
    });
    await using agent = await openTestAgent({
      models,
      sandbox: { run: () => "counted: 2 files, 0 folders, 0 hidden\na\nb" },
    });
    assert.match(textOf(await agent.say("list the files here and count them")), /^There are 2 files here/);
    const driven = await agent.say('!call exec {"command":"date"}\n!say It ran.', {
      request: { rehearsal: { grammar: true } },
    });
    assert.equal(textOf(driven), "It ran.");
    assert.deepEqual(
      agent.sandbox.actions.map((action) => action.verb === "process.run" && action.resource.command).at(-1),
      "date",
    );
    const asked = await agent.say('!call exec {"command":"rm -rf /"}');
    assert.equal(agent.sandbox.actions.length, 2, textOf(asked));
  });
});

/**
 * The conversation as it was sent, without the marks that say how far a cache may reach and without unsigned thoughts:
 * a format that has only those is sent the running turn's and no older ones.
 */
function messagesOf(request: FauxRequest | undefined, field: string): readonly unknown[] {
  const text = JSON.stringify(request?.json[field] ?? [])
    .replaceAll(',"cache_control":{"type":"ephemeral"}', "")
    .replaceAll('"reasoning_content":"Which files?",', "")
    .replaceAll(',"reasoning_content":"Which files?"', "");
  return JSON.parse(text) as readonly unknown[];
}
