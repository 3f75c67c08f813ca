import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judge } from "../../src/egress/judge/judge.ts";
import type { AgentEgress, EgressQuestion, EgressRule } from "../../src/egress/judge/judge.ts";
import { parseHostName, parseHostPlace } from "../../src/protocol/known/hosts.ts";

const now = 1_000_000;

function rule(host: string, more: Partial<EgressRule> = {}): EgressRule {
  const place = parseHostPlace(host);
  assert(place.ok);
  const ports = place.value.port === undefined ? [443] : [place.value.port];
  return { id: `allow ${host}`, verdict: "allow", host: place.value.host, ports, reach: "public", ...more };
}

function egress(...rules: readonly EgressRule[]): AgentEgress {
  return { rules, terminate: [], uploadMaxBytes: undefined };
}

function asked(host: string, more: Partial<EgressQuestion> = {}): EgressQuestion {
  return { agentId: "main", host, port: 443, transport: "tunnel", ...more };
}

const verdictOf = (rules: AgentEgress | undefined, question: EgressQuestion): string =>
  judge(rules, question, now).verdict;

test("EGR-001 no rule means no, and the reason says what the owner can do", () => {
  const refusal = {
    verdict: "deny",
    rule: "default",
    reason:
      "example.com is not on the list of agent main; the owner can add it with: lorica egress allow example.com --agent main",
  };
  assert.deepEqual(judge(undefined, asked("example.com"), now), refusal);
  assert.deepEqual(judge(egress(), asked("example.com"), now), refusal);
  assert.deepEqual(judge(egress(rule("example.org")), asked("example.com"), now), refusal);
  assert.deepEqual(judge(egress(rule("example.com")), asked("Example.COM"), now), {
    verdict: "allow",
    rule: "allow example.com",
    reach: "public",
    terminate: false,
    seesRequest: false,
    credentials: [],
  });
});

test("a rule holds for its agent, its port and its time only", () => {
  const mine = egress(rule("example.com", { agents: ["main"] }));
  assert.equal(verdictOf(mine, asked("example.com")), "allow");
  assert.equal(verdictOf(mine, asked("example.com", { agentId: "other" })), "deny");
  assert.equal(verdictOf(mine, asked("example.com", { port: 22 })), "deny");
  assert.equal(verdictOf(egress(rule("example.com:8443")), asked("example.com", { port: 8443 })), "allow");
  assert.equal(verdictOf(egress(rule("example.com", { until: now + 1 })), asked("example.com")), "allow");
  assert.equal(verdictOf(egress(rule("example.com", { until: now })), asked("example.com")), "deny");
});

test("a wildcard stands for names below it, never for the name itself or one that only ends alike", () => {
  const below = egress(rule("*.example.com"));
  assert.equal(verdictOf(below, asked("a.example.com")), "allow");
  assert.equal(verdictOf(below, asked("a.b.example.com")), "allow");
  assert.equal(verdictOf(below, asked("example.com")), "deny");
  assert.equal(verdictOf(below, asked("evilexample.com")), "deny");
  assert.equal(verdictOf(below, asked("example.com.evil.org")), "deny");
});

test("a rule that denies wins over every other, in whatever order they stand", () => {
  const no: EgressRule = { ...rule("bad.example.com"), id: "egress.deny[0]", verdict: "deny", ports: [] };
  for (const rules of [
    [no, rule("*.example.com")],
    [rule("*.example.com"), no],
  ]) {
    assert.equal(verdictOf(egress(...rules), asked("bad.example.com")), "deny");
    assert.equal(verdictOf(egress(...rules), asked("good.example.com")), "allow");
  }
});

test("ADV-009 a name that resolvers, proxies and certificates could read in two ways is denied", () => {
  const wide = egress(rule("*.example.com"), rule("example.com"), rule("127.example.com"));
  const spellings = [
    "example.com.",
    "example.com\0.evil.org",
    "evil.org\0.example.com",
    "user@example.com",
    "example.com@evil.org",
    "example.com:443",
    "example.com/evil",
    "exаmple.com",
    "ｅxample.com",
    "example。com",
    "a..example.com",
    ".example.com",
    "-a.example.com",
    "a-.example.com",
    "a_b.example.com",
    "%65xample.com",
    "example.com%00",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "1.2.3.0x4",
    "::1",
    "[::1]",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "fe80::1%eth0",
    "localhost",
    "",
    " example.com",
    "example.com\r\nX: y",
    `${"a".repeat(64)}.example.com`,
    `${"a.".repeat(127)}example.com`,
  ];
  for (const spelling of spellings) {
    const verdict = judge(wide, asked(spelling), now);
    assert.equal(verdict.verdict, "deny", spelling);
    assert.equal(verdict.rule, "grammar", spelling);
  }
});

