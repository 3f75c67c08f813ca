import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutEffect } from "../../src/config/schema/without-effect.ts";
import { loadGood, valueAt } from "./harness.ts";

test("a key that nothing reads yet holds what it holds by default, and says nothing of that", async () => {
  for (const [path, [held]] of withoutEffect)
    if (held !== undefined) assert.deepEqual([path, await valueAt({}, path)], [path, held]);
  const { notices } = await loadGood({ gateway: { bind: "auto", trustedProxies: [] } });
  assert.deepEqual(notices, []);
});

test("whoever sets a bound that does not hold yet is told so, with the line", async () => {
  const { notices } = await loadGood(`{
    messages: { inbound: { debounceMs: 5 } },
    logging: { redactSensitive: "all" },
    agents: {
      defaults: { contextPruning: { ttl: "1m" } },
      list: [{ id: "a" }, { id: "b",
        contextPruning: { keepLastAssistants: 5 } }],
    },
  }`);
  assert.deepEqual(
    notices.map(({ path, place, message }) => [
      path,
      place?.line,
      /^is understood and has no effect yet: ./.test(message),
    ]),
    [
      ["logging.redactSensitive", 3, true],
      ["messages.inbound.debounceMs", 2, true],
      ["agents.defaults.contextPruning.ttl", 5, true],
      ["agents.list[1].contextPruning.keepLastAssistants", 7, true],
    ],
  );
});
