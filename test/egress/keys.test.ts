import assert from "node:assert/strict";
import { test } from "node:test";
import { egressOf } from "../../src/assembly/settings/egress.ts";
import { resolvePaths } from "../../src/config/config.ts";
import { configSchema } from "../../src/config/schema/schema.ts";
import { widens } from "../../src/config/widen.ts";
import { judge } from "../../src/egress/judge/judge.ts";
import type { EgressQuestion } from "../../src/egress/judge/judge.ts";

const paths = resolvePaths({ env: { HOME: "/home/somebody" }, home: "/home/somebody" });
const nothing = { providers: new Map(), channels: new Map() };

function judged(config: unknown, question: Partial<EgressQuestion> & { readonly host: string }): string {
  const settings = egressOf(configSchema.parse(config), paths, nothing);
  const asked = { agentId: "main", port: 443, transport: "tunnel", ...question } as const;
  const verdict = judge(settings.agents.get(asked.agentId), asked, Date.UTC(2030, 0, 1));
  return verdict.verdict === "deny" ? "deny" : verdict.terminate ? "inspect" : "tunnel";
}

test("EGR-005 each agent has the way out that its profile names", () => {
  const config = {
    egress: { allow: ["docs.example.com"], presets: [] },
    agents: {
      list: [
        { id: "main" },
        { id: "scout", egress: { profile: "web-read" } },
        { id: "builder", egress: { profile: "packages", allow: ["git.example.com"] } },
        { id: "public", egress: { profile: "none", allow: ["docs.example.com"] } },
      ],
    },
  };
  const of = (agentId: string) =>
    ["docs.example.com", "git.example.com", "registry.npmjs.org"].map((host) => judged(config, { agentId, host }));
  assert.deepEqual(of("main"), ["tunnel", "deny", "deny"]);
  assert.deepEqual(of("scout"), ["inspect", "deny", "deny"]);
  assert.deepEqual(of("builder"), ["tunnel", "tunnel", "tunnel"]);
  assert.deepEqual(of("public"), ["deny", "deny", "deny"]);
  assert.deepEqual(of("nobody"), ["deny", "deny", "deny"]);
});

test("EGR-010 a reader sends 64 kB at most, and another agent what its key says", () => {
  const config = configSchema.parse({
    agents: {
      list: [
        { id: "scout", egress: { profile: "web-read" } },
        { id: "main", egress: { uploadMaxBytes: 5 } },
        { id: "free" },
      ],
    },
  });
  const { agents } = egressOf(config, paths, nothing);
  assert.deepEqual(
    ["scout", "main", "free"].map((id) => agents.get(id)?.uploadMaxBytes),
    [65_536, 5, undefined],
  );
});

test("denials of all agents, of the defaults and of the agent's own add up", () => {
  const config = {
    egress: { allow: ["*.example.com"], deny: ["a.example.com"] },
    agents: {
      defaults: { egress: { deny: ["b.example.com"] } },
      list: [{ id: "main", egress: { deny: ["c.example.com"] } }, { id: "other" }],
    },
  };
  const of = (agentId: string) =>
    ["a", "b", "c", "d"].map((name) => judged(config, { agentId, host: `${name}.example.com` }));
  assert.deepEqual(of("main"), ["deny", "deny", "deny", "tunnel"]);
  assert.deepEqual(of("other"), ["deny", "deny", "tunnel", "tunnel"]);
});

test("rules with an end, an agent and a port mean just that", () => {
  const config = {
    egress: {
      allow: [
        { host: "past.example.com", until: "2029-12-31T23:59:59Z" },
        { host: "next.example.com", until: "2030-01-01T00:00:01Z" },
        { host: "mine.example.com", agents: ["main"] },
        "git.example.com:8443",
      ],
    },
    agents: { list: [{ id: "main" }, { id: "other" }] },
  };
  assert.equal(judged(config, { host: "past.example.com" }), "deny");
  assert.equal(judged(config, { host: "next.example.com" }), "tunnel");
  assert.equal(judged(config, { host: "mine.example.com", agentId: "other" }), "deny");
  assert.equal(judged(config, { host: "git.example.com" }), "deny");
  assert.equal(judged(config, { host: "git.example.com", port: 8_443 }), "tunnel");
});

test("EGR-004 what is switched on is reachable by routes without being listed, and by no cell", () => {
  const far = { baseUrl: "https://api.example.com/v1", credential: "bearer", secret: "k", ownerNamed: false } as const;
  const ceiling = { providers: new Map([["mine", far]]), channels: new Map() };
  const { agents, routes } = egressOf(configSchema.parse({ egress: { deny: ["no.example.com"] } }), paths, ceiling);
  assert.deepEqual(
    routes.map(({ id, verdict, ports, accounts }) => ({ id, verdict, ports, accounts })),
    [
      { id: "egress.deny[0]", verdict: "deny", ports: [], accounts: undefined },
      { id: "models.providers.mine", verdict: "allow", ports: [443], accounts: ["mine"] },
    ],
  );
  const question = { agentId: "main", host: "api.example.com", port: 443, transport: "tunnel" } as const;
  assert.equal(judge(agents.get("main"), question, 0).verdict, "deny");
});

test("a rule that would let strangers in is refused with the config", () => {
  for (const host of ["*", "*.com", "*.github.io", "127.0.0.1", "10.0.0.1:443", "localhost", "exаmple.com", "a.b:0"])
    assert.equal(configSchema.safeParse({ egress: { allow: [host] } }).success, false, host);
});

test("what gives commands a longer way is a widening, what shortens it is none", () => {
  const change = (path: string, before: never, after: never) => widens({ path, before, after, reload: "hot" });
  const w = change as (path: string, before: unknown, after: unknown) => boolean;
  assert.equal(w("egress.allow", [], ["a.example.com"]), true);
  assert.equal(w("egress.allow", ["a.example.com"], []), false);
  assert.equal(w("egress.deny", ["a.example.com"], []), true);
  assert.equal(w("egress.deny", [], ["a.example.com"]), false);
  assert.equal(w("egress.terminate", ["a.example.com"], []), true);
  assert.equal(w("agents.list.main.egress.presets", [], ["git"]), true);
  assert.equal(w("agents.list.main.egress.profile", "none", "listed"), true);
  assert.equal(w("agents.list.main.egress.profile", "listed", "none"), false);
  assert.equal(w("egress.proxy", undefined, "http://p.example.com:3128"), true);
});
