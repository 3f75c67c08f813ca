// What this installation calls itself towards others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { channelIdentity, listIdentities, providerIdentity } from "../../../src/config/identity/outgoing.ts";
import { loadGood, problemsOf, refuses } from "../harness.ts";

test("ID-001 ID-004 ID-006 ID-012 each host is told what the config says, and nothing where that is empty", async () => {
  const { config } = await loadGood({});
  assert.deepEqual(providerIdentity(config, "openai", "9.9"), { "user-agent": "lorica/9.9" });
  assert.deepEqual(providerIdentity(config, "openrouter", "9.9"), {
    "user-agent": "lorica/9.9",
    "http-referer": "https://openclaw.ai",
    "x-title": "OpenClaw",
  });
  assert.deepEqual(providerIdentity(config, "minimax", "9.9"), {
    "user-agent": "lorica/9.9",
    "mm-api-source": "OpenClaw",
  });
  assert.deepEqual(channelIdentity(config), { "user-agent": "OpenClaw-Gateway/1.0" });
  const silent = { userAgent: "", mediaUserAgent: "", referer: "", title: "" };
  const quiet = (await loadGood({ identity: silent })).config;
  for (const id of ["openai", "openrouter", "perplexity", "minimax"])
    assert.deepEqual(providerIdentity(quiet, id, "9.9"), {});
  assert.deepEqual(channelIdentity(quiet), {});
});

test("ID-011 GAP-037 nobody is told that we are another product", async () => {
  for (const key of ["userAgent", "mediaUserAgent", "referer", "title"])
    await refuses(
      `identity.${key}`,
      /another product's name/,
      "GitHubCopilotChat/0.26.7",
      "CodexBar",
      "antigravity/1.0",
      "Mozilla/5.0 Chrome/122",
    );
  assert.deepEqual(await problemsOf({ identity: { userAgent: "my-house/2" } }), []);
  assert.match((await problemsOf({ identity: { title: "a\r\nx: y" } })).join(), /characters that no header can/);
});

test("ID-012 GAP-036 every host that the config names is listed, with the owner's own headers first", async () => {
  const { config } = await loadGood({
    models: { providers: { openrouter: { headers: { "X-Title": "Mine" } } } },
    channels: { telegram: { enabled: true } },
  });
  assert.deepEqual(listIdentities(config, "9.9"), [
    {
      host: "openrouter.ai",
      headers: { "user-agent": "lorica/9.9", "http-referer": "https://openclaw.ai", "x-title": "Mine" },
    },
    { host: "api.telegram.org", headers: { "user-agent": "OpenClaw-Gateway/1.0" } },
  ]);
});
