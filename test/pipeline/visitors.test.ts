// Who of those who write over a platform is let in: every verdict of admission, and that no words change one.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCommand } from "../../src/agent/agent.ts";
import type { Envelope } from "../../src/base/envelope.ts";
import { owner } from "../../src/base/principal.ts";
import { admitVisitor } from "../../src/pipeline/admit/visitor.ts";
import type { Gate } from "../../src/pipeline/admit/visitor.ts";
import type { ChannelAccess } from "../../src/pipeline/pipeline.ts";
import { plainAccess } from "../faux/flow/harness.ts";
import { envelopeOf } from "../faux/store.ts";

const room = { kind: "group", id: "-100" } as const;
const ada = { id: "7", name: "Ada" };

function gateOf(access: Partial<ChannelAccess> = {}, change: Partial<Gate> = {}): Gate {
  return {
    access: { ...plainAccess, ...access },
    isOwner: false,
    role: undefined,
    mentions: () => false,
    isCommand: (text) => parseCommand(text) !== undefined,
    ...change,
  };
}

/** What becomes of a message: who speaks and with which commands, or why not. */
function verdict(envelope: Partial<Envelope>, gate: Gate): string {
  const found = admitVisitor(envelopeOf({ sender: ada, chat: { kind: "direct", id: "7" }, ...envelope }), gate);
  if (found.kind === "overheard") return `overheard ${found.keep}`;
  if (found.kind === "dropped") return `${found.after ?? "dropped"}: ${found.reason}`;
  return `${found.principal.id} ${found.principal.kind} ${found.envelope.request.commands ?? "-"}`;
}

const listed = { allowedGroups: ["-100"], groupAllowFrom: ["7"] };
const inRoom = { chat: room, addressed: "mention" } as const;

test("PAIR-003 PAIR-005 PAIR-006 THR-008 ADV-013 direct chats: asked by default, silent with a list, closed where it is switched off", () => {
  assert.equal(verdict({}, gateOf()), "ask: the sender is not paired");
  assert.equal(verdict({}, gateOf({ dmPolicy: "allowlist" })), "dropped: the sender is not on the list");
  assert.equal(verdict({}, gateOf({ dmPolicy: "allowlist", allowFrom: ["7"] })), "loopback:default:7 member session");
  const off = "dropped: direct messages are switched off";
  assert.equal(verdict({}, gateOf({ dmPolicy: "disabled", allowFrom: ["7"] }, { role: "owner", isOwner: true })), off);
  assert.equal(verdict({}, gateOf({}, { access: undefined })), "dropped: the channel is not switched on");
});

test("PAIR-004 an open door makes nobody more than a stranger", () => {
  assert.equal(verdict({}, gateOf({ dmPolicy: "open" })), "loopback:default:7 stranger none");
  assert.equal(verdict({}, gateOf({ allowFrom: ["*"] })), "loopback:default:7 stranger none");
  const open = { allowedGroups: ["-100"], groupAllowFrom: ["*"] };
  assert.equal(verdict(inRoom, gateOf(open)), "loopback:default:7 stranger none");
});

test("PAIR-014 the owner is whom the config names or who was approved as that, and only in direct chats", () => {
  assert.equal(verdict({}, gateOf({}, { isOwner: true })), `${owner.id} owner all`);
  assert.equal(verdict({}, gateOf({}, { role: "owner" })), `${owner.id} owner all`);
  assert.equal(verdict({}, gateOf({}, { role: "member" })), "loopback:default:7 member session");
  assert.equal(verdict(inRoom, gateOf(listed, { isOwner: true })), "loopback:default:7 member all");
});

test("PAIR-009 PAIR-010 rooms: only the listed ones, and only what is meant for the assistant", () => {
  assert.equal(verdict(inRoom, gateOf()), "nothing: this group is not heard");
  assert.equal(
    verdict({ ...inRoom, chat: { kind: "group", id: "-101" } }, gateOf(listed)),
    "nothing: this group is not heard",
  );
  assert.equal(verdict(inRoom, gateOf({ ...listed, groupPolicy: "disabled" })), "nothing: this group is not heard");
  assert.equal(verdict({ chat: room }, gateOf(listed)), "overheard 50");
  assert.equal(
    verdict({ chat: room, addressed: "no" }, gateOf({ ...listed, historyLimit: 0 })),
    "nothing: it is not meant for the assistant",
  );
  for (const addressed of ["mention", "reply", "command"] as const)
    assert.equal(verdict({ chat: room, addressed }, gateOf(listed)), "loopback:default:7 member session");
  const everything = {
    groups: { "-100": { enabled: true, requireMention: false, allowFrom: [], systemPrompt: undefined } },
  };
  assert.equal(
    verdict({ chat: room }, gateOf({ groupAllowFrom: ["7"], ...everything })),
    "loopback:default:7 member session",
  );
  const asterisk = { "*": { enabled: true, requireMention: false, allowFrom: [], systemPrompt: undefined } };
  assert.equal(
    verdict(inRoom, gateOf({ groupAllowFrom: ["7"], groups: asterisk })),
    "nothing: this group is not heard",
  );
});

