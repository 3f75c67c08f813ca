import assert from "node:assert/strict";
import { test } from "node:test";
import { createDirectCalls } from "../../../src/agent/agent.ts";
import { owner } from "../../../src/base/principal.ts";
import type { Principal } from "../../../src/base/principal.ts";
import { openTestAgent } from "../../faux/agent.ts";

const member: Principal = { id: "telegram:default:http", kind: "member", account: "default" };
const never = new AbortController().signal;

test("GW-007 a direct call is decided, run in the cell and recorded as a model's call is", async () => {
  await using agent = await openTestAgent();
  const call = createDirectCalls(agent.runnerOptions);
  const about = {
    agentId: "main",
    sessionKey: "agent:main:main",
    label: { integrity: "owner", readers: ["owner"] },
  } as const;
  const ran = await call({ ...about, principal: owner, tool: "exec", input: { command: "true" } }, never);
  assert.deepEqual([ran.kind, agent.sandbox.actions.length], ["ran", 1]);
  const { verb, agentId, sessionKey, principal, label } = agent.sandbox.actions[0] ?? assert.fail("nothing ran");
  assert.deepEqual(
    { verb, agentId, sessionKey, principal, label },
    { verb: "process.run", ...about, principal: owner },
  );
  assert.deepEqual(
    agent.audit.map(({ kind, verdict }) => [kind, verdict]),
    [
      ["decision", "allow"],
      ["effect", undefined],
    ],
  );
});

test("GW-007 GW-018 what is not offered to a principal does not exist for it, and nothing runs", async () => {
  await using agent = await openTestAgent();
  const call = createDirectCalls(agent.runnerOptions);
  const about = { sessionKey: "agent:main:main", label: { integrity: "member", readers: [] } } as const;
  const ask = (agentId: string, principal: Principal, tool: string) =>
    call({ ...about, agentId, principal, tool, input: { command: "true" } }, never);
  assert.deepEqual(await ask("main", member, "exec"), { kind: "none" });
  assert.deepEqual(await ask("main", owner, "browser"), { kind: "none" });
  assert.deepEqual(await ask("nobody", owner, "exec"), { kind: "none" });
  assert.deepEqual([agent.sandbox.actions, agent.audit], [[], []]);
  const wrong = await call({ ...about, agentId: "main", principal: owner, tool: "exec", input: { command: 7 } }, never);
  assert.equal(wrong.kind, "wrong");
});
