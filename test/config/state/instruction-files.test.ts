// Which files tell an agent how to behave, and which of them it may write.
import assert from "node:assert/strict";
import { test } from "node:test";
import { workspaceTemplates } from "../../../src/config/config.ts";
import {
  instructionFiles,
  lockedInstructionFiles,
  memoryFiles,
} from "../../../src/protocol/known/instruction-files.ts";

test("the nine files of a workspace are instructions or memory, and no template is forgotten", () => {
  assert.deepEqual([...instructionFiles, ...memoryFiles].length, 9);
  for (const name of workspaceTemplates.keys()) assert.ok(instructionFiles.includes(name), name);
});

test("an agent writes none of its instructions", () => {
  const present = ["AGENTS.md", "SOUL.md", "USER.md", "MEMORY.md", "notes.md"];
  assert.deepEqual(lockedInstructionFiles(present, "owner"), ["AGENTS.md", "SOUL.md", "USER.md"]);
  assert.deepEqual(lockedInstructionFiles(present, "others"), ["AGENTS.md", "SOUL.md", "USER.md"]);
});

test("in the owner's first conversation the agent fills in who is who, and in nobody else's", () => {
  const first = [...workspaceTemplates.keys()];
  assert.deepEqual(lockedInstructionFiles(first, "owner"), ["AGENTS.md", "SOUL.md", "TOOLS.md", "HEARTBEAT.md"]);
  assert.deepEqual(lockedInstructionFiles(first, "others"), instructionFiles);
});
