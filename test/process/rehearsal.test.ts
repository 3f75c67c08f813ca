import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ModelCall } from "../../src/model/model.ts";
import { callOf, createTestModels, finishOf, tool } from "../faux/models.ts";

type Message = ModelCall["prompt"][number];

test("the rehearsal model counts files with a real command, whatever they are called", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "rehearsal-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ["a.txt", "with space", "-dash", "ümlaut", ".hidden"]) writeFileSync(join(folder, name), name);
  mkdirSync(join(folder, "sub"));
  const { models, sent } = createTestModels({ providers: [{ id: "rehearsal", api: "rehearsal", baseUrl: "" }] });
  const question: Message = { role: "user", content: [{ type: "text", text: "list the files here and count them" }] };
  const call = callOf(["rehearsal/rehearsal"], { prompt: [question], tools: [tool("exec", { command: {} })] });
  const [made] = (await finishOf(models, call)).content;
  assert.ok(made?.type === "tool_call" && made.tool === "exec");
  const { command } = made.input as { readonly command: string };
  const output = execFileSync("/bin/sh", ["-c", command], { cwd: folder, encoding: "utf8" });
  const { callId: toolCallId, tool: toolName, input } = made;
  const value = `exit code 0\n${output}`;
  const prompt: Message[] = [
    question,
    { role: "assistant", content: [{ type: "tool-call", toolCallId, toolName, input }] },
    { role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output: { type: "text", value } }] },
  ];
  const [answer] = (await finishOf(models, { ...call, prompt })).content;
  assert.ok(answer?.type === "text");
  assert.match(answer.text, /^There are 4 files here, and 1 folder and 1 hidden entry\.\n/);
  for (const name of ["a.txt", "with space", "-dash", "ümlaut", "sub/"]) assert.ok(answer.text.includes(`- ${name}\n`));
  assert.match(answer.text, /\(rehearsal model – not an AI\)$/);
  assert.equal(sent.length, 0);
});
