import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { sha256 } from "../../src/base/ids.ts";
import { limits } from "../../src/base/limits.ts";
import { absent, codeOf, createTestClient, refused, sessionOf, tokenOf } from "../faux/pairing/client.ts";
import type { ConnectChange } from "../faux/pairing/client.ts";
import { openTestDevices, createTestDevices } from "../faux/pairing/devices.ts";
import { openTestStore } from "../faux/store.ts";

test("PAIR-021 GAP-055 a device's token is bound to it, to its role and to its scopes, and ends by itself", async () => {
  await using door = await openTestDevices();
  const { clock } = door;
  const [client, thief] = [door.newClient(), door.newClient()];
  const token = tokenOf(await client.pair());
  await thief.pair();
  // Shown in either place, as clients do.
  for (const auth of [{ deviceToken: token }, { token }, { token, deviceToken: token }]) {
    const session = sessionOf(await client.connect({ auth }, refused));
    assert.deepEqual([session.method, session.deviceToken?.token], ["device-token", token]);
  }
  assert.equal(codeOf(await thief.connect({ auth: { deviceToken: token } }, absent)), "AUTH_DEVICE_TOKEN_MISMATCH");
  assert.equal(
    codeOf(await client.connect({ role: "node", auth: { deviceToken: token } }, absent)),
    "AUTH_DEVICE_TOKEN_MISMATCH",
  );
  assert.deepEqual(await door.devices.bearer(token), { deviceId: client.deviceId, scopes: ["operator.read"] });
  assert.equal(await door.devices.bearer(`${token}x`), undefined);
  clock.advance(limits.deviceTokenMs - 1);
  assert.equal(codeOf(await client.connect({ auth: { deviceToken: token } }, absent)), "in");
  clock.advance(1);
  assert.equal(codeOf(await client.connect({ auth: { deviceToken: token } }, absent)), "AUTH_DEVICE_TOKEN_MISMATCH");
  assert.equal(await door.devices.bearer(token), undefined);
});

test("a token past half its life is replaced while it still works, and few are kept", async () => {
  await using door = await openTestDevices();
  const { clock, store } = door;
  const client = door.newClient();
  const first = tokenOf(await client.pair());
  clock.advance(limits.deviceTokenMs / 2);
  const second = sessionOf(await client.connect({ auth: { deviceToken: first } }, absent)).deviceToken;
  assert.notEqual(second?.token, first);
  assert.equal(second?.issuedAtMs, clock.now());
  assert.equal(codeOf(await client.connect({ auth: { deviceToken: first } }, absent)), "in");
  for (let index = 0; index < 10; index += 1) await client.connect();
  assert.equal((await store.tokens(client.deviceId)).length, limits.deviceTokensMax);
  assert.equal(codeOf(await client.connect({ auth: { deviceToken: first } }, absent)), "AUTH_DEVICE_TOKEN_MISMATCH");
});

test("of a token only its hash is kept", async () => {
  await using opened = await openTestStore();
  const desk = createTestDevices(opened.store, { now: Date.now });
  const client = createTestClient(desk, Date.now);
  const token = tokenOf(await client.pair());
  await opened.store.close();
  const files = readdirSync(opened.folder).filter((name) => name.startsWith("lorica.sqlite"));
  const kept = files.map((name) => readFileSync(`${opened.folder}/${name}`, "latin1")).join("");
  assert.match(kept, new RegExp(client.deviceId));
  assert.doesNotMatch(kept, new RegExp(token));
});

