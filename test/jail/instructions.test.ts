// The files that a model is told to follow are not the model's to write: neither by a command nor by a file tool, also
// where they are not there yet is seen from outside. The owner's word goes past the cell.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  agents,
  cells,
  exec,
  leave,
  never,
  output,
  readText,
  secret,
  secretFile,
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
