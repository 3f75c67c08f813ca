// What the owner let through: one thing, where it was going, once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { screenEgress } from "../../src/assembly/broker/dlp/wall.ts";
import { systemClock } from "../../src/base/clock.ts";
import { openHeld } from "../../src/assembly/broker/dlp/held.ts";
import { createDlpSide } from "../../src/assembly/broker/dlp/side.ts";
import { silentLog } from "../../src/audit/audit.ts";
import type { AuditRecord } from "../../src/audit/audit.ts";
import { configSchema } from "../../src/config/schema/schema.ts";
import { createRedactor } from "../../src/dlp/dlp.ts";
import type { LocalInspector, Point } from "../../src/dlp/dlp.ts";
import type { BrokerEgress, OutgoingRequest } from "../../src/egress/egress.ts";
import { createTestInspector, testCanary } from "../faux/dlp/inspector.ts";

const secret = "aZ3kP9qL0vT5xW8mR2nY7bD4";
const other = "Xq7Lm2Zp9Kd4Vt8Rw3Ny6Hc1";
const hex = Buffer.from(secret).toString("hex");
const { signal } = new AbortController();

type Ask = { readonly point: Point; readonly to?: string; readonly sessionKey?: string; readonly text?: string };

function ask(inspector: LocalInspector) {
  return async ({ point, to, sessionKey = "s", text = `x ${hex}` }: Ask) =>
    (await inspector.inspect({ point, agentId: "main", sessionKey, to, texts: [text] }, signal)).verdict;
}

function lastIncident({ incidents }: LocalInspector): string {
  return incidents.list()[0]?.id ?? "";
}

const alice = "telegram:default:7";
const bob = "telegram:default:8";

test("DLP-011 what the owner allows passes once, as exactly that value, in that session and to that recipient", async () => {
  const changes: readonly (readonly [name: string, first: Ask, verdict: string])[] = [
    ["the same", { point: "reply", to: alice }, "pass"],
    ["to somebody else", { point: "reply", to: bob }, "block"],
    ["in another session", { point: "reply", to: alice, sessionKey: "t" }, "block"],
    ["another value", { point: "reply", to: alice, text: Buffer.from(other).toString("hex") }, "block"],
    ["in a tool", { point: "call" }, "block"],
  ];
  for (const [name, asked, verdict] of changes) {
    const inspector = createTestInspector([secret, other]);
    const judge = ask(inspector);
    assert.equal(await judge({ point: "reply", to: alice }), "block");
    inspector.incidents.allow(lastIncident(inspector));
    assert.equal(await judge(asked), verdict, name);
    assert.equal(await judge({ point: "reply", to: alice }), name === "the same" ? "block" : "pass", name);
    assert.equal(await judge({ point: "reply", to: alice }), "block", name);
  }
});

test("DLP-011 on its way it passes each of the looks once, and what lies behind is closed", async () => {
  const inspector = createTestInspector([secret]);
  const judge = ask(inspector);
  const stream = async () =>
    (
      await inspector.inspectStream(
        { agentId: "main", sessionKey: "s", before: "", text: `x ${hex}`, isEnd: true },
        signal,
      )
    ).reason === undefined;
  assert.equal(await judge({ point: "answer" }), "block");
  inspector.incidents.allow(lastIncident(inspector));
  // It is asked about again and again while it is written.
  assert.deepEqual([await stream(), await stream()], [true, true]);
  assert.equal(await judge({ point: "answer" }), "pass");
  assert.equal(await stream(), false);
  assert.equal(await judge({ point: "reply", to: alice }), "pass");
  assert.equal(await judge({ point: "answer" }), "block");
  assert.equal(await judge({ point: "reply", to: alice }), "block");
});

test("DLP-011 for a while it passes as often as it comes, and no longer", async () => {
  let now = 1_000;
  const inspector = createTestInspector([secret], {}, { now: () => now });
  const judge = ask(inspector);
  await judge({ point: "reply", to: alice });
  assert.equal(inspector.incidents.allow(lastIncident(inspector), 60_000)?.until, 61_000);
  const got = [];
  for (const at of [1_000, 2_000, 60_999, 61_000]) {
    now = at;
    got.push(await judge({ point: "reply", to: alice }));
  }
  assert.deepEqual(got, ["pass", "pass", "pass", "block"]);
  // A day at most, whatever is asked for.
  assert.equal(inspector.incidents.allow(lastIncident(inspector), 1e12)?.until, 61_000 + 86_400_000);
});

