// Reading and seeding workspaces, which the agent may have filled with anything.
import assert from "node:assert/strict";
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { sha256 } from "../../src/base/ids.ts";
import { limits } from "../../src/base/limits.ts";
import { createCells } from "../../src/broker/broker.ts";
import { readWorkspaceFiles, seedWorkspace } from "../../src/broker/serve/workspace.ts";

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "lorica-workspace-"));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("workspace files are read whole with their digest; links, pipes, hard links and large ones are left out", (context) => {
  const outside = folder(context);
  writeFileSync(join(outside, "secret"), "outside");
  const workspace = folder(context);
  mkdirSync(join(workspace, "memory"));
  writeFileSync(join(workspace, "AGENTS.md"), "rules ü");
  writeFileSync(join(workspace, "memory", "today.md"), "note");
  writeFileSync(join(workspace, "large"), Buffer.alloc(limits.workspaceFileMaxBytes + 1));
  symlinkSync(join(outside, "secret"), join(workspace, "link"));
  symlinkSync(outside, join(workspace, "folder"));
  writeFileSync(join(workspace, "twice"), "x");
  linkSync(join(workspace, "twice"), join(workspace, "again"));
  const names = [
    "AGENTS.md",
    "memory/today.md",
    "missing",
    "large",
    "link",
    "folder/secret",
    "twice",
    "again",
    "memory",
  ].concat(["../secret", "/etc/passwd", "", ".", "memory/../AGENTS.md", "a\0b", "x/".repeat(20)]);
  assert.deepEqual(readWorkspaceFiles(workspace, names), [
    { name: "AGENTS.md", text: "rules ü", bytes: 8, sha256: sha256("rules ü") },
    { name: "memory/today.md", text: "note", bytes: 4, sha256: sha256("note") },
  ]);
  assert.deepEqual(readWorkspaceFiles(join(workspace, "nowhere"), ["AGENTS.md"]), []);
});

test("templates are written into an empty workspace once and never again", (context) => {
  const workspace = join(folder(context), "new");
  const templates = new Map([
    ["AGENTS.md", "a"],
    ["SOUL.md", "s"],
  ]);
  assert.deepEqual(seedWorkspace(workspace, templates), ["AGENTS.md", "SOUL.md"]);
  rmSync(join(workspace, "SOUL.md"));
  assert.deepEqual(seedWorkspace(workspace, templates), []);
  assert.deepEqual(
    readWorkspaceFiles(workspace, ["AGENTS.md", "SOUL.md"]).map(({ name, text }) => [name, text]),
    [["AGENTS.md", "a"]],
  );
});

test("INJ-029 each instruction that is written for the gateway is told at once, and none that is refused", async (context) => {
  const workspace = folder(context);
  const told: (readonly string[])[] = [];
  const cells = createCells({
    agents: () => new Map([["main", { workspace, access: "rw" }]]),
    node: process.execPath,
    codeDir: workspace,
    cacheDir: join(workspace, "cache"),
    home: join(workspace, "home"),
    protectedPaths: [],
    audit: { record: () => undefined },
    onInstructed: (agentId, name, content) =>
      void told.push([agentId, name, content, readFileSync(join(workspace, name), "utf8")]),
  });
  const write = async (agentId: string, path: string, content: string): Promise<unknown> =>
    await cells.write(
      {
        verb: "file.write",
        agentId,
        sessionKey: "s",
        principal: { id: "owner", kind: "owner", account: "" },
        label: { integrity: "owner", readers: [] },
        resource: { operation: "instruct", path, content },
      },
      new AbortController().signal,
    );
  await write("main", "SOUL.md", "obey");
  await assert.rejects(write("main", "notes.md", "x"), { code: "forbidden" });
  await assert.rejects(write("other", "SOUL.md", "x"), { code: "forbidden" });
  await assert.rejects(write("main", "SOUL.md", "x".repeat(limits.workspaceFileMaxBytes + 1)), { code: "too_large" });
  assert.deepEqual(told, [["main", "SOUL.md", "obey", "obey"]]);
  await cells.close();
});
