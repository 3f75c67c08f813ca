// Which folder a cell is given, and how.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { readWorkspaceFiles } from "../../src/broker/serve/workspace.ts";
import {
  agents,
  background,
  cells,
  control,
  exec,
  home,
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

test("a read-only workspace can be read and not written; without one there is an empty folder", async () => {
  const folder = join(home, "fixed");
  mkdirSync(folder);
  writeFileSync(join(folder, "fixed"), "fixed");
  agents.set("reader", { workspace: folder, access: "ro" });
  assert.equal(await output("cat fixed", { agentId: "reader" }), "fixed");
  assert.match((await exec("echo x > fixed", { agentId: "reader" })).output, /Read-only file system/);
  await assert.rejects(writeFile({ operation: "write", path: "fixed", content: "x" }, { agentId: "reader" }), {
    code: "forbidden",
  });
  agents.set("reader", { workspace: folder, access: "none" });
  assert.equal(await output("ls -A; pwd", { agentId: "reader" }), `${folder}\n`);
  assert.equal(readFileSync(join(folder, "fixed"), "utf8"), "fixed");
  agents.delete("reader");
});

const shared: readonly (readonly [string, string])[] = [
  ["is that of another agent", workspace],
  ["lies in that of another agent", join(workspace, "inner")],
  ["holds that of another agent", join(home, ".openclaw/..")],
  ["is a link to that of another agent", join(home, "alias")],
];
symlinkSync(workspace, join(home, "alias"));
for (const [name, folder] of shared) {
  test(`no cell for a workspace that ${name}`, async () => {
    mkdirSync(folder, { recursive: true });
    agents.set("second", { workspace: resolve(folder), access: "rw" });
    await assert.rejects(exec("ls", { agentId: "second" }), { code: "config_invalid" });
    // Nor for the other one: whose it is, is the owner's to say.
    await assert.rejects(exec("ls"), { code: "config_invalid", message: /where another agent works/ });
    agents.delete("second");
    assert.equal((await exec("ls")).exitCode, 0);
  });
}

test("agents see neither each other's workspace nor each other's processes, homes and temporary files", async () => {
  const folder = join(home, "second");
  mkdirSync(folder);
  agents.set("second", { workspace: folder, access: "rw" });
  const second = { agentId: "second" };
  await output("echo mine > here; echo mine > /tmp/note; echo mine > ~/note");
  const id = await background("sleep 86999");
  // The same session key of another agent is another session.
  assert.equal(
    (await exec(`cat ${workspace}/here`, second)).output,
    `cat: ${workspace}/here: No such file or directory\n`,
  );
  await assert.rejects(readText(join(workspace, "here"), second), { code: "not_found" });
  // In its own home it may make a folder of that name, and the real one has nothing of it.
  await writeFile({ operation: "write", path: join(workspace, "new"), content: "x" }, second);
  assert.equal(existsSync(join(workspace, "new")), false);
  assert.equal((await exec("cat /tmp/note ~/note here", second)).exitCode, 1);
  assert.doesNotMatch(await output("cat /proc/[0-9]*/cmdline | tr '\\0' ' '", second), /86999/);
  assert.match(await output("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), /cat/);
  assert.equal(await output("cat here"), "mine\n");
  await control({ operation: "kill", processId: id });
  agents.delete("second");
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

test("TOOL-031 what a command leaves in its workspace neither stops nor misleads the broker when it reads there", async () => {
  const credentials = join(secretFile, "..");
  await output(`mkdir prompts && cd prompts &&
    mkfifo AGENTS.md && ln -s ${secretFile} SOUL.md && ln -s /dev/zero TOOLS.md && ln -s USER.md USER.md &&
    mkdir IDENTITY.md && truncate -s 2G MEMORY.md && echo fine > HEARTBEAT.md && ln HEARTBEAT.md BOOTSTRAP.md &&
    ln -s . loop && ln -s ${credentials} folder && mkdir memory && echo fine > memory/secrets.json && ln -s ${credentials} swap`);
  const folder = join(workspace, "prompts");
  assert.equal(readFileSync(join(folder, "SOUL.md"), "utf8"), secret);
  const names = ["AGENTS", "SOUL", "TOOLS", "USER", "IDENTITY", "MEMORY", "HEARTBEAT", "BOOTSTRAP"].map(
    (one) => `${one}.md`,
  );
  assert.deepEqual(readWorkspaceFiles(folder, [...names, "loop/loop/x", "folder/secrets.json"]), []);
  const id = await background(
    "cd prompts; while :; do mv -T memory real; mv -T swap memory; mv -T memory swap; mv -T real memory; done",
  );
  const seen = new Set<string>();
  for (let round = 0; round < 200 || (!seen.has("fine\n") && round < 20_000); round += 1) {
    for (const { text } of readWorkspaceFiles(folder, ["memory/secrets.json"])) seen.add(text);
    if (round % 20 === 0) await new Promise((next) => setTimeout(next, 1));
  }
  await control({ operation: "kill", processId: id });
  assert.deepEqual([...seen], ["fine\n"]);
  await output("rm -r prompts");
});

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

test("SBX-006 no folder is bound that a command could have swapped for a link", async () => {
  const [data, letters] = [join(workspace, "data"), join(home, "letters")];
  mkdirSync(data);
  mkdirSync(letters);
  writeFileSync(join(letters, "letter"), secret);
  await output(`mv data data2; ln -s ${letters} data`);
  for (const access of ["ro", "rw"] as const) {
    agents.set("main", { workspace, access: "rw", binds: [{ source: data, target: "/data", access }] });
    await assert.rejects(exec("cat /data/letter"), { code: "config_invalid" });
  }
  // Also below what was bound for writing, by whichever agent, and a workspace below that.
  const binds = [{ source: letters, target: "/letters", access: "rw" }] as const;
  agents.set("main", {
    workspace,
    access: "rw",
    binds: [...binds, { source: join(letters, "in"), target: "/in", access: "ro" }],
  });
  await assert.rejects(exec("ls /in"), { code: "config_invalid" });
  agents.set("main", { workspace, access: "rw", binds });
  mkdirSync(join(letters, "work"));
  agents.set("other", { workspace: join(letters, "work"), access: "rw" });
  await assert.rejects(exec("pwd", { agentId: "other" }), { code: "config_invalid" });
  agents.delete("other");
  // Liveness.
  assert.equal(await output("cat /letters/letter"), secret);
});

test("INJ-030 no bind shows a workspace once more, without the locks on its instructions", async () => {
  writeFileSync(join(workspace, "SOUL.md"), "the owner's");
  for (const source of [workspace, home]) {
    agents.set("main", { workspace, access: "rw", binds: [{ source, target: "/again", access: "rw" }] });
    await assert.rejects(exec("find /again -name SOUL.md -exec sh -c 'echo mine > {}' ;"), { code: "config_invalid" });
  }
  agents.set("main", { workspace, access: "rw", binds: [{ source: workspace, target: "/again", access: "ro" }] });
  assert.equal(await output("cat /again/SOUL.md"), "the owner's");
});
