// Where to listen, on machines that are made up.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { expiryWarning, inspectCertificate, listeningProblem, planListening } from "../../src/network/network.ts";
import { reachOf } from "../../src/network/network.ts";
import type { Binding, Interface } from "../../src/network/network.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not installed";

const on = (name: string, address: string): Interface => ({ name, address, isInternal: name === "lo" });
const home = [on("lo", "127.0.0.1"), on("lo", "::1"), on("eth0", "192.168.1.5"), on("eth0", "2606:4700::5")];
const plain = [on("lo", "127.0.0.1"), on("eth0", "192.168.1.5")];

function hosts(bind: Binding["bind"], interfaces: readonly Interface[], customBindHost?: string): unknown {
  const planned = planListening({ bind, customBindHost, port: 1 }, interfaces);
  return planned.ok ? planned.value.map(({ host }) => host) : planned.reason;
}

test("NET-001 loopback is this machine's two addresses and nothing else", () => {
  assert.deepEqual(hosts("loopback", home), ["127.0.0.1", "::1"]);
  assert.deepEqual(hosts("auto", home), ["127.0.0.1", "::1"]);
  assert.deepEqual(hosts("loopback", plain), ["127.0.0.1"]);
});

test("lan is every address of the families that there are, custom the one that is named", () => {
  assert.deepEqual([hosts("lan", home), hosts("lan", plain)], [["::"], ["0.0.0.0"]]);
  assert.deepEqual(hosts("custom", home, "::ffff:192.168.1.5"), ["192.168.1.5"]);
});

test("NET-003 tailnet is Tailscale's own address, or a refusal", () => {
  assert.deepEqual(hosts("tailnet", [...home, on("tailscale0", "100.101.102.103")]), ["100.101.102.103"]);
  for (const interfaces of [home, [on("eth0", "100.64.0.9")], [on("tailscale0", "192.168.1.5")]])
    assert.match(String(hosts("tailnet", interfaces)), /no interface has a Tailscale address/);
});

test("NET-004 GAP-009 a socket that is wider, elsewhere or missing is noticed", () => {
  const at = (host: string, port = 1) => ({ host, port });
  assert.equal(listeningProblem([at("127.0.0.1"), at("::1")], [at("127.0.0.1"), at("::1")]), undefined);
  assert.equal(listeningProblem([at("127.0.0.1", 0)], [at("127.0.0.1", 5)]), undefined);
  for (const actual of [[at("0.0.0.0")], [at("::")], [], [at("127.0.0.1", 2)], [at("127.0.0.1"), at("::1")]])
    assert.match(listeningProblem([at("127.0.0.1")], actual) ?? "", /it was to listen on 127.0.0.1:1 and listens on/);
});

test("NET-039 who can reach a listener is told by address and distance", () => {
  const machine = [...home, on("wan", "8.8.4.4")];
  const told = (host: string) => reachOf([{ host, port: 1 }], machine).map(({ address, from }) => `${address} ${from}`);
  assert.deepEqual(told("127.0.0.1"), ["127.0.0.1 machine"]);
  assert.deepEqual(told("0.0.0.0"), ["127.0.0.1 machine", "192.168.1.5 network", "8.8.4.4 internet"]);
  assert.deepEqual(told("::"), [
    "127.0.0.1 machine",
    "::1 machine",
    "192.168.1.5 network",
    "2606:4700::5 internet",
    "8.8.4.4 internet",
  ]);
});

test(
  "NET-031 a certificate belongs to its key, has not run out, and is warned about in its last three weeks",
  { skip },
  (t) => {
    const folder = mkdtempSync(join(tmpdir(), "lorica-certificate-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const make = (name: string): { cert: string; key: string } => {
      const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
      const words = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "30",
      ];
      execFileSync("openssl", [...words, "-subj", "/CN=localhost", "-keyout", key, "-out", cert], { stdio: "ignore" });
      return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
    };
    const [pair, other] = [make("one"), make("two")];
    const now = Date.now() + 60_000;
    const day = 86_400_000;
    const found = inspectCertificate(pair, now);
    assert.ok(found.ok);
    assert.match(found.value.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    assert.equal(expiryWarning(found.value, now), undefined);
    assert.equal(expiryWarning(found.value, found.value.expiresAt - 21 * day), undefined);
    assert.match(expiryWarning(found.value, found.value.expiresAt - 20.5 * day) ?? "", /expires in 20 days/);
    const reason = (pairing: { cert: string; key: string }, at = now): string => {
      const inspected = inspectCertificate(pairing, at);
      return inspected.ok ? "" : inspected.reason;
    };
    assert.match(reason({ cert: pair.cert, key: other.key }), /not this certificate's/);
    assert.match(reason(pair, now + 40 * day), /has expired/);
    assert.match(reason({ cert: "no", key: pair.key }), /not a certificate/);
    assert.equal(reason({ cert: pair.cert, key: "secret-in-a-wrong-place" }).includes("secret"), false);
  },
);
