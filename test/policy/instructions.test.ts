import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { owner } from "../../src/base/principal.ts";
import type { Principal } from "../../src/base/principal.ts";
import { compileRules, createPolicy } from "../../src/policy/policy.ts";

const all = { profile: "full", allow: undefined, deny: [] } as const;
const policy = createPolicy({
  rules: compileRules({ agents: new Map([["main", { owner: all, others: all }]]), cellOff: undefined }),
  clock: systemClock,
});

function decide(agentId: string, principal: Principal) {
  const { kind, rule } = policy.decide({
    verb: "file.write",
    agentId,
    sessionKey: `agent:${agentId}:main`,
    principal,
    label: { integrity: "owner", readers: [] },
    resource: { operation: "instruct", path: "SOUL.md", content: "x" },
  });
  return [kind, rule];
}

test("only the owner instructs an agent, and only one that there is", () => {
  assert.deepEqual(decide("main", owner), ["allow", "instructions.owner"]);
  const member: Principal = { id: "telegram:default:7", kind: "member", account: "default" };
  assert.deepEqual(decide("main", member), ["deny", "default"]);
  assert.deepEqual(decide("other", owner), ["deny", "default"]);
});
