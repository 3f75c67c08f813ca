// Addresses, ranges and what a chain of proxies says, as vectors.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressGroup, createAddressRanges, expandProxies, isLoopbackAddress } from "../../src/network/network.ts";
import { normalAddress, originOf } from "../../src/network/network.ts";

test("an address has one spelling, and what only looks like one has none", () => {
  const spellings: readonly (readonly [string, string | undefined])[] = [
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::FFFF:7F00:1", "127.0.0.1"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["127.1", undefined],
    ["2130706433", undefined],
    ["0177.0.0.1", undefined],
    ["1.2.3.4.5", undefined],
    ["localhost", undefined],
    ["", undefined],
    ["1".repeat(64), undefined],
  ];
  for (const [text, normal] of spellings) assert.equal(normalAddress(text), normal, text);
  for (const text of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) assert.equal(isLoopbackAddress(text), true);
  for (const text of ["128.0.0.1", "::2", "10.0.0.1", "127.0.0.1.example"])
    assert.equal(isLoopbackAddress(text), false);
});

test("NET-014 single addresses, ranges of both families and Cloudflare's by name", () => {
  const ranges = createAddressRanges(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::ffff:172.16.0.0/108"]);
  const inside = ["10.255.0.1", "::ffff:10.0.0.1", "192.0.2.7", "2001:db8:1::1", "172.16.3.4"];
  const outside = ["11.0.0.1", "192.0.2.8", "2001:db9::1", "172.32.0.1", "not an address", ""];
  assert.deepEqual(
    [...inside, ...outside].filter((address) => ranges.has(address)),
    inside,
  );
  const cloudflare = createAddressRanges(expandProxies(["cloudflare"]));
  assert.equal(cloudflare.size, 22);
  for (const address of ["173.245.48.1", "104.16.0.1", "2606:4700::1111"]) assert.ok(cloudflare.has(address), address);
  for (const address of ["173.245.47.255", "8.8.8.8", "2607::1"]) assert.equal(cloudflare.has(address), false, address);
});

test("an IPv6 subscriber counts once, whichever of its addresses it takes", () => {
  assert.equal(addressGroup("2001:db8:1:2::1"), "2001:db8:1:2::/64");
  assert.equal(addressGroup("2001:db8:1:2:ffff::9"), "2001:db8:1:2::/64");
  assert.notEqual(addressGroup("2001:db8:1:3::1"), addressGroup("2001:db8:1:2::1"));
  assert.equal(addressGroup("::ffff:192.0.2.7"), "192.0.2.7");
});

const trust = (proxies: readonly string[], realIpFallback = false) => ({
  proxies: createAddressRanges(proxies),
  realIpFallback,
});
const cases: readonly (readonly [string, Record<string, string>, ReturnType<typeof trust>, string])[] = [
  ["127.0.0.1", {}, trust([]), "127.0.0.1 local"],
  ["::1", {}, trust([]), "::1 local"],
  ["127.0.0.1", { "x-forwarded-for": "127.0.0.1" }, trust([]), "127.0.0.1 remote unknown-proxy"],
  ["127.0.0.1", { forwarded: "for=127.0.0.1" }, trust([]), "127.0.0.1 remote unknown-proxy"],
  ["127.0.0.1", { via: "1.1 x" }, trust([]), "127.0.0.1 remote unknown-proxy"],
  ["127.0.0.1", { "cf-connecting-ip": "1.2.3.4" }, trust([]), "127.0.0.1 remote unknown-proxy"],
  ["127.0.0.1", { "x-forwarded-for": "127.0.0.1" }, trust(["127.0.0.1"]), "127.0.0.1 remote"],
  ["127.0.0.1", {}, trust(["127.0.0.1"]), "127.0.0.1 remote"],
  ["10.0.0.1", { "x-forwarded-for": "203.0.113.9" }, trust(["10.0.0.0/8"]), "203.0.113.9 remote"],
  ["10.0.0.1", { "x-forwarded-for": "127.0.0.1, 203.0.113.9" }, trust(["10.0.0.0/8"]), "203.0.113.9 remote"],
  ["10.0.0.1", { "x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.0.0.2" }, trust(["10.0.0.0/8"]), "203.0.113.9 remote"],
  ["10.0.0.1", { "x-forwarded-for": "6.6.6.6, junk, 10.0.0.2" }, trust(["10.0.0.0/8"]), "10.0.0.2 remote"],
  ["10.0.0.1", { "x-forwarded-for": "[2001:db8::1]:443" }, trust(["10.0.0.1"]), "2001:db8::1 remote"],
  ["10.0.0.1", { "x-forwarded-for": "203.0.113.9:5555" }, trust(["10.0.0.1"]), "203.0.113.9 remote"],
  ["10.0.0.9", { "x-forwarded-for": "203.0.113.9" }, trust(["10.0.0.1"]), "10.0.0.9 remote unknown-proxy"],
  ["10.0.0.1", { "x-real-ip": "203.0.113.9" }, trust(["10.0.0.1"]), "10.0.0.1 remote"],
  ["10.0.0.1", { "x-real-ip": "203.0.113.9" }, trust(["10.0.0.1"], true), "203.0.113.9 remote"],
  ["10.0.0.1", { "x-forwarded-proto": "https" }, trust(["10.0.0.1"]), "10.0.0.1 remote secure"],
  ["10.0.0.9", { "x-forwarded-proto": "https" }, trust(["10.0.0.1"]), "10.0.0.9 remote unknown-proxy"],
  ["10.0.0.1", { "x-forwarded-proto": "https, http" }, trust(["10.0.0.1"]), "10.0.0.1 remote"],
  ["10.0.0.1", { forwarded: 'for=1.2.3.4;proto="https"' }, trust(["10.0.0.1"]), "10.0.0.1 remote secure"],
];

test("NET-011 NET-012 THR-003 the client is found from the right, and nothing that is forwarded is ever local", () => {
  for (const [socket, headers, proxies, expected] of cases) {
    const { address, isLocal, isSecure, isUnknownProxy } = originOf(socket, headers, proxies);
    const found = [
      address,
      isLocal ? "local" : "remote",
      isSecure ? "secure" : "",
      isUnknownProxy ? "unknown-proxy" : "",
    ];
    assert.equal(found.filter((part) => part !== "").join(" "), expected, JSON.stringify([socket, headers]));
  }
});

test("NET-012 whatever stands in a forwarding header, it yields no local trust and no trusted client", () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom("x-forwarded-for", "forwarded", "x-real-ip"), (text, name) => {
      const direct = originOf("127.0.0.1", { [name]: text }, trust([]));
      assert.deepEqual([direct.isLocal, direct.address], [false, "127.0.0.1"]);
      assert.equal(originOf("10.0.0.1", { [name]: text }, trust(["10.0.0.1"], true)).isLocal, false);
    }),
  );
});
