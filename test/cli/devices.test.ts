import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { createCommandLine, createRecorder } from "../faux/command-line.ts";

const line = createCommandLine();
const { called, answering } = createRecorder();

const device = {
  deviceId: "ab".repeat(32),
  publicKey: "k",
  displayName: "Phone\u001B[2J",
  platform: "ios",
  clientId: "openclaw-ios",
  clientMode: "ui",
  role: "operator",
  roles: ["operator"],
  scopes: ["operator.read", "operator.write"],
};
const request = (requestId: string, ts: number) => ({
  ...device,
  requestId,
  remoteIp: "10.0.0.7",
  silent: false,
  isRepair: true,
  reason: "scope-upgrade",
  ts,
  expiresAtMs: Date.now() + 240_000,
});
const phone = {
  ...device,
  approvedVia: "owner",
  approvedBy: "owner",
  createdAtMs: 0,
  approvedAtMs: 86_400_000,
  lastSeenAtMs: 0,
  remoteIp: "10.0.0.7",
  connected: false,
  tokens: [],
};
const laptop = {
  ...phone,
  deviceId: `abcd${"0".repeat(60)}`,
  label: "laptop",
  roles: ["operator", "node"],
  connected: true,
};
const url = "http://127.0.0.1:18789/#code=c0de";

before(async () => {
  await line.serve("gateway.sock", {
    "device.pair.list": () => ({
      pending: [request("req-new", 2), request("req-old", 1)],
      paired: [{ ...phone, lastSeenAtMs: Date.now() - 120_000 }, laptop],
    }),
    "device.pair.approve": answering("approve", (params: { readonly requestId: string }) => ({
      ...params,
      device: phone,
    })),
    "device.pair.reject": answering("reject", { requestId: "req-old", deviceId: device.deviceId }),
    "device.pair.rename": answering("rename", (params: object) => params),
    "device.pair.remove": answering("remove", (params: object) => params),
    "device.token.rotate": answering("rotate", { token: "new-token", tokenDelivery: "in-band" }),
    "device.token.revoke": answering("revoke", (params: object) => ({ ...params, revokedAtMs: 1 })),
  });
  await line.serve("owner.sock", {
    "dashboard.link": () => ({
      url,
      expiresAt: new Date(2026, 0, 1, 14, 32).getTime(),
      alternatives: ["https://a.example/#code=c0de"],
    }),
  });
});
beforeEach(() => {
  called.length = 0;
});
after(() => line.close());

test("PAIR-020 the list shows who waits and who is in: what each may, how it was approved, when it was last seen", async () => {
  const { exit, stdout } = await line.run(["devices"], { terminal: true });
  assert.equal(exit, 0);
  assert.equal(stdout.includes("\u001B[2J"), false);
  const words = stripVTControlCharacters(stdout);
  const rows = words.split("\n").map((row) => row.trim().split(/ {2,}/));
  assert.deepEqual(rows.slice(0, -1), [
    ["waiting for approval"],
    ["request", "name", "from", "wants", "expires"],
    ["req-new", "Phone (ios)", "10.0.0.7", "more, operator: read write", "in 4 min"],
    ["req-old", "Phone (ios)", "10.0.0.7", "more, operator: read write", "in 4 min"],
    ["paired"],
    ["device", "name", "may", "approved", "last seen"],
    ["abababababab", "Phone (ios)", "operator: read write", "1970-01-02 via owner", "2 min ago 10.0.0.7"],
    ["abcd00000000", "laptop (ios)", "operator, node: read write", "1970-01-02 via owner", "connected 10.0.0.7"],
  ]);
  const json = JSON.parse((await line.run(["devices", "list", "--json"])).stdout) as Record<string, unknown[]>;
  assert.deepEqual([json["pending"]?.length, json["paired"]?.length], [2, 2]);
});

test("requests are named by their beginning or as the latest, and never guessed", async () => {
  const approved = await line.run(["devices", "approve", "req-o"]);
  assert.match(approved.stdout, /is in: more, operator: read write/);
  await line.run(["devices", "approve", "--latest"]);
  await line.run(["devices", "reject", "req-old"]);
  assert.deepEqual(called, [
    ["approve", { requestId: "req-old" }],
    ["approve", { requestId: "req-new" }],
    ["reject", { requestId: "req-old" }],
  ]);
  const exits = [
    ["devices", "approve"],
    ["devices", "approve", "req-"],
    ["devices", "reject", "other"],
  ];
  const ran = await Promise.all(exits.map((words) => line.run(words)));
  assert.deepEqual(
    ran.map(({ exit }) => exit),
    [2, 2, 5],
  );
  assert.equal(called.length, 3);
});

