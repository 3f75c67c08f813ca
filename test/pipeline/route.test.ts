import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chat, Envelope } from "../../src/base/envelope.ts";
import { owner } from "../../src/base/principal.ts";
import { selectAgent } from "../../src/pipeline/bindings.ts";
import { labelOf } from "../../src/pipeline/label.ts";
import { ownershipProblem, route } from "../../src/pipeline/route.ts";
import { splitMarkdown } from "../../src/channel/channel.ts";
import type { Binding } from "../../src/pipeline/settings.ts";
import type { Session } from "../../src/store/store.ts";
import { plainSettings } from "../faux/flow/harness.ts";
import { envelopeOf, ownerLabel } from "../faux/store.ts";

const bindings: readonly Binding[] = [
  { agentId: "any", match: { channel: "telegram", accountId: "*" } },
  { agentId: "account", match: { channel: "telegram", accountId: "work" } },
  { agentId: "default-account", match: { channel: "telegram" } },
  { agentId: "groups", match: { channel: "telegram", accountId: "*", peer: { kind: "group", id: "*" } } },
  { agentId: "parent", match: { channel: "telegram", accountId: "*", peer: { kind: "group", id: "-100" } } },
  { agentId: "thread", match: { channel: "telegram", accountId: "*", peer: { kind: "group", id: "7" } } },
  { agentId: "second", match: { channel: "telegram", accountId: "*", peer: { kind: "group", id: "7" } } },
  { agentId: "server", match: { channel: "discord", accountId: "*", guildId: "g" } },
  { agentId: "role", match: { channel: "discord", accountId: "*", roles: ["admin"] } },
];

const vectors: readonly [channel: string, account: string, chat: Chat, agent: string | undefined][] = [
  ["telegram", "x", { kind: "group", id: "-100", thread: "7" }, "thread"],
  ["telegram", "x", { kind: "group", id: "-100", thread: "8" }, "parent"],
  ["telegram", "x", { kind: "group", id: "-100" }, "parent"],
  ["telegram", "x", { kind: "group", id: "-200" }, "groups"],
  ["telegram", "x", { kind: "direct", id: "7" }, "any"],
  ["telegram", "work", { kind: "direct", id: "7" }, "account"],
  ["telegram", "default", { kind: "direct", id: "7" }, "default-account"],
  ["telegram", "work", { kind: "channel", id: "7" }, "account"],
  ["discord", "x", { kind: "channel", id: "1" }, undefined],
  ["slack", "x", { kind: "direct", id: "7" }, undefined],
];

test("RT-006 the most exact binding answers, and the first among equals", () => {
  for (const [channel, account, chat, agent] of vectors) {
    const selected = selectAgent({ channel, account, chat }, { bindings, defaultAgent: undefined });
    assert.equal(selected, agent, JSON.stringify([channel, account, chat]));
  }
});

test("a binding that needs a server or a role never reaches further than that", () => {
  const chat = { kind: "channel", id: "1" } as const;
  assert.equal(selectAgent({ channel: "discord", account: "x", chat }, { bindings, defaultAgent: "main" }), "main");
});

const routed = (change: Partial<Envelope>, settings = plainSettings) => {
  const step = route(envelopeOf(change), { principal: owner, label: ownerLabel }, settings);
  return step.kind === "routed" ? step.routed.sessionKey : [step.kind, step.reason];
};

test("GW-031 RT-007 a message gets its agent, its session and its reply address", () => {
  const chat = { kind: "group", id: "-100", thread: "7" } as const;
  const envelope = envelopeOf({ channel: "telegram", account: "work", chat, dedupeKey: "m1" });
  const work: readonly Binding[] = [{ agentId: "work", match: { channel: "telegram", accountId: "work" } }];
  assert.deepEqual(route(envelope, { principal: owner, label: ownerLabel }, { ...plainSettings, bindings: work }), {
    kind: "routed",
    routed: {
      principal: owner,
      label: ownerLabel,
      agentId: "work",
      sessionKey: "agent:work:telegram:group:-100:topic:7",
      replyTo: { channel: "telegram", account: "work", recipient: "-100", thread: "7", inReplyTo: "m1" },
    },
  });
});

test("GW-031 where nobody was chosen to answer, the message says so and is not guessed at", () => {
  const undecided = { ...plainSettings, defaultAgent: undefined };
  const which = "which agent? Several are configured and none is the default: main, work";
  assert.deepEqual(routed({}, undecided), ["refused", which]);
  assert.deepEqual(routed({ request: { sessionKey: "main" } }, undecided), ["refused", which]);
  assert.deepEqual(routed({ request: { sessionKey: "agent:work:main" } }, undecided), "agent:work:main");
  assert.deepEqual(routed({ request: { agentId: "nobody" } }), [
    "refused",
    "there is no agent nobody; there are: main, work",
  ]);
});

test("RT-011 a session is its creator's and the owner's", () => {
  const bob = { id: "telegram:default:bob", kind: "member", account: "default" } as const;
  const session = { principal: bob } as Session;
  assert.equal(ownershipProblem(session, owner), undefined);
  assert.equal(ownershipProblem(session, bob), undefined);
  assert.equal(ownershipProblem(undefined, bob), undefined);
  assert.deepEqual(ownershipProblem({ ...session, principal: owner }, bob)?.code, "forbidden");
});

test("only what a person typed is theirs; files are untrusted", () => {
  const media = [{ id: "0".repeat(64), mime: "image/png", bytes: 1, name: "a.png" }];
  assert.deepEqual(labelOf(envelopeOf(), owner), { integrity: "owner", readers: ["owner"] });
  assert.deepEqual(labelOf(envelopeOf({ media }), owner), { integrity: "untrusted", readers: ["owner"] });
});

test("GW-034 a long reply is cut where people would cut it, and never inside a character", () => {
  assert.deepEqual(splitMarkdown("one two\n\nthree four", 12), ["one two", "three four"]);
  assert.deepEqual(splitMarkdown("one two three", 9), ["one two", "three"]);
  assert.deepEqual(splitMarkdown("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  assert.deepEqual(splitMarkdown("aaa😀bb", 4), ["aaa", "😀bb"]);
  assert.deepEqual(splitMarkdown("short", 100), ["short"]);
});
