// `settings.json` as anybody could have left it: it is understood whole or refused with a reason, and nothing in between.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../src/base/limits.ts";
import { hookEvents, matches, parseHookSettings } from "../../src/hook/definition.ts";

const word = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom("Bash", "*", "__proto__", "constructor", "(", "a|b"),
);
const odd = { weight: 1, arbitrary: fc.jsonValue() };
const timeout = fc.double({ min: 0.001, max: 1e6, noNaN: true });
const command = fc.record({ type: fc.constant("command"), command: word, timeout }, { requiredKeys: ["command"] });
const hook = fc.oneof({ weight: 10, arbitrary: fc.oneof(word, command) }, odd);
const hooks = fc.array(hook, { maxLength: 3 });
const group = fc.oneof(
  { weight: 10, arbitrary: fc.record({ matcher: word, hooks }, { requiredKeys: ["hooks"] }) },
  odd,
);
const event = fc.oneof(fc.constantFrom(...hookEvents, "Stop"), word);
const events = fc.dictionary(event, fc.array(group, { maxLength: 3 }));
const settings = fc.oneof(
  fc
    .record({ hooks: events, disableAllHooks: fc.boolean() }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.string({ unit: "binary" }),
);

test("whatever settings.json holds, its hooks are usable or it is refused with a reason", () => {
  let usable = 0;
  fc.assert(
    fc.property(settings, (text) => {
      const read = parseHookSettings(text);
      if (!read.ok) return assert.notEqual(read.reason, "");
      usable += read.value.definitions.length;
      for (const { event, matcher, command, timeoutMs } of read.value.definitions) {
        assert.ok(hookEvents.includes(event));
        assert.equal(typeof matches(matcher, ["Bash", "exec"]), "boolean");
        assert.ok(command.length > 0 && timeoutMs > 0 && timeoutMs <= limits.hookTimeoutMs);
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(usable > 100, "the generator makes files that are understood, too");
});

test("one hook that cannot be understood makes the whole file unusable: nobody knows what it was to forbid", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (odd) => {
      const isHook = typeof odd === "string" && odd !== "";
      fc.pre(!isHook && !(typeof odd === "object" && odd !== null && "command" in odd));
      const hooks = { PreToolUse: [{ matcher: "Bash", hooks: ["/bin/true", odd] }] };
      assert.equal(parseHookSettings(JSON.stringify({ hooks })).ok, false);
    }),
  );
});
