import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action } from "../../src/base/action.ts";
import { limits } from "../../src/base/limits.ts";
import { owner } from "../../src/base/principal.ts";
import { compileRules, createPolicy, expandTools, toolsFor } from "../../src/policy/policy.ts";
import type { PolicySettings } from "../../src/policy/policy.ts";

const settings: PolicySettings = {
  agents: new Map([
    [
      "main",
      {
        owner: { profile: "coding", allow: undefined, deny: [] },
        others: { profile: "messaging", allow: undefined, deny: [] },
      },
    ],
  ]),
  cellOff: undefined,
};

const run: Action<"process.run"> = {
  verb: "process.run",
  agentId: "main",
  sessionKey: "agent:main:main",
  principal: owner,
  label: { integrity: "owner", readers: ["owner"] },
  resource: { command: "true", cwd: ".", timeoutMs: 1_000, terminal: "none", mode: "foreground" },
};

function policyAt(now: { ms: number }, change: Partial<PolicySettings> = {}) {
  return createPolicy({ rules: compileRules({ ...settings, ...change }), clock: { now: () => now.ms } });
}

test("a granted action is redeemed once, and exactly as it was decided", () => {
  const policy = policyAt({ ms: 0 });
  const action = structuredClone(run);
  const decision = policy.decide(action);
  assert.ok(decision.kind === "allow");
  Object.assign(action.resource, { command: "rm -rf /" });
  assert.equal(policy.redeem(decision.grant).action.resource.command, "true");
  assert.throws(() => policy.redeem(decision.grant), { code: "forbidden" });
});

test("a grant expires", () => {
  const now = { ms: 0 };
  const policy = policyAt(now);
  const decision = policy.decide(run);
  assert.ok(decision.kind === "allow");
  now.ms = limits.grantLifetimeMs + 1;
  assert.throws(() => policy.redeem(decision.grant), { code: "forbidden" });
});

test("what policy did not mint does not redeem", () => {
  const policy = policyAt({ ms: 0 });
  const stranger = policyAt({ ms: 0 }).decide(run);
  assert.ok(stranger.kind === "allow");
  assert.throws(() => policy.redeem(stranger.grant), { code: "forbidden" });
  assert.throws(() => policy.redeem(Object.freeze({}) as never), { code: "forbidden" });
});

test("TOOL-012 without a verified cell nobody may execute, and the reason says why", () => {
  const policy = policyAt({ ms: 0 }, { cellOff: "bubblewrap is not installed" });
  assert.deepEqual(policy.decide(run), {
    kind: "deny",
    reason: "the sandbox is off: bubblewrap is not installed",
    rule: "cell.verified",
  });
});

test("a stranger and an unknown agent are denied by default", () => {
  const policy = policyAt({ ms: 0 });
  const stranger = { id: "telegram:default:7", kind: "stranger", account: "default" } as const;
  assert.deepEqual(policy.decide({ ...run, principal: stranger }), {
    kind: "deny",
    reason: "the tool policy of this agent does not allow exec",
    rule: "tools.surface",
  });
  assert.deepEqual(policy.decide({ ...run, agentId: "nobody" }), {
    kind: "deny",
    reason: "no rule allows process.run",
    rule: "default",
  });
});

test("a name in deny wins over allow, and an unknown name blanks nothing", () => {
  const tools = toolsFor({ profile: "coding", allow: ["group:fs", "no_such_tool", "exec"], deny: ["write"] });
  assert.deepEqual([...tools].toSorted(), ["apply_patch", "edit", "exec", "glob", "grep", "read"]);
});

test("TOOL-008 a name that every object has is as unknown as any other", () => {
  assert.deepEqual(expandTools(["read", "constructor", "toString"]), {
    tools: new Set(["read"]),
    unknown: ["constructor", "toString"],
  });
});
