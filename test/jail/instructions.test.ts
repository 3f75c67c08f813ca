// The files that a model is told to follow are not the model's to write: neither by a command nor by a file tool, also
// where they are not there yet is seen from outside. The owner's word goes past the cell.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createCells } from "../../src/broker/cells.ts";
import {
  action,
  agents,
  background,
  cells,
  cellsOptions,
  exec,
  home,
  leave,
  never,
  output,
  readText,
  secret,
  secretFile,
  until,
  workspace,
  writeFile,
} from "./room.ts";

before(async () => {
  assert.equal((await cells.probe(never)).kind, "verified");
});
after(leave);

const names = ["AGENTS.md", "SOUL.md", "TOOLS.md", "HEARTBEAT.md", "IDENTITY.md", "USER.md"];

test("INJ-030 no command and no file tool changes, moves or removes an instruction", async () => {
  for (const name of names) writeFileSync(join(workspace, name), "the owner's");
  const attempts = [
    (name: string) => `echo mine > ${name}`,
    (name: string) => `echo mine > x && mv -f x ${name}`,
    (name: string) => `rm -f ${name}`,
    (name: string) => `ln -f x ${name}; ln -sf x ${name}`,
    (name: string) => `mv ${name} gone`,
    (name: string) => `python3 -c "import os; os.chmod('${name}', 0o777); open('${name}', 'w').write('mine')"`,
    (name: string) => `mv --exchange x ${name}`,
  ];
  for (const name of names) {
    for (const attempt of attempts) await exec(attempt(name));
    await assert.rejects(writeFile({ operation: "write", path: name, content: "mine" }), name);
    await assert.rejects(
      writeFile({ operation: "edit", path: name, before: "owner", after: "model", occurrences: "one" }),
      name,
    );
    await assert.rejects(
      writeFile({ operation: "apply_patch", patch: `*** Begin Patch\n*** Delete File: ${name}\n*** End Patch` }),
      name,
    );
    assert.deepEqual([name, readFileSync(join(workspace, name), "utf8")], [name, "the owner's"]);
    assert.equal(await readText(name), "the owner's");
  }
  // Liveness: memory is the agent's own, and files below of the same name are nobody's instruction.
  await writeFile({ operation: "write", path: "MEMORY.md", content: "note" });
  assert.equal(await output("mkdir -p sub && echo x > sub/AGENTS.md && cat sub/AGENTS.md MEMORY.md"), "x\nnote");
});

test("INJ-030 the owner may say that tools write instructions, and then they do", async () => {
  agents.set("main", { workspace, access: "rw", instructions: "rw" });
  await output("echo mine > SOUL.md");
  assert.equal(readFileSync(join(workspace, "SOUL.md"), "utf8"), "mine\n");
  agents.set("main", { workspace, access: "rw" });
  assert.match((await exec("echo again > SOUL.md")).output, /Read-only file system/);
});

test("the first conversation fills in who is who, and ends by removing its own instructions", async () => {
  writeFileSync(join(workspace, "BOOTSTRAP.md"), "fill in IDENTITY.md and USER.md, then delete this");
  await output("echo me > IDENTITY.md && echo you > USER.md && rm BOOTSTRAP.md", { session: "first" });
  assert.match((await exec("echo other > IDENTITY.md", { session: "first" })).output, /Read-only file system/);
  assert.match((await exec("echo other > AGENTS.md", { session: "first" })).output, /Read-only file system/);
  assert.equal(readFileSync(join(workspace, "IDENTITY.md"), "utf8"), "me\n");
});

