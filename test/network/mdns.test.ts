import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decideMdns, describeGateway, parseFound } from "../../src/network/mdns/mdns.ts";
import { encodeQuestion, parseAnswer } from "../../src/network/mdns/packet.ts";

const home = {
  isDisabled: false,
  container: undefined,
  hoster: undefined,
  interfaces: [
    { name: "lo", address: "127.0.0.1", isInternal: true },
    { name: "wlan0", address: "192.168.1.7", isInternal: false },
    { name: "wlan0", address: "2a00::7", isInternal: false },
  ],
};
const everywhere = [{ host: "0.0.0.0", port: 18_789 }];

test("DISC-004 DISC-005 DISC-006 the gateway is announced at home, and neither elsewhere nor where nobody can reach it", () => {
  assert.deepEqual(decideMdns("minimal", everywhere, home), { kind: "on", interfaces: ["wlan0"] });
  const off = (because: string) => ({ kind: "off", because });
  assert.deepEqual(decideMdns("off", everywhere, home), off("discovery.mdns.mode is off"));
  assert.deepEqual(
    decideMdns("full", everywhere, { ...home, isDisabled: true }),
    off("OPENCLAW_DISABLE_BONJOUR is set"),
  );
  assert.deepEqual(
    decideMdns("full", [{ host: "127.0.0.1", port: 1 }], home),
    off("the gateway listens to this machine only"),
  );
  assert.deepEqual(
    decideMdns("full", everywhere, { ...home, container: "/.dockerenv" }),
    off("this is a container (/.dockerenv)"),
  );
  assert.deepEqual(
    decideMdns("full", everywhere, { ...home, hoster: "Hetzner" }),
    off("this is a rented machine (Hetzner)"),
  );
  const open = [...home.interfaces, { name: "eth0", address: "203.0.114.9", isInternal: false }];
  assert.deepEqual(decideMdns("full", everywhere, { ...home, interfaces: open }), off("eth0 has a public address"));
});

const about = {
  mode: "minimal",
  port: 18_789,
  hostName: "den",
  tailnetName: undefined,
  tlsFingerprint: undefined,
  cliPath: "/opt/lorica/lorica",
  interfaces: ["wlan0"],
} as const;

test("DISC-002 DISC-003 the announcement holds what its mode says, and what is not set is left out", () => {
  const minimal = {
    role: "gateway",
    transport: "gateway",
    gatewayPort: "18789",
    displayName: "den",
    lanHost: "den.local",
  };
  assert.deepEqual(describeGateway(about), {
    name: "den",
    hostName: "den",
    port: 18_789,
    txt: minimal,
    interfaces: ["wlan0"],
  });
  assert.deepEqual(
    describeGateway({ ...about, mode: "full", tailnetName: "box.ts.net", tlsFingerprint: "AB:CD" }).txt,
    {
      ...minimal,
      tailnetDns: "box.ts.net",
      gatewayTls: "1",
      gatewayTlsSha256: "abcd",
      cliPath: "/opt/lorica/lorica",
      sshPort: "22",
    },
  );
});

test("DISC-007 without a name of the owner's choice the announced one says nothing, and is another each time", () => {
  const names = [1, 2].map(() => describeGateway({ ...about, hostName: undefined }).hostName);
  for (const name of names) assert.match(name, /^openclaw-[0-9a-f]{6}$/);
  assert.notEqual(names[0], names[1]);
});

test("ADV-021 what a stranger says of himself is shown plainly, bounded, or not at all", () => {
  const line = JSON.stringify({ name: "\u001b[31mevil\u202e", host: "h", port: 1, txt: { a: "x".repeat(999) } });
  assert.deepEqual(parseFound(line), { name: "?[31mevil?", host: "h", port: 1, txt: { a: "x".repeat(255) } });
  for (const bad of ["", "{", "[]", '{"name":"a","host":"b","port":0,"txt":{}}', '{"name":1}'])
    assert.equal(parseFound(bad), undefined);
});

test("ADV-021 no bytes from the network end the process that reads them, or keep it busy", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const answer = Buffer.from(bytes);
      if (answer.length > 3) answer[2] = 0x84;
      const records = parseAnswer(answer);
      return records === undefined || records.length <= 256;
    }),
    { numRuns: 2_000 },
  );
  const loop = Buffer.from([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 0, 0, 0]);
  assert.equal(parseAnswer(loop), undefined);
  assert.equal(parseAnswer(encodeQuestion("_openclaw-gw._tcp.local")), undefined);
});
