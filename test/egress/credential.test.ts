import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialHeaders, renderResponseHeaders } from "../../src/egress/route/headers.ts";

const provider = {
  baseUrl: "http://127.0.0.1/v1",
  credential: "bearer",
  secret: "provider:test",
  ownerNamed: true,
} as const;
const use = { url: "http://127.0.0.1/v1/models", method: "GET" };

test("a placeholder for a key is sent, and is not sought in ordinary words that come back", async () => {
  const { headers, values } = await credentialHeaders(provider, async () => "x", use);
  assert.deepEqual({ headers, values }, { headers: { authorization: "Bearer x" }, values: [] });
  assert.deepEqual(renderResponseHeaders({ "content-type": "text/x-exec" }, values), { "content-type": "text/x-exec" });
});

test("PRV-025 a key that can be told from words is sent, and sought in what comes back", async () => {
  const { headers, values } = await credentialHeaders(provider, async () => "sk-12345", use);
  assert.deepEqual({ headers, values }, { headers: { authorization: "Bearer sk-12345" }, values: ["sk-12345"] });
});
