import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { files } from "../../plugins/files/files.ts";
import { renderRead, renderWrite } from "../../plugins/files/render.ts";
import { renderReports, renderRun } from "../../plugins/shell/render.ts";
import { sessionStatus } from "../../plugins/session-status/session-status.ts";
import { shell } from "../../plugins/shell/shell.ts";
import { systemClock } from "../../src/base/clock.ts";
import { limits } from "../../src/base/limits.ts";
import { owner } from "../../src/base/principal.ts";
import { compileRules, createPolicy } from "../../src/policy/policy.ts";
import type { Tool, ToolCaller } from "../../src/tool/tool.ts";
import { createRecordingSandbox } from "../faux/sandbox.ts";

const tools = [...(shell.tools ?? []), ...(files.tools ?? [])];
const caller: ToolCaller = {
  agentId: "main",
  sessionKey: "agent:main:main",
  principal: owner,
  label: { integrity: "owner", readers: ["*"] },
};
const everything = { profile: "coding", allow: undefined, deny: [] } as const;
const policy = createPolicy({
  rules: compileRules({ agents: new Map([["main", { owner: everything, others: everything }]]), cellOff: undefined }),
  clock: systemClock,
});

function tool(name: string): Tool {
  const found = tools.find((one) => one.name === name);
  assert.ok(found, name);
  return found;
}

function propose(name: string, input: unknown): unknown {
  const one = tool(name);
  const { verb, resource, ...rest } = one.propose(one.input.parse(input), caller);
  assert.deepEqual(rest, caller);
  return [verb, resource];
}

const run = { cwd: ".", timeoutMs: limits.execForegroundMs, terminal: "none", mode: "foreground" };
const proposals: readonly (readonly [string, unknown, unknown])[] = [
  ["exec", { command: "ls" }, ["process.run", { ...run, command: "ls" }]],
  [
    "exec",
    { command: "top", workdir: "a", timeoutSeconds: 2, pty: true, background: true },
    ["process.run", { command: "top", cwd: "a", timeoutMs: 2_000, terminal: "pty", mode: "background" }],
  ],
  [
    "exec",
    { command: "x", timeoutSeconds: 86_400 },
    ["process.run", { ...run, command: "x", timeoutMs: limits.execForegroundMaxMs }],
  ],
  [
    "exec",
    { command: "x", background: true },
    ["process.run", { ...run, command: "x", mode: "background", timeoutMs: limits.execBackgroundMs }],
  ],
  ["process", { action: "list" }, ["process.control", { operation: "list" }]],
  [
    "process",
    { action: "poll", processId: "p1", waitSeconds: 1.5 },
    ["process.control", { operation: "poll", processId: "p1", waitMs: 1_500 }],
  ],
  [
    "process",
    { action: "write", processId: "p1", data: "y\n" },
    ["process.control", { operation: "write", processId: "p1", data: "y\n" }],
  ],
  ["process", { action: "kill", processId: "p1" }, ["process.control", { operation: "kill", processId: "p1" }]],
  ["read", { path: "a" }, ["file.read", { operation: "read", path: "a", offset: 1, lines: limits.fileReadLines }]],
  ["read", { path: "a", offset: 3, limit: 4 }, ["file.read", { operation: "read", path: "a", offset: 3, lines: 4 }]],
  ["glob", { pattern: "*.ts" }, ["file.read", { operation: "glob", pattern: "*.ts", path: "." }]],
  [
    "grep",
    { pattern: "x" },
    ["file.read", { operation: "grep", pattern: "x", path: ".", include: "", ignoreCase: false }],
  ],
  ["write", { path: "a", content: "" }, ["file.write", { operation: "write", path: "a", content: "" }]],
  [
    "edit",
    { path: "a", oldText: "b", newText: "", all: true },
    ["file.write", { operation: "edit", path: "a", before: "b", after: "", occurrences: "all" }],
  ],
  ["apply_patch", { input: "p" }, ["file.write", { operation: "apply_patch", patch: "p" }]],
];
for (const [name, input, proposal] of proposals) {
  test(`${name} ${JSON.stringify(input)} proposes its action`, () => assert.deepEqual(propose(name, input), proposal));
}

const refused: readonly (readonly [string, unknown])[] = [
  ["exec", {}],
  ["exec", { command: "" }],
  ["exec", { command: "x", timeoutSeconds: 0 }],
  ["exec", { command: "x", timeoutSeconds: 86_401 }],
  ["process", { action: "poll" }],
  ["process", { action: "signal", processId: "p1" }],
  ["process", { action: "poll", processId: "p1", waitSeconds: 1_000 }],
  ["read", { path: "a", offset: 0 }],
  ["read", { path: ["a"] }],
  ["write", { path: "a" }],
  ["edit", { path: "a", oldText: "", newText: "x" }],
  ["grep", { pattern: "" }],
];
for (const [name, input] of refused) {
  test(`TOOL-029 ${name} refuses ${JSON.stringify(input)}`, () =>
    assert.equal(tool(name).input.safeParse(input).success, false));
}

test("TOOL-029 each tool has a schema, a time limit within the turn's and a class of side effects", () => {
  assert.deepEqual(
    tools.map(({ name, sideEffect, timeoutMs }) => [
      name,
      sideEffect,
      timeoutMs > 0 && timeoutMs <= limits.toolTimeoutMs,
    ]),
    [
      ["exec", "exec", true],
      ["process", "exec", true],
      ["read", "read", true],
      ["write", "write", true],
      ["edit", "write", true],
      ["apply_patch", "write", true],
      ["glob", "read", true],
      ["grep", "read", true],
    ],
  );
});