test("devices are renamed, rotated and removed by id or name, and removal is asked for", async () => {
  assert.equal(
    (await line.run(["devices", "rename", "laptop", "old", "laptop"])).stdout,
    "abcd00000000 is called old laptop\n",
  );
  const rotated = await line.run(["devices", "rotate", "ababab", "--scopes", "operator.read"]);
  assert.equal(rotated.stdout, "new-token\n");
  assert.equal((await line.run(["devices", "remove", "laptop"])).exit, 2);
  assert.equal((await line.run(["devices", "remove", "laptop", "--yes"])).exit, 0);
  assert.equal((await line.run(["devices", "remove", "ab", "--yes"])).exit, 5);
  assert.deepEqual(called, [
    ["rename", { deviceId: laptop.deviceId, label: "old laptop" }],
    ["rotate", { deviceId: phone.deviceId, role: "operator", scopes: ["operator.read"] }],
    ["remove", { deviceId: laptop.deviceId }],
  ]);
});

test("ROT-007 after a leak every device's tokens end with one command", async () => {
  const all = await line.run(["devices", "revoke", "--all", "--json"]);
  assert.deepEqual(JSON.parse(all.stdout), { revoked: [phone.deviceId, laptop.deviceId] });
  await line.run(["devices", "revoke", "laptop", "--role", "node"]);
  assert.deepEqual(called, [
    ["revoke", { deviceId: phone.deviceId, role: "operator" }],
    ["revoke", { deviceId: laptop.deviceId, role: "operator" }],
    ["revoke", { deviceId: laptop.deviceId, role: "node" }],
    ["revoke", { deviceId: laptop.deviceId, role: "node" }],
  ]);
});

test("dashboard prints the link, its other addresses and the tunnel to it", async () => {
  const { exit, stdout } = await line.run(["dashboard"]);
  assert.deepEqual(
    [exit, stdout],
    [
      0,
      "This link signs a browser in, once, until 14:32:\n\n" +
        `  ${url}\n  https://a.example/#code=c0de\n\n` +
        "From another computer, open a tunnel first, and then the link there:\n\n" +
        "  ssh -N -L 18789:127.0.0.1:18789 user@host\n",
    ],
  );
  assert.equal((await line.run(["dashboard", "--print"], { terminal: true })).stdout, `${url}\n`);
  assert.deepEqual(JSON.parse((await line.run(["dashboard", "--json"])).stdout), {
    url,
    expiresAt: new Date(2026, 0, 1, 14, 32).getTime(),
    alternatives: ["https://a.example/#code=c0de"],
    tunnel: "ssh -N -L 18789:127.0.0.1:18789 user@host",
  });
});

test("a desktop is handed a private file and never the link itself, and only where a person sits at it", async (t) => {
  const opener = join(line.home, "xdg-open");
  const opened = join(line.home, "opened");
  writeFileSync(opener, `#!/bin/sh\nprintf '%s' "$*" > '${opened}.new'; mv '${opened}.new' '${opened}'\n`);
  chmodSync(opener, 0o755);
  const before = { ...line.env };
  t.after(() => Object.assign(line.env, before));
  Object.assign(line.env, { PATH: `${line.home}:/usr/bin:/bin`, DISPLAY: ":0" });
  assert.doesNotMatch((await line.run(["dashboard"])).stderr, /opening/);
  assert.doesNotMatch((await line.run(["dashboard", "--no-open"], { terminal: true })).stderr, /opening/);
  assert.match((await line.run(["dashboard"], { terminal: true })).stderr, /opening it in your browser/);
  const file = await until(() => readFileSync(opened, "utf8"));
  assert.equal(file, join(line.stateDir, "run", "dashboard.html"));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, "utf8"), /url=http:\/\/127\.0\.0\.1:18789\/#code=c0de"/);
  line.env["SSH_CONNECTION"] = "1";
  assert.doesNotMatch((await line.run(["dashboard"], { terminal: true })).stderr, /opening/);
});

async function until(read: () => string): Promise<string> {
  for (;;) {
    try {
      return read();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
