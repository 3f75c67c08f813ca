// What a hook's exit status and output mean, one meaning each.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAnswer } from "../../src/hook/contract.ts";
import type { RoomEnd } from "../../src/hook/contract.ts";

function ended(exitCode: number | null, stdout = "", stderr = ""): RoomEnd {
  return { end: "exited", exitCode, stdout, stderr };
}

const json = (value: unknown): RoomEnd => ended(0, JSON.stringify(value));
const specific = (value: unknown): RoomEnd => json({ hookSpecificOutput: value });

test("HOOK-010 an answer in the contract of foreign scripts is understood", () => {
  const pass = { kind: "pass" };
  const deny = (reason: string) => ({ kind: "deny", by: "hook", reason });
  const rows: readonly (readonly [RoomEnd, unknown])[] = [
    [ended(0), pass],
    [ended(0, "checked\n"), pass],
    [json({}), pass],
    [specific({ hookEventName: "PreToolUse", permissionDecision: "allow" }), pass],
    [json({ decision: "approve" }), pass],
    [specific({ permissionDecision: "deny", permissionDecisionReason: "not there" }), deny("not there")],
    [json({ decision: "block", reason: "old form" }), deny("old form")],
    [json({ continue: false, stopReason: "stop" }), deny("stop")],
    [ended(2, "", "said on stderr"), deny("said on stderr")],
    [ended(2, "said on stdout"), deny("said on stdout")],
    [ended(2), deny("it gave no reason")],
    [
      specific({ permissionDecision: "allow", updatedInput: { command: "ls" } }),
      { kind: "pass", input: { command: "ls" } },
    ],
    [specific({ additionalContext: "note" }), { kind: "pass", context: "note" }],
    // Both forms at once: whichever says no is heard.
    [json({ decision: "block", reason: "no", hookSpecificOutput: { permissionDecision: "allow" } }), deny("no")],
  ];
  for (const [ran, expected] of rows) assert.deepEqual(parseAnswer(ran), expected, JSON.stringify(ran));
});

test("HOOK-001 to ask is to deny, as long as nobody can be asked", () => {
  const answer = parseAnswer(specific({ permissionDecision: "ask", permissionDecisionReason: "sure?" }));
  assert.deepEqual(answer, {
    kind: "deny",
    by: "hook",
    reason: "it wants a person to be asked, which is not possible yet, so the answer is no. sure?",
  });
});

test("HOOK-005 whatever is no clear answer is a no", () => {
  const rows: readonly RoomEnd[] = [
    ended(1, "", "trouble"),
    ended(127, "", "no such file"),
    ended(null),
    ended(0, '{"decision": "approve"'),
    ended(0, 'warning\n{"decision": "block"}'),
    ended(0, "[]"),
    ended(0, "null{"),
    json({ decision: "maybe" }),
    specific("yes"),
    specific({ permissionDecision: "yes" }),
    specific({ permissionDecision: true }),
    specific({ updatedInput: ["ls"] }),
    ended(0, `${'{"a":'.repeat(100)}1${"}".repeat(100)}`),
    { ...ended(0), end: "timed_out" },
    { ...ended(0, "{}"), end: "output_capped" },
    { ...ended(null, "", "no cell"), end: "not_started" },
  ];
  for (const ran of rows) {
    const answer = parseAnswer(ran);
    assert.equal(answer.kind === "deny" && answer.by, "failure", JSON.stringify(ran));
  }
});

test("HOOK-005 no output whatever makes reading it fail, and only status 0 can be a yes", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 255 }), (stdout, status) => {
      const answer = parseAnswer(ended(status, stdout));
      assert.ok(status === 0 || answer.kind === "deny");
    }),
  );
});