function openWall(inspector: LocalInspector) {
  const sent: string[] = [];
  const far = { status: 200 };
  const egress: BrokerEgress = {
    async fetch({ body }) {
      let text = "";
      if (body !== undefined) for await (const chunk of body) text += Buffer.from(chunk).toString();
      if (far.status < 400) sent.push(text);
      return { status: far.status, headers: {}, body: ReadableStream.from([]) };
    },
    close: async () => undefined,
  };
  const wall = screenEgress(egress, inspector);
  const say = async (chat: number, text = `x ${hex}`) => {
    const bytes = Buffer.from(JSON.stringify({ chat_id: chat, text }));
    const request: OutgoingRequest = {
      resource: { channel: "telegram", account: "default", method: "POST", url: "https://far.test/send" },
      headers: {},
      bodyBytes: bytes.length,
      body: ReadableStream.from([bytes]),
    };
    return (await wall.fetch(request, signal)).status;
  };
  return { say, far, sent };
}

test("DLP-011 at the way out it goes where the reply went and nowhere else; what the far side refused may be tried again", async () => {
  const inspector = createTestInspector([secret]);
  const { say, far, sent } = openWall(inspector);
  const judge = ask(inspector);
  await judge({ point: "answer" });
  inspector.incidents.allow(lastIncident(inspector));
  // Nobody knows yet where it goes, and a message that no reply stands behind goes nowhere.
  await assert.rejects(say(7), /was stopped/);
  await judge({ point: "answer" });
  await judge({ point: "reply", to: alice });
  await assert.rejects(say(8), /was stopped/);
  far.status = 429;
  assert.equal(await say(7), 429);
  far.status = 200;
  assert.equal(await say(7), 200);
  await assert.rejects(say(7), /was stopped/);
  assert.deepEqual(sent, [JSON.stringify({ chat_id: 7, text: `x ${hex}` })]);
});

test("DLP-011 what the wall stopped is one incident, and passes there once", async () => {
  const inspector = createTestInspector([secret]);
  const { say, sent } = openWall(inspector);
  await assert.rejects(say(7), /was stopped/);
  assert.deepEqual(
    inspector.incidents.list().map(({ to, point }) => ({ to, point })),
    [{ to: alice, point: "channel" }],
  );
  inspector.incidents.allow(lastIncident(inspector));
  assert.equal(await say(7), 200);
  await assert.rejects(say(7), /was stopped/);
  assert.equal(sent.length, 1);
});

test("DLP-009 DLP-011 the owner's word and what passed by it are in the evidence, with ids and places and no value", async () => {
  const records: AuditRecord[] = [];
  const config = configSchema.parse({});
  const { areas, inspector } = createDlpSide({
    config: () => config,
    redactor: createRedactor({ values: () => [secret], patterns: [] }),
    canary: testCanary,
    held: openHeld("/nowhere/held.json", systemClock),
    audit: { record: (record) => void records.push(record) },
    log: silentLog,
    alertOwner: () => undefined,
  });
  await ask(inspector)({ point: "reply", to: alice });
  const id = lastIncident(inspector);
  const { until, ...allowed } = await areas["dlp.allow"]({ id }, { signal });
  assert.deepEqual(allowed, { id, isHeld: false, isOnce: true, sessionKey: "s", to: alice });
  await ask(inspector)({ point: "reply", to: alice });
  const place = { kind: "dlp", verdict: "allow", rule: "owner", sessionKey: "s", resource: alice };
  assert.deepEqual(records.slice(1), [
    { ...place, actor: "owner", result: { incident: id, isOnce: true, until } },
    { ...place, result: { incident: id, step: "reply" } },
  ]);
  assert.ok(!JSON.stringify(records).includes(hex.slice(0, 16)));
  await assert.rejects(areas["dlp.allow"]({ id: "ffffffff" }, { signal }), /there is no incident/);
  // What goes into a file is blanked whatever the owner says; their word still ends an alarm about guesses.
  await ask(inspector)({ point: "export" });
  const about = { id: lastIncident(inspector) };
  await assert.rejects(areas["dlp.allow"](about, { signal }), /never holds a value of the vault/);
  for (let chars = 12; !inspector.guesses.isOver(); chars++)
    await ask(inspector)({ point: "export", text: secret.slice(0, chars) }).catch(() => undefined);
  assert.equal((await areas["dlp.allow"](about, { signal })).until, null);
  assert.equal(inspector.guesses.isOver(), false);
  assert.equal(await ask(inspector)({ point: "export" }), "redact");
});
