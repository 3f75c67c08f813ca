// Which folder a cell is given, and how.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { agents, cells, exec, home, leave, never, output, secretFile, workspace, writeFile } from "./room.ts";

before(async () => {
  assert.equal((await cells.probe(never)).kind, "verified");
});
after(leave);

test("a read-only workspace can be read and not written; without one there is an empty folder", async () => {
  writeFileSync(join(workspace, "fixed"), "fixed");
  agents.set("reader", { workspace, access: "ro" }).set("nobody", { workspace, access: "none" });
  assert.equal(await output("cat fixed", { agentId: "reader" }), "fixed");
  assert.match((await exec("echo x > fixed", { agentId: "reader" })).output, /Read-only file system/);
  await assert.rejects(writeFile({ operation: "write", path: "fixed", content: "x" }, { agentId: "reader" }), {
    code: "forbidden",
  });
  assert.equal(await output("ls -A; pwd", { agentId: "nobody" }), `${workspace}\n`);
  assert.equal(readFileSync(join(workspace, "fixed"), "utf8"), "fixed");
});

symlinkSync(join(secretFile, ".."), join(home, "link"));
const unusable: readonly (readonly [string, string, string])[] = [
  ["is not there", join(home, "absent"), "not_found"],
  ["is relative", "workspace", "config_invalid"],
  ["is not plain", `${workspace}/../workspace`, "config_invalid"],
  ["is the whole system", "/", "config_invalid"],
  ["is a system folder", "/etc", "config_invalid"],
  ["lies in one", "/usr/share", "config_invalid"],
  ["is the home, with the keys in it", home, "config_invalid"],
  ["is where the secrets are", join(secretFile, ".."), "config_invalid"],
  ["is a file", secretFile, "config_invalid"],
  ["is everybody's home", "/home", "config_invalid"],
  ["is a link to the secrets", join(home, "link"), "config_invalid"],
];
for (const [name, folder, code] of unusable) {
  test(`SBX-006 no cell for a workspace that ${name}`, async () => {
    agents.set("unusable", { workspace: folder, access: "rw" });
    await assert.rejects(exec("ls", { agentId: "unusable" }), { code });
  });
}

test("a workspace that was replaced is the new one for the next command", async () => {
  const folder = join(home, "replaced");
  mkdirSync(folder);
  agents.set("mover", { workspace: folder, access: "rw" });
  await output("echo old > file", { agentId: "mover" });
  renameSync(folder, `${folder}.old`);
  await assert.rejects(exec("ls", { agentId: "mover" }), { code: "not_found" });
  mkdirSync(folder);
  assert.equal(await output("ls; echo new > file", { agentId: "mover" }), "");
  assert.deepEqual(
    [readFileSync(join(folder, "file"), "utf8"), readFileSync(`${folder}.old/file`, "utf8")],
    ["new\n", "old\n"],
  );
});
