import assert from "node:assert/strict";
import { test } from "node:test";
import { createAddressRanges, originOf } from "../../src/network/network.ts";
import { createIdentities, createTailscale } from "../../src/network/tailscale/tailscale.ts";
import type { ProgramRun } from "../../src/network/network.ts";
import { parsePublished, parseTailnetName, parseWhois } from "../../src/network/tailscale/read.ts";

const signal = new AbortController().signal;
const ok = (stdout: string): ProgramRun => ({ code: 0, stdout, stderr: "" });

test("a name is taken from a connected Tailscale only, and only where it is a name", () => {
  const status = (backend: string, name: unknown) =>
    parseTailnetName(JSON.stringify({ BackendState: backend, Self: { DNSName: name } }));
  assert.deepEqual(status("Running", "box.tail1.ts.net."), { ok: true, value: "box.tail1.ts.net" });
  for (const result of [
    status("NeedsLogin", "box.tail1.ts.net."),
    status("Running", ""),
    status("Running", "evil host"),
    status("Running", "box.ts.net/\u001b[31m"),
    status("Running", 1),
    parseTailnetName("no json"),
    parseTailnetName("[]"),
  ])
    assert.equal(result.ok, false);
});

test("a login is a person's, and no machine's", () => {
  const whois = (value: unknown) => parseWhois(JSON.stringify(value));
  assert.equal(whois({ UserProfile: { LoginName: "a@example.com" } }), "a@example.com");
  assert.equal(whois({ Node: { Tags: ["tag:ci"] }, UserProfile: { LoginName: "a@example.com" } }), undefined);
  assert.equal(whois({ UserProfile: { LoginName: "tagged-devices" } }), undefined);
  assert.equal(whois({ UserProfile: { LoginName: "a\r\nb" } }), undefined);
  assert.equal(whois({ UserProfile: {} }), undefined);
  assert.equal(parseWhois("{"), undefined);
});

test("what is published is told apart by what it leads to", () => {
  const web = (handlers: unknown, rest: object = {}) =>
    parsePublished(JSON.stringify({ Web: { "box.ts.net:443": { Handlers: handlers } }, ...rest }), "box.ts.net", 443);
  assert.deepEqual(parsePublished("{}", "box.ts.net", 443), { kind: "nothing" });
  assert.deepEqual(web({ "/": { Proxy: "http://127.0.0.1:1" } }), {
    kind: "proxy",
    target: "127.0.0.1:1",
    isPublic: false,
  });
  assert.deepEqual(web({ "/": { Proxy: "http://127.0.0.1:1" } }, { AllowFunnel: { "box.ts.net:443": true } }), {
    kind: "proxy",
    target: "127.0.0.1:1",
    isPublic: true,
  });
  assert.deepEqual(web({ "/": { Path: "/srv" } }), { kind: "other" });
  assert.deepEqual(web({ "/": { Proxy: "http://127.0.0.1:1" }, "/x": { Proxy: "http://127.0.0.1:2" } }), {
    kind: "other",
  });
  assert.deepEqual(parsePublished('{"TCP":{"443":{"TCPForward":"127.0.0.1:22"}}}', "box.ts.net", 443), {
    kind: "other",
  });
  assert.deepEqual(parsePublished("no json", "box.ts.net", 443), { kind: "other" });
});

test("NET-007 nothing but an address of the tailnet is ever asked after", async () => {
  const asked: string[] = [];
  const tailscale = createTailscale(async (args) => {
    asked.push(args.join(" "));
    return ok('{"UserProfile":{"LoginName":"a@example.com"}}');
  });
  for (const address of ["--socket=/tmp/x", "127.0.0.1", "8.8.8.8", "100.64.0.9, 100.64.0.1", "", "100.64.0.1 "])
    assert.equal(await tailscale.whois(address, signal), undefined);
  assert.equal(await tailscale.whois("100.64.0.9", signal), "a@example.com");
  assert.equal(await tailscale.whois("fd7a:115c:a1e0::1", signal), "a@example.com");
  assert.deepEqual(asked, ["whois --json 100.64.0.9", "whois --json fd7a:115c:a1e0::1"]);
});

test("an address is asked after once in a while, and so many of them a second", async () => {
  let now = 0;
  let asked = 0;
  const whois = async (address: string): Promise<string | undefined> => {
    asked += 1;
    if (address === "broken" && asked === 1) throw new Error("no daemon");
    return `${address}@example.com`;
  };
  const identities = createIdentities({ whois }, () => now, signal);
  await assert.rejects(async () => await identities.loginOf("broken"), /no daemon/);
  assert.equal(await identities.loginOf("broken"), "broken@example.com");
  assert.equal(await identities.loginOf("broken"), "broken@example.com");
  assert.equal(asked, 2);
  now += 11_000;
  await identities.loginOf("broken");
  assert.equal(asked, 3);
  for (let at = 0; at < 9; at += 1) await identities.loginOf(`100.64.0.${at}`);
  assert.throws(() => identities.loginOf("100.64.1.1"), { code: "overloaded" });
  assert.equal(await identities.loginOf("100.64.0.1"), "100.64.0.1@example.com");
  now += 1_000;
  assert.equal(await identities.loginOf("100.64.1.1"), "100.64.1.1@example.com");
});

test("only while it is published does Tailscale's proxy say who comes through it", () => {
  const proxies = createAddressRanges([]);
  const headers = {
    "x-forwarded-for": "100.64.0.9",
    "x-forwarded-host": "box.ts.net",
    "x-forwarded-proto": "https",
    "tailscale-user-login": "a@example.com",
  };
  const published = { mode: "serve" as const, name: "box.ts.net" };
  const origin = (change: object = {}, peer = "127.0.0.1") =>
    originOf(peer, { ...headers, ...change }, { proxies, realIpFallback: false, published });
  const through = { address: "100.64.0.9", isLocal: false, isSecure: true, isByProxy: false, isUnknownProxy: false };
  const unknown = { address: "127.0.0.1", isLocal: false, isSecure: false, isByProxy: false, isUnknownProxy: true };
  assert.deepEqual(origin(), through);
  assert.deepEqual(origin({ "x-forwarded-host": "BOX.ts.net:8443" }), through);
  assert.deepEqual(originOf("127.0.0.1", headers, { proxies, realIpFallback: false }), unknown);
  for (const change of [
    { "x-forwarded-host": "elsewhere.ts.net" },
    { "x-forwarded-proto": "http" },
    { "x-forwarded-for": "203.0.113.4" },
    { "x-forwarded-for": "127.0.0.1" },
    { "x-forwarded-for": "100.64.0.9, 100.64.0.10" },
    { "x-forwarded-for": undefined },
  ])
    assert.deepEqual(origin(change), unknown);
  assert.deepEqual(origin({}, "192.0.2.1"), { ...unknown, address: "192.0.2.1" });
  const open = { mode: "funnel" as const, name: "box.ts.net" };
  const visitor = originOf(
    "127.0.0.1",
    { ...headers, "x-forwarded-for": "203.0.113.4" },
    { proxies, realIpFallback: false, published: open },
  );
  assert.deepEqual(visitor, { ...through, address: "203.0.113.4" });
});
