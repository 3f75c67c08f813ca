import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../src/base/json.ts";
import { webhookHosts } from "../../src/assembly/settings/channels.ts";
import { accepts, defaultsTo, issuesOf, loadGood, refuses, valueAt, waits } from "./harness.ts";

const telegram = async (settings: object) =>
  (await loadGood({ channels: { telegram: settings } } as never)).config.channels.telegram;

test("KEY-024 a channel that is not built cannot be switched on, and one that is unknown does not exist", async () => {
  assert.equal((await telegram({}))?.enabled, false);
  await accepts("channels.loopback.enabled", true);
  await accepts("channels.telegram.enabled", true);
  await refuses("channels.whatsapp.enabled", /not part of Lorica yet/, true);
  assert.match((await issuesOf({ channels: { telegarm: {} } })).join(), /channels.telegarm: no such key/);
});

test("KEY-025 strangers are paired unless told otherwise; open doors have to be meant", async () => {
  assert.equal((await telegram({}))?.dmPolicy, "pairing");
  await accepts("channels.telegram.dmPolicy", "pairing", "allowlist", "disabled");
  await refuses("channels.telegram.dmPolicy", /anybody could write[\s\S]*channels\.telegram\.dmPolicy=open/, "open");
  assert.equal((await telegram({ dm: { policy: "disabled" } }))?.dmPolicy, "disabled");
});

test("KEY-026 senders are ids, digit for digit; everybody has to be meant", async () => {
  assert.deepEqual(
    await valueAt(
      "{ channels: { discord: { allowFrom: [12345678901234567890, 'x'] } } }",
      "channels.discord.allowFrom",
    ),
    ["12345678901234567890", "x"],
  );
  await refuses("channels.telegram.allowFrom", /security.acknowledged/, ["*"]);
  await loadGood({
    channels: { telegram: { allowFrom: ["*"] } },
    security: { acknowledged: ["channels.telegram.allowFrom=*"] },
  });
});

test("KEY-027 KEY-028 KEY-029 KEY-030 a group policy written as an object becomes a word and its neighbours", async () => {
  const old = await telegram({
    groupPolicy: { requireMention: true, allowedGroups: [-100123], requireCommandPrefix: "!" },
  });
  assert.deepEqual(
    [old?.groupPolicy, old?.allowedGroups, old?.requireCommandPrefix, old?.groups["*"]?.requireMention],
    ["allowlist", ["-100123"], "!", true],
  );
  const plain = await telegram({ groups: { "-1": {} }, groupAllowFrom: ["7"] });
  assert.deepEqual([plain?.groups["-1"]?.requireMention, plain?.groupAllowFrom], [true, ["7"]]);
  await defaultsTo("channels.defaults.groupPolicy", "allowlist");
  await refuses("channels.telegram.groupPolicy", /must be one of/, "all");
});

test("KEY-031 chats cannot change config, and one switch at the root speaks for all channels", async () => {
  await waits("channels.defaults.configWrites", false, true);
  await refuses("channels.telegram.configWrites", /step 4/, true);
  const loaded = await loadGood({ configWrites: false });
  assert.deepEqual(
    loaded.notices.map(({ path, message }) => [path, message]),
    [["configWrites", "is now written channels.defaults.configWrites"]],
  );
});

test("KEY-032 accounts of a channel have settings and tokens of their own", async () => {
  const loaded = await loadGood(
    { channels: { telegram: { botToken: "t0", accounts: { work: { botToken: "${T}", allowFrom: ["1"] } } } } },
    { T: "t1" },
  );
  assert.deepEqual(
    [...loaded.secrets],
    [
      ["channel:telegram.default.bottoken", "t0"],
      ["channel:telegram.work.bottoken", "t1"],
    ],
  );
  assert.deepEqual(loaded.config.channels.telegram?.accounts.work?.botToken, {
    secret: "channel:telegram.work.bottoken",
  });
  assert.doesNotMatch(JSON.stringify(loaded.config), /"t[01]"/);
});

test("KEY-033 a webhook is an encrypted address, whose secret the gateway makes itself", async () => {
  await accepts("channels.telegram.webhookUrl", "https://example.org/hook");
  await refuses("channels.telegram.webhookUrl", /channels.telegram.webhookUrl/, "http://example.org/hook", "/hook");
});