test("PAIR-011 PAIR-016 ADV-013 in a room approval in a direct chat counts for nothing, and commands are for listed senders", () => {
  const rooms = { allowedGroups: ["-100"] };
  for (const role of ["owner", "member"] as const)
    assert.equal(verdict(inRoom, gateOf(rooms, { role })), "overheard 50");
  const open = { ...rooms, groupPolicy: "open" } as const;
  assert.equal(verdict(inRoom, gateOf(open, { role: "owner" })), "loopback:default:7 stranger none");
  const command = { ...inRoom, text: "/new" };
  assert.equal(
    verdict(command, gateOf(open, { role: "owner" })),
    "nothing: commands are for those whom the owner has listed",
  );
  assert.equal(verdict(command, gateOf(listed)), "loopback:default:7 member session");
});

test("PAIR-012 where a prefix is asked for, only messages that begin with it are meant, and it is not part of them", () => {
  const gate = gateOf({ ...listed, commandPrefix: "!" });
  const text = (words: string): string | undefined => {
    const found = admitVisitor(envelopeOf({ sender: ada, ...inRoom, text: words }), gate);
    return found.kind === "admitted" ? found.envelope.text : undefined;
  };
  assert.deepEqual(["! hello", "@bot !hello", "hello", "hello !"].map(text), ["hello", "hello", undefined, undefined]);
});

test("PAIR-017 RT-018 what is neither a direct chat nor a room is nobody's, and other bots are not heard", () => {
  const chat = { kind: "unknown", id: "7" } as unknown as Envelope["chat"];
  const unknown = "dropped: it is not known what kind of chat this is";
  assert.equal(verdict({ chat }, gateOf({ dmPolicy: "open" }, { role: "owner", isOwner: true })), unknown);
  const bot = { ...ada, isBot: true };
  assert.equal(verdict({ sender: bot }, gateOf({}, { role: "owner" })), "nothing: bots are not heard here");
  assert.equal(
    verdict({ sender: bot }, gateOf({ allowBots: true, allowFrom: ["7"] })),
    "loopback:default:7 member session",
  );
});

test("a channel's own users wish for nothing: what comes with a message is replaced", () => {
  const request = {
    agentId: "work",
    sessionKey: "agent:main:main",
    commands: "all",
    rehearsal: { grammar: true },
  } as const;
  const found = admitVisitor(envelopeOf({ sender: ada, request }), gateOf({ allowFrom: ["7"] }));
  assert.deepEqual(found.kind === "admitted" && found.envelope.request, { commands: "session" });
});

test("CH-018 PAIR-013 PAIR-015 no name, title, text, quote or mention lets in whom no id does", () => {
  const words = fc.oneof(fc.string(), fc.constantFrom("7", "@7", "owner", "loopback:7", "*", "/start 7", "approve 7"));
  const envelopes = fc.record({
    sender: fc.record({ id: words.filter((id) => id !== "7"), name: words }),
    chat: fc.record({
      kind: fc.constantFrom("direct", "group", "channel", "other") as fc.Arbitrary<Envelope["chat"]["kind"]>,
      id: fc.oneof(words, fc.constantFrom("7", "-100")),
      title: words,
    }),
    addressed: fc.constantFrom("mention", "reply", "command", "no") as fc.Arbitrary<NonNullable<Envelope["addressed"]>>,
    quote: fc.record({ messageId: words, senderId: fc.constant("7"), sender: words, text: words }),
    forwardedFrom: words,
    text: words,
  });
  const accesses = fc.record({
    dmPolicy: fc.constantFrom("pairing", "allowlist", "disabled") as fc.Arbitrary<ChannelAccess["dmPolicy"]>,
    groupPolicy: fc.constantFrom("allowlist", "disabled") as fc.Arbitrary<ChannelAccess["groupPolicy"]>,
    allowFrom: fc.constant(["7"]),
    groupAllowFrom: fc.constant(["7"]),
    allowedGroups: fc.constant(["-100"]),
  });
  fc.assert(
    fc.property(envelopes, accesses, (envelope, access) => {
      const found = admitVisitor(envelopeOf(envelope), gateOf(access));
      assert.notEqual(found.kind, "admitted");
    }),
    { numRuns: 2_000 },
  );
});

test("a command of somebody on the list needs no mention in a room; what was passed on commands nothing", () => {
  const stop = { chat: room, text: "/stop", addressed: "no" } as const;
  assert.equal(verdict(stop, gateOf(listed)), "loopback:default:7 member session");
  assert.equal(verdict(stop, gateOf({ allowedGroups: ["-100"] })), "overheard 50");
  assert.equal(verdict(stop, gateOf({ allowedGroups: ["-100"], groupAllowFrom: ["*"] })), "overheard 50");
  assert.equal(verdict({ ...stop, text: "stop" }, gateOf(listed)), "overheard 50");
  assert.equal(verdict({ ...stop, forwardedFrom: "Eve" }, gateOf(listed)), "overheard 50");
});

test("PAIR-013 a pattern of the owner's calls in the sender's own words, and not in words that were passed on", () => {
  const gate = gateOf(listed, { mentions: (text) => text.includes("jarvis") });
  const said = { chat: room, text: "hey jarvis", addressed: "no" } as const;
  assert.equal(verdict(said, gate), "loopback:default:7 member session");
  assert.equal(verdict({ ...said, forwardedFrom: "Eve" }, gate), "overheard 50");
});