test("whatever passes as a host name is one to a URL parser too, and no address", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6(), fc.webAuthority()), (text) => {
      const name = parseHostName(text);
      if (!name.ok) return;
      assert.equal(new URL(`https://${text}/`).hostname, name.value);
    }),
  );
});

test("a rule that is no host says what to write instead", () => {
  const told = [
    ["https://api.github.com/v3", "without https:// and without a path"],
    ["api.github.com/v3", "without https:// and without a path"],
    ["*", "every host at once cannot be named"],
    ["a b", "ASCII letters"],
    ["localhost", "two labels or more"],
    ["10.0.0.1", "name the host"],
  ] as const;
  for (const [text, said] of told) {
    const place = parseHostPlace(text);
    assert.ok(!place.ok && place.reason.includes(said), JSON.stringify([text, place]));
  }
});

test("wildcards over zones in which strangers get names are refused", () => {
  for (const text of ["*.com", "*", "*.*.example.com", "*.co.uk", "*.github.io", "*.s3.amazonaws.com", "*.pages.dev"])
    assert.equal(parseHostPlace(text).ok, false, text);
  for (const text of ["*.example.com", "*.example.co.uk", "docs.github.io", "*.mine.github.io"])
    assert.equal(parseHostPlace(text).ok, true, text);
});

test("rules about methods and paths end the tunnel's TLS, and hold inside it", () => {
  const paths = egress(rule("api.example.com", { methods: ["GET"], paths: ["/repos/mine"] }));
  const verdict = judge(paths, asked("api.example.com"), now);
  assert.deepEqual([verdict.verdict, verdict.verdict === "allow" && verdict.terminate], ["allow", true]);
  const inside = (method: string, path: string): string =>
    verdictOf(paths, asked("api.example.com", { method, path, transport: "tls" }));
  assert.equal(inside("GET", "/repos/mine"), "allow");
  assert.equal(inside("GET", "/repos/mine/issues?q=1"), "allow");
  assert.equal(inside("POST", "/repos/mine"), "deny");
  assert.equal(inside("GET", "/repos/minefield"), "deny");
  assert.equal(inside("GET", "/gists"), "deny");
  for (const path of [
    "/repos/mine/../../gists",
    "/repos/mine/%2e%2e/x",
    "/repos/mine//x",
    "/repos/mine\\x",
    "/repos/mine/..;/x",
    "/repos/mine%2f..%2f..",
    "/repos/mine/%252e",
  ])
    assert.equal(inside("GET", path), "deny", path);
});

test("a denied path cannot be reached through a tunnel, in another case or past an unrestricted rule", () => {
  const no: EgressRule = { ...rule("api.example.com"), id: "no", verdict: "deny", ports: [], paths: ["/gists"] };
  const rules = egress(rule("api.example.com"), no);
  const verdict = judge(rules, asked("api.example.com"), now);
  assert.equal(verdict.verdict === "allow" && verdict.terminate, true);
  const inside = (path: string): string =>
    verdictOf(rules, asked("api.example.com", { method: "POST", path, transport: "tls" }));
  assert.deepEqual([inside("/gists/1"), inside("/GISTS"), inside("/repos")], ["deny", "deny", "allow"]);
});

test("THR-021 a reader's hosts are read and not written to", () => {
  const reader = egress(rule("docs.example.com", { methods: ["GET", "HEAD"] }));
  const inside = (method: string): string =>
    verdictOf(reader, asked("docs.example.com", { method, path: "/", transport: "tls" }));
  assert.deepEqual(["GET", "HEAD", "POST", "PUT", "DELETE", "get"].map(inside), [
    "allow",
    "allow",
    "deny",
    "deny",
    "deny",
    "allow",
  ]);
});

test("rules tell apart whose account and which credential a request carries", () => {
  const mine = egress(
    { ...rule("api.example.com"), accounts: ["openai"] },
    { ...rule("api.example.com"), id: "no", verdict: "deny", credentials: ["spare-key"] },
  );
  const route = (account: string, credential: string): string =>
    verdictOf(mine, asked("api.example.com", { account, credential, transport: "route", method: "POST", path: "/" }));
  assert.equal(route("openai", "main-key"), "allow");
  assert.equal(route("other", "main-key"), "deny");
  assert.equal(route("openai", "spare-key"), "deny");
});

test("an address that a base URL names is for routes, never for a cell", () => {
  const local: EgressRule = {
    id: "models.providers.ollama",
    verdict: "allow",
    host: { kind: "literal", name: "127.0.0.1" },
    ports: [11434],
    reach: "owner-named",
  };
  const question = asked("127.0.0.1", { port: 11434, method: "POST", path: "/v1" });
  assert.equal(verdictOf(egress(local), { ...question, transport: "route" }), "allow");
  assert.equal(verdictOf(egress(local), question), "deny");
  assert.equal(
    verdictOf(
      egress({ ...local, host: { kind: "literal", name: "localhost.example" } }),
      asked("localhost.example", { port: 11434 }),
    ),
    "deny",
  );
});