test("KEY-034 channels in a list become an object; a second one of a type becomes an account", async () => {
  const { config, notices } = await loadGood({
    channels: [
      { type: "telegram", enabled: false, dmPolicy: "pairing", configWrites: false },
      { type: "telegram", id: "work", dmPolicy: "disabled" },
      { type: "discord", dmPolicy: "allowlist", allowFrom: ["1"] },
    ],
  });
  assert.deepEqual(
    [
      config.channels.telegram?.dmPolicy,
      config.channels.telegram?.accounts.work?.dmPolicy,
      config.channels.discord?.allowFrom,
    ],
    ["pairing", "disabled", ["1"]],
  );
  assert.deepEqual(
    notices.map(({ path }) => path),
    ["channels", "channels[1]"],
  );
  assert.deepEqual(await issuesOf({ channels: [{ enabled: false }] }), [
    "channels[0]: a channel in a list needs a `type`",
  ]);
});

test("KEY-035 direct chats do not share a context, under either root", async () => {
  await defaultsTo("session.dmScope", "per-account-channel-peer");
  await accepts("session.dmScope", "main", "per-peer", "per-channel-peer", "per-account-channel-peer");
  assert.equal(await valueAt({ routing: { dmScope: "per-peer" } }, "session.dmScope"), "per-peer");
  assert.match(
    (await issuesOf({ routing: { dmScope: "main" }, session: { dmScope: "per-peer" } })).join(),
    /routing.dmScope: means the same as session.dmScope/,
  );
});

test("KEY-036 identities are merged only where the owner says so", async () => {
  await defaultsTo("session.identityLinks", {});
  await accepts("session.identityLinks", { me: ["telegram:1", "discord:2"] });
});

test("KEY-037 KEY-038 KEY-039 KEY-040 bounds of sessions, under the names that guides print", async () => {
  const { config } = await loadGood({
    sessions: { pruneAfter: "30d", maxEntries: 700, rotateBytes: 5_000_000, visibility: "self" },
    transcripts: { rotateDays: 7 },
    dmHistoryLimit: 40,
  });
  const { pruneAfter, maxEntries, rotateBytes } = config.session.maintenance;
  assert.deepEqual([pruneAfter, maxEntries, rotateBytes], ["30d", 700, 5_000_000]);
  assert.deepEqual(
    [config.tools.sessions.visibility, config.transcripts.rotateDays, config.channels.defaults.dmHistoryLimit],
    ["self", 7, 40],
  );
  await defaultsTo("session.maintenance.maxEntries", 500);
  await defaultsTo("session.maintenance.rotateBytes", "10mb");
  await defaultsTo("tools.sessions.visibility", "tree");
});

test("PAIR-004 no group is opened to everybody by accident, whichever key it stands in, and no token leaves in the clear", async () => {
  await refuses("channels.defaults.groupPolicy", /security.acknowledged/, "open");
  await refuses("channels.telegram.groups.g1.allowFrom", /security.acknowledged/, ["*"]);
  await refuses("channels.telegram.apiRoot", /security.acknowledged/, "http://bots.example");
  await accepts("channels.telegram.apiRoot", "https://bots.example", "http://127.0.0.1:8081");
});

test("each account has a path of its own for deliveries, and none is the gateway's", async () => {
  const at = (webhookUrl: string, other: string): Json => ({
    channels: { telegram: { enabled: true, webhookUrl, botToken: "1:a", accounts: { work: { webhookUrl: other } } } },
  });
  for (const path of ["/", "", "/v1/chat/completions", "/api/status", "/tools/invoke", "/healthz"])
    assert.match((await issuesOf(at(`https://a.example${path}`, "https://a.example/work"))).join(), /gateway's own/);
  assert.match(
    (await issuesOf(at("https://a.example/hook?x=1", "https://b.example/hook"))).join(),
    /channels\.telegram\.accounts\.work\.webhookUrl: .*channels\.telegram;/,
  );
  const { config } = await loadGood(at("https://a.example/hook/1", "https://b.example/hook/2"));
  assert.deepEqual(webhookHosts(config), ["a.example", "b.example"]);
});
