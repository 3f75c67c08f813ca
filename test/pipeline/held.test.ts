// What is held until its owner has spoken: kept whole, sent once, also where a process ends in between.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openHeld } from "../../src/assembly/broker/dlp/held.ts";
import { createDlpSide } from "../../src/assembly/broker/dlp/side.ts";
import type { DlpSide } from "../../src/assembly/broker/dlp/side.ts";
import { createHoldDesk, createInspectorClient } from "../../src/assembly/gateway/dlp.ts";
import { silentLog } from "../../src/audit/audit.ts";
import type { AuditRecord } from "../../src/audit/audit.ts";
import { limits } from "../../src/base/limits.ts";
import type { Broker } from "../../src/broker/broker.ts";
import type { Link } from "../../src/broker/client.ts";
import { configSchema } from "../../src/config/schema/schema.ts";
import { createRedactor } from "../../src/dlp/dlp.ts";
import { testCanary } from "../faux/dlp/inspector.ts";
import { openHarness, plainAccess } from "../faux/flow/harness.ts";
import type { Harness } from "../faux/flow/harness.ts";
import { createEchoRunner, done } from "../faux/flow/runner.ts";

const { signal } = new AbortController();
const list = "the members: a@example.org, b@example.org, c@example.org, d@example.org, e@example.org";
const place = "loopback:default:alice";
const config = configSchema.parse({ dlp: { pii: { emails: true } } });
const settings = { access: () => ({ ...plainAccess, allowFrom: ["alice"] }) };

/** The broker's part, which may end and begin anew on the same file. */
function openBrokerPart(path: string, clock = { now: Date.now }) {
  const records: AuditRecord[] = [];
  const alerts: string[] = [];
  const ending = new AbortController();
  const gateway: { take: () => void } = { take: () => undefined };
  const side: DlpSide = createDlpSide({
    config: () => config,
    redactor: createRedactor({ values: () => [], patterns: [] }),
    canary: testCanary,
    audit: { record: (record) => void records.push(record) },
    log: silentLog,
    alertOwner: (text) => void alerts.push(text),
    held: openHeld(path, clock),
  });
  side.start?.({ tell: () => gateway.take() } as unknown as Broker, ending.signal);
  const link = {
    call: async ({ method, params }: { readonly method: string; readonly params: object }) => ({
      result: await side.answers?.[method]?.({ ...params }, signal),
    }),
  } as unknown as Link;
  return {
    areas: side.areas,
    records,
    alerts,
    gateway,
    options: { dlp: createInspectorClient(link), holdDesk: createHoldDesk(link) },
    [Symbol.dispose]: () => ending.abort(),
  };
}

type BrokerPart = ReturnType<typeof openBrokerPart>;

