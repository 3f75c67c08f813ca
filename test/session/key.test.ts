import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeSegment, isReserved, parseSessionKey, sessionKeyFor } from "../../src/session/session.ts";
import type { SessionOrigin, SessionScope } from "../../src/session/session.ts";

const scope: SessionScope = { dmScope: "main", groupScope: "per-group", scope: "per-sender", identityLinks: {} };
const direct: SessionOrigin = {
  agentId: "main",
  channel: "telegram",
  account: "work",
  chat: { kind: "direct", id: "77" },
  senderId: "Alice/7",
};
const group: SessionOrigin = { ...direct, chat: { kind: "group", id: "-100", thread: "5" } };

const good: readonly [text: string, key: string][] = [
  ["main", "agent:main:main"],
  [" Agent:Work:Main ", "agent:work:main"],
  ["agent:main:telegram:group:-100:topic:5", "agent:main:telegram:group:-100:topic:5"],
  ["agent:main:signal:group:AbC+def=", "agent:main:signal:group:AbC+def="],
  ["agent:main:Matrix:Channel:!RoomID%3aExample.org", "agent:main:matrix:channel:!RoomID%3aExample.org"],
  ["agent:main:openai-user:bob%2fsmith", "agent:main:openai-user:bob%2Fsmith"],
];

const bad: readonly [text: string, reason: RegExp][] = [
  ["", /empty/],
  ["agent:main", /agent:<agent>:<rest>/],
  ["agent::main", /agent in a session key/],
  ["agent:../..:main", /agent in a session key/],
  ["agent:main:", /no empty part/],
  ["agent:main:../../etc/passwd", /cannot hold "\/"; write it as %2F/],
  ["agent:main:..", /not a path/],
  ["agent:main:a\\b", /cannot hold/],
  ["agent:main:a\u0000b", /cannot hold/],
  ["agent:main:a\nb", /cannot hold/],
  ["agent:main:100%", /two hexadecimal digits/],
  [`agent:main:${"x".repeat(600)}`, /at most 512/],
];

test("RT-010 a session key has one canonical spelling", () => {
  for (const [text, key] of good) {
    const parsed = parseSessionKey(text, "main");
    assert.deepEqual(parsed.ok ? parsed.value.key : parsed.reason, key);
  }
});

test("RT-010 a key that could be taken for a path or break a line is refused", () => {
  for (const [text, reason] of bad) {
    const parsed = parseSessionKey(text, "main");
    assert.match(parsed.ok ? `accepted ${parsed.value.key}` : parsed.reason, reason, text);
  }
});

test("RT-010 whatever a platform calls somebody becomes one safe segment, and different names stay different", () => {
  const names = fc.string({ unit: "binary", maxLength: 20 });
  fc.assert(
    fc.property(names, names, (left, right) => {
      const [a, b] = [encodeSegment(left), encodeSegment(right)];
      assert.match(a, /^[A-Za-z0-9._~@!+=$%-]+$/);
      assert.doesNotMatch(a, /^\.+$/);
      assert.equal(a === b, left.toWellFormed() === right.toWellFormed());
    }),
    { examples: [["", "\0"]] },
  );
});

test("RT-010 parsing never throws, and its answer parses to itself", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string({ unit: "binary" }).map((rest) => `agent:main:${rest}`),
      ),
      (text) => {
        const parsed = parseSessionKey(text, "main");
        if (!parsed.ok) return;
        assert.deepEqual(parseSessionKey(parsed.value.key, "other"), parsed);
      },
    ),
  );
});

test("RT-003 direct chats collapse to the main session where the owner says so, and groups never do", () => {
  assert.equal(sessionKeyFor(direct, scope).key, "agent:main:main");
  assert.equal(sessionKeyFor(group, scope).key, "agent:main:telegram:group:-100:topic:5");
  assert.equal(
    sessionKeyFor({ ...group, channel: "slack", chat: { kind: "channel", id: "C1", thread: "9.1" } }, scope).key,
    "agent:main:slack:channel:c1:thread:9.1",
  );
});

test("RT-004 direct chats are kept apart by peer, by channel and peer, or by account, channel and peer", () => {
  const keys = (["per-peer", "per-channel-peer", "per-account-channel-peer"] as const).map(
    (dmScope) => sessionKeyFor(direct, { ...scope, dmScope }).key,
  );
  assert.deepEqual(keys, [
    "agent:main:direct:alice%2F7",
    "agent:main:telegram:direct:alice%2F7",
    "agent:main:telegram:work:direct:alice%2F7",
  ]);
});

test("RT-005 one person's accounts share a session only when they are linked", () => {
  const dmScope = "per-peer";
  const discord = { ...direct, channel: "discord", senderId: "456" };
  const linked: SessionScope = { ...scope, dmScope, identityLinks: { alice: ["telegram:Alice/7", "discord:456"] } };
  assert.deepEqual(
    [sessionKeyFor(direct, linked).key, sessionKeyFor(discord, linked).key],
    ["agent:main:direct:alice", "agent:main:direct:alice"],
  );
  assert.notEqual(sessionKeyFor(direct, { ...scope, dmScope }).key, sessionKeyFor(discord, { ...scope, dmScope }).key);
});

test("RT-002 two agents never share a session, whatever the scope", () => {
  const scopes: readonly SessionScope[] = [
    scope,
    { ...scope, scope: "global" },
    { ...scope, dmScope: "per-peer" },
    { ...scope, groupScope: "main" },
  ];
  for (const each of scopes)
    for (const origin of [direct, group])
      assert.notEqual(sessionKeyFor(origin, each).key, sessionKeyFor({ ...origin, agentId: "work" }, each).key);
});

test("RT-011 keys of jobs, hooks and sub-agents are reserved", () => {
  const reserved = ["subagent:1", "cron:daily", "acp:2", "hook:x", "agent:work:subagent:1:subagent:2", "incognito-1"];
  for (const text of [...reserved, "main", "dashboard:1"]) {
    const parsed = parseSessionKey(text, "main");
    assert.ok(parsed.ok);
    assert.equal(isReserved(parsed.value), reserved.includes(text), text);
  }
});
