// Where file tools work: the workspace, /tmp and the cell's own home, whatever a path looks like and wherever it leads.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  agents,
  cells,
  exec,
  home,
  never,
  place,
  readFile,
  readText,
  secretFile,
  workspace,
  writeFile,
} from "./room.ts";

before(async () => {
  assert.equal((await cells.probe(never)).kind, "verified");
  writeFileSync(join(workspace, "own.txt"), "own");
  mkdirSync(join(workspace, "Großes Ä"));
  writeFileSync(join(workspace, "Großes Ä", "Datei.txt"), "unicode");
  symlinkSync("/etc", join(workspace, "system"));
  symlinkSync("/etc/passwd", join(workspace, "users"));
  symlinkSync("system", join(workspace, "twice"));
  symlinkSync(secretFile, join(workspace, "secret"));
  symlinkSync("own.txt", join(workspace, "within"));
});

after(async () => {
  await cells.close();
  place.leave();
});

const outside = [
  "/etc/passwd",
  "/usr/bin/env",
  "/proc/self/environ",
  "../../../../../../../../etc/passwd",
  "./x/../../../../../../../etc/passwd",
  "~/../../../../../../etc/passwd",
  "//etc//passwd",
  "/tmp/../etc/passwd",
  `${workspace}x/../../../../../../../../etc/passwd`,
  "users",
  "system/passwd",
  "twice/passwd",
];

test("HOOK-002 HOOK-003 the file tools refuse what is outside of the workspace and /tmp before they touch it", async () => {
  // A command may read it: it is there, and it is the refusal that keeps a file tool from it.
  assert.match((await exec("cat /etc/passwd users system/passwd")).output, /lorica:x/);
  for (const path of outside) {
    const grep = { operation: "grep", pattern: ".", path, include: "", ignoreCase: false } as const;
    const edit = { operation: "edit", path, before: "l", after: "L", occurrences: "all" } as const;
    const tries: readonly [string, () => Promise<unknown>][] = [
      ["read", () => readText(path)],
      ["grep", () => readFile(grep)],
      ["glob", () => readFile({ operation: "glob", pattern: "*", path })],
      ["write", () => writeFile({ operation: "write", path: `${path}.new`, content: "x" })],
      ["edit", () => writeFile(edit)],
      ["apply_patch", () => writeFile({ operation: "apply_patch", patch: patchOf(`${path}.new`) })],
    ];
    // Beside a link there is only the workspace; through one there is what it leads to.
    const isLink = path === "users";
    for (const [tool, attempt] of tries)
      if (!isLink || (tool !== "write" && tool !== "apply_patch"))
        await assert.rejects(attempt, { code: /forbidden|not_found/ }, `${tool} ${path}`);
  }
  await assert.rejects(readText("/etc/passwd"), { code: "forbidden" });
  await assert.rejects(readText("secret"), { code: "not_found" });
  assert.match(readFileSync(join(home, ".openclaw/workspace/secret"), "utf8"), /planted/);
});

test("HOOK-003 the parents of a new file count, and names are names, whatever letters they have", async () => {
  for (const path of ["/etc/a/b/c", "system/a/b", "../../../../../../etc/x/y", "/nowhere/x"])
    await assert.rejects(writeFile({ operation: "write", path, content: "x" }), { code: "forbidden" }, path);
  for (const path of ["/ETC/passwd", "/eｔc/passwd", "/etc\u0338/passwd"]) await assert.rejects(readText(path), path);
});

test("HOOK-008 in the workspace, /tmp and the cell's home they do their work", async () => {
  assert.equal(await readText("own.txt"), "own");
  assert.equal(await readText("within"), "own");
  assert.equal(await readText("Großes Ä/Datei.txt"), "unicode");
  for (const path of [
    "new/deep/file.txt",
    "/tmp/a/b.txt",
    "~/c.txt",
    join(workspace, "..", "workspace", "d.txt"),
    "ſ ß ı",
  ]) {
    await writeFile({ operation: "write", path, content: `in ${path}` });
    assert.equal(await readText(path), `in ${path}`);
  }
});

test("what the owner has bound into a cell is there for file tools too, as far as it was given", async () => {
  const [given, lent] = [join(home, "given"), join(home, "lent")];
  for (const folder of [given, lent]) {
    mkdirSync(folder);
    writeFileSync(join(folder, "there.txt"), folder);
  }
  agents.set("main", {
    workspace,
    access: "rw",
    binds: [
      { source: given, target: "/given", access: "rw" },
      { source: lent, target: "/lent", access: "ro" },
    ],
    folders: ["/scratch"],
  });
  assert.equal(await readText("/given/there.txt"), given);
  assert.equal(await readText("/lent/there.txt"), lent);
  for (const path of ["/given/new.txt", "/scratch/new.txt"])
    await writeFile({ operation: "write", path, content: path });
  assert.equal(await readText("/scratch/new.txt"), "/scratch/new.txt");
  await assert.rejects(writeFile({ operation: "write", path: "/lent/new.txt", content: "x" }), { code: "forbidden" });
  await assert.rejects(readText("/etc/passwd"), { code: "forbidden" });
});

function patchOf(path: string): string {
  return `*** Begin Patch\n*** Add File: ${path}\n+x\n*** End Patch`;
}
