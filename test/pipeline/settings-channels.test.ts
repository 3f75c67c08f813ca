// The config's words on channels, as the pipeline and the channels are told them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessSettings, channelAccounts, channelTokensAt } from "../../src/assembly/settings/channels.ts";
import { loadGood } from "../config/harness.ts";

const load = async () =>
  (
    await loadGood({
      channels: { telegram: { enabled: true, accounts: { work: {} }, botToken: "1:a" } },
      messages: { groupChat: { mentionPatterns: ["(a+)+$", "\\bjarvis\\b"] } },
    })
  ).config;

test("an account begins anew when its token is stored anew, and only that one's time changes", async () => {
  const config = await load();
  const secret = "channel:telegram.work.bottoken";
  const tokensAt = channelTokensAt(config, [
    { name: secret, updatedAt: 5 },
    { name: "provider:openai", updatedAt: 6 },
  ]);
  assert.deepEqual(tokensAt, { "telegram/work": 5 });
  assert.deepEqual(
    channelAccounts({ config, tokensAt }, "telegram").map(({ id, credentialAt }) => [id, credentialAt]),
    [
      ["default", undefined],
      ["work", 5],
    ],
  );
});

test("what counts as a mention is the owner's, in any case, and costs little whatever anybody writes", async () => {
  const { mentions } = accessSettings(await load());
  assert.deepEqual(
    ["Jarvis, hello", "jarvistown", `${"a".repeat(900)}! jarvis`, `${"b ".repeat(500)} jarvis`].map((text) =>
      mentions?.(text),
    ),
    [true, false, false, false],
  );
});
