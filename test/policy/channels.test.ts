// What policy says to channels: which platforms may be asked, and where an answer may go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { owner } from "../../src/base/principal.ts";
import type { PrincipalKind } from "../../src/base/principal.ts";
import { compileRules, createPolicy, toolsOfPrincipal } from "../../src/policy/policy.ts";

const policy = createPolicy({
  rules: compileRules({ agents: new Map(), cellOff: undefined, channels: new Set(["telegram/default"]) }),
  clock: { now: () => 0 },
});
const about = {
  agentId: "main",
  sessionKey: "agent:main:main",
  principal: owner,
  label: { integrity: "owner", readers: ["owner"] },
} as const;
const here = { channel: "telegram", account: "default", recipient: "7" };

test("a platform is asked for accounts that are switched on, and for no other", () => {
  const ask = (channel: string, account: string) =>
    policy.decide({
      ...about,
      verb: "channel.request",
      resource: { channel, account, method: "GET", url: "https://x.example/" },
    }).kind;
  assert.deepEqual(
    [ask("telegram", "default"), ask("telegram", "work"), ask("discord", "default")],
    ["allow", "deny", "deny"],
  );
});

test("an answer goes where the message came from, and nowhere else", () => {
  const send = (answers: typeof here | undefined) =>
    policy.decide({ ...about, verb: "message.send", resource: { ...here, outboxId: "1", answers } }).kind;
  const show = (answers: typeof here | undefined) =>
    policy.decide({ ...about, verb: "message.signal", resource: { ...here, signal: "typing", answers } }).kind;
  for (const decide of [send, show]) {
    assert.equal(decide(here), "allow");
    const others = [
      undefined,
      { ...here, recipient: "8" },
      { ...here, account: "work" },
      { ...here, channel: "discord" },
    ];
    assert.deepEqual(others.map(decide), ["deny", "deny", "deny", "deny"]);
  }
});

test("PAIR-004 a stranger has the least tools, whatever the others have", () => {
  const wide = { profile: "full", allow: undefined, deny: ["grep"] } as const;
  const tools = (kind: PrincipalKind) => [...toolsOfPrincipal({ owner: wide, others: wide }, kind)].toSorted();
  assert.deepEqual(tools("stranger"), ["session_status"]);
  assert.deepEqual(tools("member"), tools("owner"));
  assert.ok(tools("member").includes("exec") && !tools("member").includes("grep"));
});
