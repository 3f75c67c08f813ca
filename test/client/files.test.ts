import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { loadDevice, openClientFiles } from "../../src/client/client.ts";
import { limits } from "../../src/base/limits.ts";
import { parsePublicKey, verifyClaim } from "../../src/protocol/device/identity.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "lorica-client-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test("NODE-002 CFG-009 a device has a key of its own, made once, readable by its user only, and signs with it", async (t) => {
  const path = join(folderOf(t), "identity", "device.json");
  const device = await loadDevice(path);
  assert.equal(modeOf(path), 0o600);
  assert.equal(modeOf(join(path, "..")), 0o700);
  const again = await loadDevice(path);
  assert.deepEqual([again.id, again.publicKey], [device.id, device.publicKey]);
  const claim = {
    clientId: "node-host",
    clientMode: "node",
    role: "node",
    scopes: [],
    signedAtMs: 5,
    token: "t",
    nonce: "n",
    platform: "Linux",
    deviceFamily: undefined,
  };
  const key = parsePublicKey(device.publicKey);
  assert.ok(key.ok);
  const signed = { key: key.value.key, signature: again.sign(claim) };
  assert.equal(verifyClaim({ ...claim, deviceId: device.id }, signed, ["v3"]), true);
  assert.equal(verifyClaim({ ...claim, deviceId: device.id, nonce: "m" }, signed, ["v3"]), false);
});

test("a key that others could read, or that is none, is not used", async (t) => {
  const path = join(folderOf(t), "device.json");
  writeFileSync(path, '{"privateKeyPem":"none"}', { mode: 0o600 });
  await assert.rejects(loadDevice(path), { code: "conflict", message: /does not hold a device key/ });
  chmodSync(path, 0o644);
  await assert.rejects(loadDevice(path), { code: "forbidden", message: /can be read by other users/ });
});

test("a token is kept for one gateway, role and device, and for no other", async (t) => {
  const path = join(folderOf(t), "identity", "gateways.json");
  const files = openClientFiles(path);
  const here = { url: "wss://a:443/", role: "node", deviceId: "d" };
  const others = [
    { ...here, url: "wss://b:443/" },
    { ...here, role: "operator" },
    { ...here, deviceId: "e" },
  ];
  await Promise.all([files.saveToken(here, "secret"), files.saveFingerprint(here.url, "ab")]);
  assert.equal(modeOf(path), 0o600);
  const next = openClientFiles(path);
  assert.deepEqual(await Promise.all([here, ...others].map((one) => next.token(one))), [
    "secret",
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual([await next.fingerprint(here.url), await next.fingerprint("wss://b:443/")], ["ab", undefined]);
  await next.saveToken(here, undefined);
  assert.equal(await files.token(here), undefined);
  assert.doesNotMatch(readFileSync(path, "utf8"), /secret/);
});

test("what is remembered is bounded, and a damaged file is said and not overwritten", async (t) => {
  const path = join(folderOf(t), "gateways.json");
  chmodSync(join(path, ".."), 0o700);
  const files = openClientFiles(path);
  for (let index = 0; index <= limits.clientGatewaysMax; index += 1)
    await files.saveToken({ url: `wss://${index}/`, role: "node", deviceId: "d" }, "x");
  const of = (index: number) => files.token({ url: `wss://${index}/`, role: "node", deviceId: "d" });
  assert.deepEqual([await of(0), await of(1), await of(limits.clientGatewaysMax)], [undefined, "x", "x"]);
  writeFileSync(path, "{", { mode: 0o600 });
  await assert.rejects(of(1), { code: "conflict" });
  await assert.rejects(files.saveFingerprint("wss://a/", "ab"), { code: "conflict" });
  assert.equal(readFileSync(path, "utf8"), "{");
});
