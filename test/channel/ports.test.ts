import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditRecord } from "../../src/audit/audit.ts";
import { systemClock } from "../../src/base/clock.ts";
import { createChannelPorts } from "../../src/assembly/gateway/channels.ts";
import type { ChannelGround } from "../../src/assembly/gateway/channels.ts";
import { createPolicy } from "../../src/policy/policy.ts";
import type { Rule } from "../../src/policy/policy.ts";
import { plugins } from "../../plugins/plugins.ts";

const request = {
  account: "default",
  method: "POST",
  url: "https://api.telegram.org/bot/getMe",
  headers: {},
  body: undefined,
} as const;

/** Asks Telegram for something under the rules; answers what was recorded and asked of the broker. */
async function ask(rules: readonly Rule[]) {
  const records: AuditRecord[] = [];
  const calls: string[] = [];
  const ground = {
    link: {
      async call({ method }: { readonly method: string }) {
        calls.push(method);
        return { result: { status: 200, headers: {} }, body: undefined };
      },
    },
    policy: createPolicy({ rules, clock: systemClock }),
    audit: { record: (record: AuditRecord) => records.push(record) },
    store: {},
    start: () => ({ config: { commands: {} } }),
    report: assert.fail,
  } as unknown as ChannelGround;
  const platforms = plugins.flatMap((plugin) => plugin.channels ?? []);
  const ports = createChannelPorts(platforms, ground)("telegram") ?? assert.fail("telegram is a platform");
  const answer: unknown = await ports.fetch(request, new AbortController().signal).catch((error: unknown) => error);
  return { records, calls, answer };
}

test("a request to a platform that policy refuses is recorded, and the broker is not asked", async () => {
  const reason = "telegram/default is not configured";
  const { records, calls, answer } = await ask([
    { name: "test.deny", judge: () => ({ kind: "deny", rule: "test.deny", reason }) },
  ]);
  assert.equal((answer as Error & { readonly code: string }).code, "forbidden");
  assert.deepEqual(calls, []);
  assert.deepEqual(records, [
    {
      kind: "decision",
      verb: "channel.request",
      verdict: "deny",
      rule: "test.deny",
      reason,
      principal: "channel:telegram",
      resource: "POST telegram/default",
    },
  ]);
});

test("requests to platforms that are allowed are not recorded: they would drown the rest", async () => {
  const { records, calls } = await ask([{ name: "test.allow", judge: () => ({ kind: "allow", rule: "test.allow" }) }]);
  assert.deepEqual(calls, ["channel.fetch"]);
  assert.deepEqual(records, []);
});