function openFolder() {
  const folder = mkdtempSync(join(tmpdir(), "held-"));
  return { path: join(folder, "held.json"), [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

async function openHeldHarness(part: BrokerPart, send?: () => Promise<never>): Promise<Harness> {
  const harness = await openHarness({
    strangers: true,
    settings,
    ...part.options,
    ...(send === undefined ? {} : { send }),
    runner: (store) => createEchoRunner(store, async () => done(list)),
  });
  part.gateway.take = () => void harness.pipeline.takeWord();
  return harness;
}

async function heldIds({ areas }: BrokerPart): Promise<readonly string[]> {
  return (await areas["dlp.list"]({}, { signal })).held.map(({ id }) => id);
}

/** Everything that was under way has ended. */
async function settled(part: BrokerPart): Promise<void> {
  while ((await heldIds(part)).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

const order = { channel: "loopback", account: "default", recipient: "alice", text: list, agentId: "main" };

test("DLP-007 DLP-011 a held reply waits whole, is shown by place and never by content, and is sent once it is allowed", async () => {
  using folder = openFolder();
  using part = openBrokerPart(folder.path);
  await using harness = await openHeldHarness(part);
  const end = await harness.ask();
  assert.equal(end.outcome.status, "failed");
  await harness.sentCount(1);
  const shown = await part.areas["dlp.list"]({}, { signal });
  const [{ id, at: _, ...held }] = shown.held as [(typeof shown.held)[number]];
  assert.deepEqual(held, {
    point: "reply",
    rules: ["pii.emails"],
    agentId: "main",
    sessionKey: end.sessionKey,
    to: place,
    where: `characters 14–${list.length} of ${list.length}`,
    word: "none",
  });
  const written = JSON.stringify([shown, part.records, part.alerts]) + readFileSync(folder.path, "utf8");
  assert.ok(!written.includes("example.org"));
  assert.ok(harness.sent.every(({ text }) => !text.includes("example.org")));
  await part.areas["dlp.allow"]({ id }, { signal });
  await settled(part);
  assert.deepEqual(harness.sent.map(({ text }) => text).slice(1), [list]);
  // It was one message: the next one with the same words waits again.
  await harness.ask();
  assert.equal((await heldIds(part)).length, 1);
  const evidence = part.records.filter((record) => "rule" in record && ["owner", "held"].includes(String(record.rule)));
  assert.deepEqual(
    evidence.map((record) => "result" in record && record.result),
    [{ held: id }, { held: id, word: "allowed", status: "sent" }],
  );
});

test("DLP-011 an order that names people to somebody else waits too, and the owner may write themselves of anybody", async () => {
  using folder = openFolder();
  using part = openBrokerPart(folder.path);
  await using harness = await openHarness({
    strangers: true,
    settings: { ...settings, owners: new Set(["loopback:olga"]) },
    ...part.options,
  });
  part.gateway.take = () => void harness.pipeline.takeWord();
  const waits = await harness.pipeline.order({ ...order, idempotencyKey: "1" }, signal);
  assert.equal(waits.status, "held");
  // Said again it is the same order, which waits once.
  assert.deepEqual(await harness.pipeline.order({ ...order, idempotencyKey: "1" }, signal), waits);
  const [id = "", ...others] = await heldIds(part);
  assert.deepEqual(others, []);
  const own = await harness.pipeline.order({ ...order, recipient: "olga", idempotencyKey: "2" }, signal);
  assert.equal(own.status, "sent");
  await part.areas["dlp.allow"]({ id: id.slice(0, 6) }, { signal });
  await settled(part);
  assert.deepEqual(
    harness.sent.map(({ to, text }) => [to.recipient, text]),
    [
      ["olga", list],
      ["alice", list],
    ],
  );
});

test("GAP-053 what is held is kept without the secret that stands beside it, and leaves without it", async () => {
  using folder = openFolder();
  using part = openBrokerPart(folder.path);
  await using harness = await openHarness({ strangers: true, settings, ...part.options });
  part.gateway.take = () => void harness.pipeline.takeWord();
  const key = `ghp_${"a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"}`;
  const waits = await harness.pipeline.order({ ...order, text: `${list} ${key}`, idempotencyKey: "1" }, signal);
  assert.match(waits.reason ?? "", /^it waits for its owner, .*: it holds .*a list of people \(emails\)/);
  const [id = ""] = await heldIds(part);
  assert.deepEqual(
    (await harness.store.outbox.ofHold(id)).map(({ text }) => text),
    [`${list} [redacted]`],
  );
  await part.areas["dlp.allow"]({ id }, { signal });
  await settled(part);
  assert.deepEqual(
    harness.sent.map(({ text }) => text),
    [`${list} [redacted]`],
  );
});

test("DLP-011 a word that is spoken while the gateway is down is done at its next start, once, over any further start", async () => {
  using folder = openFolder();
  using first = openBrokerPart(folder.path);
  const before = await openHeldHarness(first);
  await before.ask();
  await before.sentCount(1);
  first.gateway.take = () => undefined;
  const [id = ""] = await heldIds(first);
  await first.areas["dlp.allow"]({ id }, { signal });
  // The broker begins anew as well, and knows no more than its file.
  using second = openBrokerPart(folder.path);
  const after = await before.restart(second.options);
  await settled(second);
  assert.deepEqual(
    after.sent.map(({ text }) => text),
    [list],
  );
  using third = openBrokerPart(folder.path);
  await using last = await after.restart(third.options);
  await last.pipeline.takeWord();
  assert.deepEqual(last.sent, []);
  assert.deepEqual(await heldIds(third), []);
});

test("DLP-011 done twice it is sent once: the row leaves its waiting in one write", async () => {
  using folder = openFolder();
  using part = openBrokerPart(folder.path);
  await using harness = await openHeldHarness(part);
  await harness.ask();
  await harness.sentCount(1);
  const [id = ""] = await heldIds(part);
  part.gateway.take = () => undefined;
  await part.areas["dlp.allow"]({ id }, { signal });
  await Promise.all([harness.pipeline.takeWord(), harness.pipeline.takeWord(), harness.pipeline.takeWord()]);
  await settled(part);
  await harness.pipeline.takeWord();
  assert.equal(harness.sent.length, 2);
  assert.deepEqual(
    await harness.store.outbox.decide(id, { kind: "send" }).then((rows) => rows.map((row) => row.status)),
    ["sent"],
  );
});

test("DLP-011 what is refused and what cannot arrive ends with a word to the owner, and what nobody wants is not kept", async () => {
  using folder = openFolder();
  using part = openBrokerPart(folder.path);
  const send = async (): Promise<never> => {
    throw new Error("the platform is gone");
  };
  await using harness = await openHeldHarness(part, send);
  const end = async (what: (id: string) => Promise<unknown>) => {
    part.alerts.length = 0;
    await harness.ask();
    const [id = ""] = await heldIds(part);
    await what(id);
    await settled(part);
    const rows = await harness.store.outbox.ofHold(id);
    return [(part.alerts.at(-1) ?? "").replace(/.*\): /, ""), ...rows.map(({ status, text }) => [status, text])];
  };
  assert.deepEqual(await end((id) => part.areas["dlp.refuse"]({ id }, { signal })), [
    "you refused it, and it is kept no longer",
    ["failed", ""],
  ]);
  assert.deepEqual(await end((id) => part.areas["dlp.allow"]({ id }, { signal })), [
    "you allowed it, but nobody knows whether it arrived: the channel failed (internal); it may have arrived",
    ["unknown", list],
  ]);
  await assert.rejects(part.areas["dlp.refuse"]({ id: "ffffff" }, { signal }), /no message waits/);
});

test("DLP-011 what nobody allows for a week is dropped, and the owner hears of it", async () => {
  using folder = openFolder();
  using part = openBrokerPart(folder.path);
  const before = await openHeldHarness(part);
  await before.ask();
  await before.sentCount(1);
  const [id = ""] = await heldIds(part);
  using later = openBrokerPart(folder.path, { now: () => Date.now() + limits.dlpHeldMs + 1_000 });
  await using after = await before.restart(later.options);
  later.gateway.take = () => void after.pipeline.takeWord();
  await after.pipeline.takeWord();
  await settled(later);
  assert.match(later.alerts.join("\n"), /nobody allowed it within 7 days, and it is kept no longer/);
  assert.deepEqual(
    (await after.store.outbox.ofHold(id)).map(({ status, text }) => [status, text]),
    [["failed", ""]],
  );
});
