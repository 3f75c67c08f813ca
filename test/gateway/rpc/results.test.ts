import assert from "node:assert/strict";
import { test } from "node:test";
import { openEdge } from "../../faux/edge.ts";
import { upstreamErrors } from "../../faux/ws/schemas.ts";

const file = { name: "SOUL.md", text: "kind", bytes: 4, sha256: "a".repeat(64) };
const tail = { file: "gateway.jsonl", cursor: 4, size: 4, lines: ["one"], truncated: false, reset: false };

/** Method, params, and the schema that upstream's clients have for its answer. */
const answers: readonly (readonly [method: string, params: object, schema: string])[] = [
  ["agents.list", {}, "AgentsListResult"],
  ["agent.identity.get", {}, "AgentIdentityResult"],
  ["agents.files.list", { agentId: "main" }, "AgentsFilesListResult"],
  ["agents.files.get", { agentId: "main", name: "SOUL.md" }, "AgentsFilesGetResult"],
  ["agents.files.set", { agentId: "main", name: "SOUL.md", content: "x" }, "AgentsFilesSetResult"],
  ["chat.message.get", { sessionKey: "main", messageId: "none" }, "ChatMessageGetResult"],
  ["chat.history", { sessionKey: "main", cursor: "gone:1" }, "ChatHistoryCursorResult"],
  ["commands.list", {}, "CommandsListResult"],
  ["config.schema", {}, "ConfigSchemaResponse"],
  ["config.schema.lookup", { path: "session.reset" }, "ConfigSchemaLookupResult"],
  ["logs.tail", {}, "LogsTailResult"],
  ["models.list", {}, "ModelsListResult"],
  ["question.list", {}, "QuestionListResult"],
  ["sessions.create", { key: "made", label: "Made" }, "SessionsCreateResult"],
  ["sessions.resolve", { label: "Made" }, "SessionsResolveResult"],
  ["sessions.resolve", { label: "none", allowMissing: true }, "SessionsResolveResult"],
  ["system.info", {}, "SystemInfoResult"],
  ["taskSuggestions.list", {}, "TaskSuggestionsListResult"],
  ["update.status", {}, "UpdateStatusResult"],
];

/** 2026.9.6 has them in the answers about one file and about the machine; the newest published schemas are of 2026.9.1. */
const newer = /"additionalProperties":\["(?:hash|processMemory)"\]/;

test("what the methods answer fits the schemas of upstream's clients", async (t) => {
  const edge = await openEdge(t, {
    remote: { tailLog: async () => tail },
    workspace: { read: async () => [file], write: async () => undefined },
  });
  const client = await edge.connect();
  for (const [method, params, schema] of answers)
    assert.deepEqual(
      upstreamErrors(schema, await client.request(method, params)).filter((error) => !newer.test(error)),
      [],
      method,
    );
  for (const entry of (await client.request("system-presence", {})) as unknown[])
    assert.deepEqual(upstreamErrors("PresenceEntry", entry), [], "system-presence");
  client.end();
});
