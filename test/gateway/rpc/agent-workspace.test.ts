import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditRecord } from "../../../src/audit/audit.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { LoricaError } from "../../../src/base/errors.ts";
import { createAgentWorkspace } from "../../../src/gateway/gateway.ts";
import { createPolicy } from "../../../src/policy/policy.ts";
import type { Rule } from "../../../src/policy/policy.ts";

const about = {
  verb: "file.write",
  agentId: "main",
  sessionKey: "agent:main:main",
  principal: "owner",
  actor: "device:d-1",
  resource: "write SOUL.md",
} as const;
const order = { agentId: "main", name: "SOUL.md", content: "wíse", actor: "device:d-1" };
const allowed: Rule = { name: "test.allow", judge: () => ({ kind: "allow", rule: "test.allow" }) };

/** Writes one file under the rules; answers what was recorded, and how often the sandbox was asked. */
async function write(rules: readonly Rule[], failure?: LoricaError) {
  const records: AuditRecord[] = [];
  let asked = 0;
  const workspace = createAgentWorkspace({
    workspace: { read: async () => [] },
    policy: createPolicy({ rules, clock: systemClock }),
    audit: { record: (record) => records.push(record) },
    sandbox: {
      async write() {
        asked += 1;
        if (failure !== undefined) throw failure;
        return { paths: ["SOUL.md"], summary: "written" };
      },
    },
  });
  const error: unknown = await workspace.write(order, new AbortController().signal).catch((cause: unknown) => cause);
  return { records, asked, error };
}

test("a client's write of an agent's file is recorded as decided and done, in the client's name", async () => {
  const { records, asked, error } = await write([allowed]);
  assert.equal(error, undefined);
  assert.equal(asked, 1);
  assert.deepEqual(records, [
    { kind: "decision", verdict: "allow", rule: "test.allow", ...about },
    { kind: "effect", ...about, result: { outcome: "ok", bytes: 5 } },
  ]);
});

test("a write that fails is recorded with how it failed", async () => {
  const failure = new LoricaError("timeout", "the cell did not answer");
  const { records, error } = await write([allowed], failure);
  assert.equal(error, failure);
  assert.deepEqual(records, [
    { kind: "decision", verdict: "allow", rule: "test.allow", ...about },
    { kind: "effect", ...about, result: { outcome: "timeout", bytes: 5 } },
  ]);
});

test("a write that policy refuses is recorded, and nothing is asked of the sandbox", async () => {
  const { records, asked, error } = await write([]);
  assert.equal((error as LoricaError).code, "forbidden");
  assert.equal(asked, 0);
  const [{ rule, reason, ...rest } = assert.fail("nothing was recorded"), ...more] = records;
  assert.deepEqual([rest, more], [{ kind: "decision", verdict: "deny", ...about }, []]);
  assert.match((error as LoricaError).message, /^SOUL\.md cannot be written: /);
  assert.ok((error as LoricaError).message.endsWith(reason ?? "-"));
  assert.notEqual(rule ?? "", "");
});
