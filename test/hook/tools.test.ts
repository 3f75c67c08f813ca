// Our tools under the names that foreign hooks know, and the way back.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action } from "../../src/base/action.ts";
import { toolEvents, withInput } from "../../src/hook/tools.ts";
import type { CellAction } from "../../src/hook/tools.ts";

const place = { workspace: "/w", home: "/home/u" };
const who = {
  agentId: "main",
  sessionKey: "agent:main:main",
  principal: { id: "owner", kind: "owner", account: "" },
  label: { integrity: "owner", readers: [] },
} as const;
const act = (part: Pick<Action, "verb" | "resource">): CellAction => ({ ...who, ...part }) as CellAction;

const run = act({
  verb: "process.run",
  resource: { command: "ls", cwd: ".", timeoutMs: 1_000, terminal: "none", mode: "foreground" },
});
const read = act({ verb: "file.read", resource: { operation: "read", path: "a/../b.txt", offset: 1, lines: 20 } });
const edit = act({
  verb: "file.write",
  resource: { operation: "edit", path: "~/x", before: "a", after: "b", occurrences: "all" },
});

test("HOOK-010 each tool that works in a cell is shown under the name that hooks are written for", () => {
  const patch =
    "*** Begin Patch\n*** Add File: n\n+x\n*** Update File: /etc/o\n*** Move to: ../m\n@@\n-a\n+b\n*** End Patch";
  const rows: readonly (readonly [CellAction, unknown])[] = [
    [run, [{ names: ["Bash", "exec"], input: { command: "ls", timeout: 1_000 } }]],
    [
      act({
        verb: "process.run",
        resource: { command: "s", cwd: "d", timeoutMs: 9, terminal: "pty", mode: "background" },
      }),
      [{ names: ["Bash", "exec"], input: { command: "s", timeout: 9, run_in_background: true, workdir: "d" } }],
    ],
    [
      act({ verb: "process.control", resource: { operation: "write", processId: "p1", data: "sudo ls\n" } }),
      [{ names: ["Bash", "process"], input: { command: "sudo ls\n", bash_id: "p1" } }],
    ],
    [
      act({ verb: "process.control", resource: { operation: "kill", processId: "p1" } }),
      [{ names: ["KillShell", "process"], input: { shell_id: "p1" } }],
    ],
    [read, [{ names: ["Read", "read"], input: { file_path: "/w/b.txt", offset: 1, limit: 20 } }]],
    [
      act({ verb: "file.read", resource: { operation: "glob", pattern: "*", path: "." } }),
      [{ names: ["Glob", "glob"], input: { pattern: "*", path: "/w" } }],
    ],
    [
      act({
        verb: "file.read",
        resource: { operation: "grep", pattern: "k", path: "..", include: "*.md", ignoreCase: true },
      }),
      [{ names: ["Grep", "grep"], input: { pattern: "k", path: "/", glob: "*.md", "-i": true } }],
    ],
    [
      act({ verb: "file.write", resource: { operation: "write", path: "n", content: "c" } }),
      [{ names: ["Write", "write"], input: { file_path: "/w/n", content: "c" } }],
    ],
    [
      edit,
      [
        {
          names: ["Edit", "edit"],
          input: { file_path: "/home/u/x", old_string: "a", new_string: "b", replace_all: true },
        },
      ],
    ],
    [
      act({ verb: "file.write", resource: { operation: "apply_patch", patch } }),
      [
        { names: ["Write", "apply_patch"], input: { file_path: "/w/n", content: patch } },
        {
          names: ["Edit", "apply_patch"],
          input: { file_path: "/etc/o", old_string: "", new_string: patch, replace_all: false },
        },
        { names: ["Write", "apply_patch"], input: { file_path: "/m", content: patch } },
      ],
    ],
  ];
  for (const [action, expected] of rows) assert.deepEqual(toolEvents(action, place), expected);
});

test("HOOK-001 a changed input is read back into the action, and nothing of it is dropped", () => {
  const before = toolEvents(run, place)[0]?.input ?? {};
  const changed = (action: CellAction, input: object) =>
    withInput(action, toolEvents(action, place)[0]?.input ?? {}, { ...toolEvents(action, place)[0]?.input, ...input });
  assert.deepEqual(withInput(run, before, { ...before, description: "for people" }), { ok: true, value: run });
  assert.deepEqual(changed(run, { command: "ls -l", timeout: 5, run_in_background: true }), {
    ok: true,
    value: { ...run, resource: { ...run.resource, command: "ls -l", timeoutMs: 5, mode: "background" } },
  });
  assert.deepEqual(changed(read, { file_path: "/w/other", limit: 3 }), {
    ok: true,
    value: { ...read, resource: { ...read.resource, path: "/w/other", lines: 3 } },
  });
  assert.deepEqual(changed(edit, { new_string: "c", replace_all: false }), {
    ok: true,
    value: { ...edit, resource: { ...edit.resource, after: "c", occurrences: "one" } },
  });
  for (const input of [
    { command: 1 },
    { timeout: -1 },
    { timeout: "5" },
    { sandbox: true },
    { mode: "x" },
    { verb: "y" },
    { __proto__x: 1 },
  ])
    assert.equal(changed(run, input).ok, false, JSON.stringify(input));
});