test("the schemas of all tools together stay small", () => {
  const all = [...tools, ...(sessionStatus.tools ?? [])].map(({ name, description, input }) =>
    JSON.stringify({ name, description, input: z.toJSONSchema(input, { io: "input" }) }),
  );
  assert.ok(all.join("").length < 3_600, `${all.join("").length} characters`);
});

const allNames = [...tools, ...(sessionStatus.tools ?? [])].map(({ name }) => name);
for (const [name, input] of proposals) {
  test(`without ${name} nobody may do what ${name} ${JSON.stringify(input)} does, whatever else they may`, () => {
    const action = tool(name).propose(tool(name).input.parse(input), caller);
    const others = allNames.filter((other) => other !== name);
    assert.deepEqual(policyWithout([name]).decide(action), {
      kind: "deny",
      reason: `the tool policy of this agent does not allow ${name}`,
      rule: "tools.surface",
    });
    assert.equal(policyWithout(others).decide(action).kind, "allow");
  });
}

function policyWithout(deny: readonly string[]): ReturnType<typeof createPolicy> {
  const some = { profile: "full", allow: undefined, deny } as const;
  const agents = new Map([["main", { owner: some, others: some }]]);
  return createPolicy({ rules: compileRules({ agents, cellOff: undefined }), clock: systemClock });
}

test("a tool performs exactly what its grant says", async () => {
  const sandbox = createRecordingSandbox(policy.redeem, { run: () => "out" });
  const exec = tool("exec");
  const decision = policy.decide(exec.propose(exec.input.parse({ command: "ls" }), caller));
  assert.ok(decision.kind === "allow");
  const progress: string[] = [];
  const output = await exec.perform(decision.grant, {
    effects: { sandbox, describeSession: () => Promise.reject(new Error("not asked for")) },
    onProgress: (text) => progress.push(text),
    signal: new AbortController().signal,
  });
  assert.deepEqual(output, { text: "out\n[exit 0, 0.0 s]", images: [], isError: false });
  assert.deepEqual(progress, ["out"]);
  assert.deepEqual(
    sandbox.actions.map((action) => action.resource),
    [{ ...run, command: "ls" }],
  );
});

test("the end of a command in words", () => {
  const result = { kind: "exited", exitCode: 0, output: "x\n", droppedBytes: 0, durationMs: 1_234 } as const;
  const vectors = [
    renderRun(result),
    renderRun({ ...result, exitCode: 3, output: "" }),
    renderRun({ ...result, kind: "timed_out", exitCode: 137 }),
    renderRun({ ...result, kind: "cancelled", exitCode: 137, output: "no newline" }),
    renderRun({ ...result, kind: "output_capped", exitCode: 137, droppedBytes: 7 }),
    renderRun({ kind: "started", processId: "p1" }),
  ];
  assert.deepEqual(
    vectors.map(({ text, isError }) => [text, isError]),
    [
      ["x\n[exit 0, 1.2 s]", false],
      ["[exit 3, 1.2 s]", true],
      ["x\n[killed at its time limit after 1.2 s, with everything it started]", true],
      ["no newline\n[cancelled after 1.2 s]", true],
      ["x\n[killed: it printed too much; at least 7 bytes are not shown]", true],
      ["[started in the background: processId p1]", false],
    ],
  );
});

test("background processes in words", () => {
  const running = {
    processId: "p1",
    command: "make\nall",
    state: "running",
    exitCode: undefined,
    output: "x",
    droppedBytes: 2,
  } as const;
  const exited = {
    processId: "p2",
    command: "true",
    state: "exited",
    exitCode: 1,
    output: "",
    droppedBytes: 0,
  } as const;
  assert.equal(
    renderReports([running, exited]).text,
    "x\n[p1 running, 2 older bytes dropped: make…]\n[p2 exit 1: true]",
  );
  assert.equal(renderReports([]).text, "[no background processes]");
});

test("what files hold, in words", () => {
  const text = { kind: "text", text: "a\nb\n", totalLines: 2, truncated: false } as const;
  const vectors = [
    renderRead(text).text,
    renderRead({ ...text, totalLines: 9, truncated: true }).text,
    renderRead({ ...text, text: "", totalLines: 0 }).text,
    renderRead({ ...text, text: "" }).text,
    renderRead({ kind: "matches", lines: ["a", "b"], truncated: true }).text,
    renderRead({ kind: "matches", lines: [], truncated: false }).text,
    renderWrite({ paths: ["a"], summary: "wrote 3 bytes" }).text,
    renderWrite({ paths: ["a", "b"], summary: "M a\nD b" }).text,
  ];
  assert.deepEqual(vectors, [
    "a\nb\n",
    "a\nb\n[2 lines of 9; continue with offset]",
    "[empty file]",
    "[the file ends at line 2]",
    "a\nb\n[more than shown; narrow the search]",
    "[no matches]",
    "a: wrote 3 bytes",
    "M a\nD b",
  ]);
  assert.deepEqual(renderRead({ kind: "image", mime: "image/png", base64: "AA==" }), {
    text: "[image/png]",
    images: [{ mime: "image/png", base64: "AA==" }],
    isError: false,
  });
});