test("MIS-010 a sign-in code pairs one device, once, with no more than it opens, and not after its time", async () => {
  await using door = await openTestDevices();
  const { clock, devices } = door;
  const offer = (code: string): void =>
    devices.offer({ hash: sha256(code), scopes: ["operator.write"], expiresAt: clock.now() + limits.signInCodeMs });
  offer("c0de");
  const browser = door.newClient();
  const wish: ConnectChange = {
    auth: { bootstrapToken: "c0de" },
    scopes: ["operator.read", "operator.write", "operator.admin"],
    client: { id: "openclaw-control-ui", mode: "webchat" },
  };
  const session = sessionOf(await browser.connect(wish, absent));
  assert.deepEqual([session.method, session.scopes], ["bootstrap-token", ["operator.read", "operator.write"]]);
  const device = await door.store.find(browser.deviceId);
  assert.deepEqual(
    [device?.approvedVia, device?.roles],
    ["bootstrap", { operator: ["operator.read", "operator.write"] }],
  );
  assert.equal(codeOf(await browser.connect(wish, absent)), "AUTH_BOOTSTRAP_TOKEN_INVALID");
  assert.equal(codeOf(await door.newClient().connect(wish, absent)), "AUTH_BOOTSTRAP_TOKEN_INVALID");
  const again: ConnectChange = { ...wish, auth: { token: tokenOf(session) }, scopes: ["operator.write"] };
  assert.equal(codeOf(await browser.connect(again, refused)), "in");

  offer("late");
  clock.advance(limits.signInCodeMs);
  const late: ConnectChange = { ...wish, auth: { bootstrapToken: "late" } };
  assert.equal(codeOf(await door.newClient().connect(late, absent)), "AUTH_BOOTSTRAP_TOKEN_INVALID");

  offer("node");
  const asNode: ConnectChange = { ...wish, role: "node", scopes: [], auth: { bootstrapToken: "node" } };
  assert.equal(codeOf(await door.newClient().connect(asNode, absent)), "AUTH_BOOTSTRAP_TOKEN_INVALID");
});

test("of two devices that show one code at the same moment one comes in", async () => {
  await using door = await openTestDevices();
  door.devices.offer({ hash: sha256("c0de"), scopes: ["operator.admin"], expiresAt: door.clock.now() + 1_000 });
  const show = () => door.newClient().connect({ auth: { bootstrapToken: "c0de" } }, absent);
  const answers = await Promise.all([show(), show(), show()]);
  assert.deepEqual(answers.map(codeOf).toSorted(), [
    "AUTH_BOOTSTRAP_TOKEN_INVALID",
    "AUTH_BOOTSTRAP_TOKEN_INVALID",
    "in",
  ]);
});

test("few codes wait at a time: the newest is the one that counts", async () => {
  await using door = await openTestDevices();
  const expiresAt = door.clock.now() + limits.signInCodeMs;
  for (let index = 0; index <= limits.signInCodesMax; index += 1)
    door.devices.offer({ hash: sha256(`code ${index}`), scopes: ["operator.read"], expiresAt });
  const show = async (code: string): Promise<unknown> =>
    codeOf(await door.newClient().connect({ auth: { bootstrapToken: code } }, absent));
  assert.deepEqual(
    [await show("code 0"), await show("code 1"), await show(`code ${limits.signInCodesMax}`)],
    ["AUTH_BOOTSTRAP_TOKEN_INVALID", "in", "in"],
  );
});

test("a client with a wrong shared secret is told to try its own token where it could have one", async () => {
  await using door = await openTestDevices();
  const [client, stranger] = [door.newClient(), door.newClient()];
  const token = tokenOf(await client.pair());
  const hintOf = async (of: typeof client): Promise<unknown> => {
    const answer = await of.connect({ auth: { token: "old shared token" } }, refused);
    return "closeCode" in answer ? answer.error.details : answer;
  };
  assert.deepEqual(await hintOf(client), { code: "AUTH_TOKEN_MISMATCH", canRetryWithDeviceToken: true });
  assert.deepEqual(await hintOf(stranger), { code: "AUTH_TOKEN_MISMATCH", canRetryWithDeviceToken: false });
  const both = { token: "old shared token", deviceToken: token };
  assert.equal(codeOf(await client.connect({ auth: both }, refused)), "in");
});
