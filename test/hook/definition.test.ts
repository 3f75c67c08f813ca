// settings.json: which forms are read, and what is refused as a whole.
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { matches, parseHookSettings } from "../../src/hook/definition.ts";

const read = (value: unknown) => parseHookSettings(JSON.stringify(value));

test("HOOK-001 KEY-101 registrations are read in the form of guides and in that of kits", () => {
  const settings = read({
    model: "whatever",
    hooks: {
      PreToolUse: [
        { matcher: "Bash", hooks: [{ type: "command", command: "~/h/exec.sh", timeout: 5 }] },
        { matcher: "Read|Edit|Write|Glob|Grep", hooks: ["/h/guard.sh"] },
      ],
      PostToolUse: [{ hooks: [{ command: "/h/after.sh", timeout: 6_000, async: true }] }],
      Stop: [{ hooks: [{ type: "prompt", prompt: "?" }] }],
    },
  });
  assert.deepEqual(settings, {
    ok: true,
    value: {
      definitions: [
        { event: "PreToolUse", matcher: "Bash", command: "~/h/exec.sh", timeoutMs: 5_000 },
        {
          event: "PreToolUse",
          matcher: "Read|Edit|Write|Glob|Grep",
          command: "/h/guard.sh",
          timeoutMs: limits.hookTimeoutMs,
        },
        { event: "PostToolUse", matcher: "", command: "/h/after.sh", timeoutMs: limits.hookTimeoutMs },
      ],
      ignoredEvents: ["Stop"],
    },
  });
});

test("a file without hooks, or with all of them switched off, has none", () => {
  const none = { ok: true, value: { definitions: [], ignoredEvents: [] } };
  assert.deepEqual(read({}), none);
  assert.deepEqual(read({ hooks: {} }), none);
  assert.deepEqual(read({ disableAllHooks: true, hooks: { PreToolUse: [{ hooks: ["/x"] }] } }), none);
});

test("HOOK-005 a file that cannot be understood is refused whole, with what is wrong", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["{", "it is not JSON"],
    ["[]", "expected object"],
    ['{"hooks": []}', "hooks: "],
    ['{"hooks": {"PreToolUse": {}}}', "hooks.PreToolUse: "],
    ['{"hooks": {"PreToolUse": [{"matcher": 1, "hooks": []}]}}', "hooks.PreToolUse.0.matcher: "],
    ['{"hooks": {"PreToolUse": [{"hooks": [{"type": "prompt"}]}]}}', "hooks.PreToolUse.0.hooks.0: "],
    ['{"hooks": {"PreToolUse": [{"matcher": "(", "hooks": []}]}}', 'hooks.PreToolUse: "(" is not a matcher'],
  ];
  for (const [text, reason] of rows) {
    const settings = parseHookSettings(text);
    assert.ok(!settings.ok && settings.reason.includes(reason), `${text}: ${settings.ok ? "read" : settings.reason}`);
  }
});

test("HOOK-001 a matcher names tools exactly, as alternatives, as a pattern, or all of them", () => {
  const rows: readonly (readonly [string, readonly string[], boolean])[] = [
    ["Bash", ["Bash", "exec"], true],
    ["exec", ["Bash", "exec"], true],
    ["Bas", ["Bash", "exec"], false],
    ["bash", ["Bash", "exec"], false],
    ["Read|Edit", ["Edit", "apply_patch"], true],
    ["Read, Edit", ["Edit", "edit"], true],
    ["", ["session_status"], true],
    ["*", ["session_status"], true],
    [".*", ["session_status"], true],
    ["mcp__.*", ["Bash", "exec"], false],
    ["^(Read|Write)$", ["Write", "write"], true],
  ];
  for (const [matcher, names, expected] of rows) assert.equal(matches(matcher, names), expected, `${matcher} ${names}`);
});