test("the owner's word replaces an instruction, and a link that a command put in its place leads nowhere", async () => {
  const instruct = { operation: "instruct", path: "TOOLS.md", content: "new" } as const;
  assert.deepEqual(await writeFile(instruct), { paths: ["TOOLS.md"], summary: "wrote 3 bytes" });
  assert.equal(await readText("TOOLS.md"), "new");
  rmSync(join(workspace, "TOOLS.md"));
  symlinkSync(secretFile, join(workspace, "TOOLS.md"));
  await writeFile(instruct);
  assert.deepEqual(
    [readFileSync(secretFile, "utf8"), readFileSync(join(workspace, "TOOLS.md"), "utf8")],
    [secret, "new"],
  );
  for (const path of ["../x", "MEMORY.md", "sub/AGENTS.md", ".git/hooks/pre-commit"])
    await assert.rejects(writeFile({ ...instruct, path }), { code: "forbidden" });
  assert.equal(existsSync(join(workspace, "../x")), false);
});

test("INJ-030 an instruction that its owner saves anew is still closed to the file tools of the same cell", async () => {
  writeFileSync(join(workspace, "SOUL.md"), "first");
  assert.equal(await readText("SOUL.md"), "first");
  saveAsEditorsDo(join(workspace, "SOUL.md"), "second");
  await assert.rejects(writeFile({ operation: "write", path: "SOUL.md", content: "mine" }));
  assert.equal(readFileSync(join(workspace, "SOUL.md"), "utf8"), "second");
});

test("INJ-030 what ran when it was saved is known for one that may write it, and is ended", async () => {
  const folder = join(home, "writer");
  const agentId = "writer";
  mkdirSync(folder);
  agents.set(agentId, { workspace: folder, access: "rw" });
  writeFileSync(join(folder, "AGENTS.md"), "first");
  await background("echo > running; while :; do echo mine >> AGENTS.md; sleep 0.01; done", {
    timeoutMs: 60_000,
    agentId,
  });
  await until(() => existsSync(join(folder, "running")), "it runs");
  // Positive control: the kernel lets go of what was mounted over a name that is saved anew.
  assert.deepEqual(
    [cells.mayWriteInstructions(agentId), readFileSync(join(folder, "AGENTS.md"), "utf8")],
    [false, "first"],
  );
  saveAsEditorsDo(join(folder, "AGENTS.md"), "second");
  await until(() => readFileSync(join(folder, "AGENTS.md"), "utf8").includes("mine"), "it has written");
  assert.deepEqual([cells.mayWriteInstructions(agentId), cells.mayWriteInstructions("other")], [true, false]);
  await cells.endUnlocked();
  saveAsEditorsDo(join(folder, "AGENTS.md"), "third");
  // Liveness: the next cell has closed the new one and works.
  assert.match((await exec("echo mine >> AGENTS.md", { agentId })).output, /Read-only file system/);
  assert.equal(await output("cat AGENTS.md", { agentId }), "third");
  await output("echo same > /tmp/cell", { agentId });
  await cells.endUnlocked();
  assert.equal(await output("cat /tmp/cell", { agentId }), "same\n");
});

test("INJ-030 a file that opens the first conversation opens nothing where no agent has one", async () => {
  const first = { isFirst: false };
  const own = createCells({ ...cellsOptions, isFirst: () => first.isFirst });
  await own.probe(never);
  const run = async (command: string) => {
    const resource = { command, cwd: ".", timeoutMs: 20_000, terminal: "none", mode: "foreground" } as const;
    const ran = await own.run(action("process.run", resource, { session: command }), () => undefined, never);
    return ran.kind === "started" ? "" : ran.output;
  };
  try {
    writeFileSync(join(workspace, "IDENTITY.md"), "the owner's");
    assert.equal(await run("echo again > BOOTSTRAP.md"), "");
    assert.match(await run("echo mine > IDENTITY.md"), /Read-only file system/);
    first.isFirst = true;
    assert.equal(await run("echo me > IDENTITY.md"), "");
  } finally {
    await own.close();
    rmSync(join(workspace, "BOOTSTRAP.md"));
  }
});

function saveAsEditorsDo(path: string, content: string): void {
  writeFileSync(`${path}~`, content);
  renameSync(`${path}~`, path);
}
