// What the owner is alerted to: kept, joined into few messages, said again until somebody took it on.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { openAlerts } from "../../src/watchdog/watchdog.ts";
import type { AlertMessage } from "../../src/watchdog/watchdog.ts";

const folder = mkdtempSync(join(tmpdir(), "lorica-alerts-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;

async function open(path = join(folder, `alerts-${files++}.json`)) {
  const clock = { at: 1_000, now: () => clock.at };
  const reported: string[] = [];
  const redact = (text: string): string => text.replaceAll("hunter2-hunter2", "[redacted]");
  const alerts = await openAlerts({ path, clock, redact, report: (text) => reported.push(text) });
  return { alerts, clock, reported, path };
}

test("an alert is kept without the secrets in it, and is there after a restart", async () => {
  const { alerts, path, reported } = await open();
  alerts.alertOwner("gateway.auth.token became hunter2-hunter2");
  await alerts.saved();
  const again = (await open(path)).alerts;
  assert.deepEqual(
    again.open().map(({ text, times, told }) => ({ text, times, told })),
    [{ text: "gateway.auth.token became [redacted]", times: 1, told: false }],
  );
  assert.deepEqual(reported, ["gateway.auth.token became [redacted]"]);
  assert.doesNotMatch(readFileSync(path, "utf8"), /hunter2/);
});

test("what is said again is counted, and told again only after a while", async () => {
  const { alerts, clock } = await open();
  alerts.alertOwner("AGENTS.md changed");
  const told = (): readonly boolean[] => alerts.open().map((alert) => alert.told);
  alerts.told(alerts.open().map(({ id }) => id));
  alerts.alertOwner("AGENTS.md changed");
  assert.deepEqual(told(), [true]);
  clock.at += limits.alertRepeatMs;
  alerts.alertOwner("AGENTS.md changed");
  assert.deepEqual(told(), [false]);
  assert.deepEqual(
    alerts.open().map(({ times }) => times),
    [3],
  );
});

test("an acknowledged alert is gone, by the beginning of its id or with all others", async () => {
  const { alerts } = await open();
  for (const text of ["one", "two", "three"]) alerts.alertOwner(text);
  assert.equal(await alerts.acknowledge(alerts.open()[1]?.id.slice(0, 8)), 1);
  assert.deepEqual(
    alerts.open().map(({ text }) => text),
    ["one", "three"],
  );
  assert.equal(await alerts.acknowledge("nobody"), 0);
  assert.equal(await alerts.acknowledge(undefined), 2);
  assert.deepEqual(alerts.open(), []);
});

test("no flood of alerts outgrows its bound, and the newest stay", async () => {
  const { alerts } = await open();
  for (let at = 0; at < limits.alertsMax + 5; at++) alerts.alertOwner(`alert ${at}`);
  assert.equal(alerts.open().length, limits.alertsMax);
  assert.equal(alerts.open().at(-1)?.text, `alert ${limits.alertsMax + 4}`);
  await alerts.saved();
});

test("many alerts in a short time leave as one message, until the gateway took it on", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { alerts } = await open();
  const ending = new AbortController();
  const sent: AlertMessage[] = [];
  alerts.carry((message) => sent.push(message), ending.signal);
  alerts.alertOwner("the config was put back");
  alerts.alertOwner("SOUL.md changed");
  context.mock.timers.tick(limits.alertDelayMs);
  assert.deepEqual(
    sent.map(({ text }) => text),
    ["Lorica alerts you:\n• the config was put back\n• SOUL.md changed"],
  );
  // Nobody took it on: the same message again, under the same key, so that it arrives once.
  context.mock.timers.tick(limits.alertIntervalMs + limits.alertDelayMs);
  assert.equal(sent.length, 2);
  assert.equal(sent[0]?.key, sent[1]?.key);
  alerts.told(sent[1]?.ids ?? []);
  context.mock.timers.tick(limits.alertIntervalMs * 3);
  assert.equal(sent.length, 2);
  ending.abort();
  await alerts.saved();
});

test("a file of alerts that nobody can read costs the old ones and says so", async () => {
  const path = join(folder, "broken.json");
  writeFileSync(path, "{ half");
  const { alerts, reported } = await open(path);
  assert.deepEqual(alerts.open(), []);
  assert.deepEqual(reported, [`${path} does not hold alerts; it begins anew`]);
});
