// Who shares a cell, what ends one, and what it means that a wall is lowered.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Action } from "../../src/base/action.ts";
import { createCells } from "../../src/broker/cells.ts";
import type { CellSettings } from "../../src/sandbox/sandbox.ts";
import { action, cellsOptions, home, leave, never, secret, secretFile, workspace } from "./room.ts";

const agents = new Map<string, CellSettings>();
const lowering = { isOn: false };
const cells = createCells({ ...cellsOptions, agents: () => agents, isLowered: () => lowering.isOn });
const plain = { workspace, access: "rw" } as const;

before(async () => {
  assert.equal((await cells.probe(never)).kind, "verified");
});
after(async () => {
  await cells.close();
  await leave();
});

type Who = { readonly agentId?: string; readonly session?: string; readonly integrity?: "owner" | "untrusted" };

async function run(command: string, { integrity = "owner", ...who }: Who = {}): Promise<string> {
  const resource = { command, cwd: ".", timeoutMs: 20_000, terminal: "none", mode: "foreground" } as const;
  const asked = action("process.run", resource, who);
  const labelled = { ...asked, label: { integrity, readers: [] } } as Action<"process.run">;
  const result = await cells.run(labelled, () => undefined, never);
  assert.ok(result.kind !== "started");
  return `${result.exitCode} ${result.output}`;
}

const digestOf = (agentId = "main"): string => {
  const described = cells.describe({ agentId, sessionKey: "s", isOwnersOnly: true });
  assert.ok(described.ok);
  return described.value.digest;
};

test("SBX-005 ADV-033 any change of a profile has another digest, the order included, and ends the old cell", async () => {
  const folders = [join(home, "one"), join(home, "two")] as const;
  for (const folder of folders) mkdirSync(folder);
  const [one, two] = folders.map((source, at) => ({ source, target: `/srv/${at}`, access: "ro" as const }));
  assert.ok(one !== undefined && two !== undefined);
  const profiles: readonly CellSettings[] = [
    plain,
    { ...plain, access: "ro" },
    { ...plain, instructions: "rw" },
    { ...plain, binds: [one, two] },
    { ...plain, binds: [two, one] },
    { ...plain, binds: [{ ...one, access: "rw" }, two] },
    { ...plain, folders: ["/srv/a", "/srv/b"] },
    { ...plain, folders: ["/srv/b", "/srv/a"] },
    { ...plain, environment: { A: "b=c" } },
    { ...plain, environment: { A: "b", C: "" } },
    { ...plain, bounds: { processes: 100 } },
    { ...plain, bounds: { memoryBytes: 1_000_000_000 } },
  ];
  const digests = profiles.map((settings) => {
    agents.set("main", settings);
    return digestOf();
  });
  assert.equal(new Set(digests).size, profiles.length);
  for (const digest of digests) assert.match(digest, /^[0-9a-f]{64}$/);
  agents.set("main", plain);
  assert.equal(digestOf(), digests[0]);
  await run("echo kept > /tmp/mark");
  assert.equal(await run("cat /tmp/mark"), "0 kept\n");
  agents.set("main", { ...plain, environment: { TZ: "UTC" } });
  assert.match(await run("cat /tmp/mark; echo $TZ"), /No such file.*UTC/s);
  agents.set("main", plain);
});

test("GAP-035 what the owner puts into a cell is there, read-only unless he said more, and a link leads nowhere", async () => {
  const [read, write] = [join(home, "models"), join(home, "results")];
  for (const folder of [read, write]) mkdirSync(folder);
  writeFileSync(join(read, "model"), "weights");
  agents.set("main", {
    ...plain,
    environment: { GREETING: "hello there" },
    folders: ["/srv/scratch"],
    binds: [
      { source: read, target: "/srv/models", access: "ro" },
      { source: write, target: "/srv/results", access: "rw" },
    ],
  });
  assert.equal(await run("cat /srv/models/model; echo $GREETING"), "0 weightshello there\n");
  assert.match(await run("echo x > /srv/models/model"), /Read-only file system/);
  assert.equal(await run("echo done > /srv/results/r; echo x > /srv/scratch/s; cat /srv/scratch/s"), "0 x\n");
  assert.equal(readFileSync(join(write, "r"), "utf8"), "done\n");
  rmSync(read, { recursive: true });
  symlinkSync(join(secretFile, ".."), read);
  assert.equal(readFileSync(join(read, "secrets.json"), "utf8"), secret);
  await assert.rejects(run("ls /srv/models"), { code: "config_invalid", message: /commands would reach/ });
  rmSync(read);
  symlinkSync("/etc", read);
  await assert.rejects(run("ls /srv/models"), { code: "config_invalid", message: /would open the host/ });
  rmSync(read);
  await assert.rejects(run("ls /srv/models"), { code: "not_found" });
  agents.set("main", plain);
});

test("SBX-010 what the owner and folders are called or set to is never read as a command", async () => {
  const odd = join(home, "$(touch hit)`touch hit`; touch hit #'\"");
  mkdirSync(odd);
  const value = "$(touch hit)`touch hit`; touch hit #'\" \\ \n";
  agents.set("main", { workspace: odd, access: "rw", environment: { VALUE: value } });
  const said = await run('printf %s "$VALUE"; ls; pwd');
  assert.equal(said, `0 ${value}${odd}\n`);
  // Positive control: what is a command is one.
  assert.equal(await run('touch "$(echo hit)"; ls'), "0 hit\n");
  agents.set("main", plain);
});

test("SBX-002 GAP-018 sessions, an agent, or agents that both say so share a cell; a workspace stays where it is", async () => {
  const seen = async (one: Who, other: Who): Promise<boolean> => {
    await run("echo mine > /tmp/note", one);
    const said = await run("cat /tmp/note", other);
    await cells.end(() => true);
    return said === "0 mine\n";
  };
  const sessions = [{ session: "a" }, { session: "b" }] as const;
  agents.set("main", plain);
  assert.equal(await seen(...sessions), false);
  agents.set("main", { ...plain, scope: "agent" });
  assert.equal(await seen(...sessions), true);
  agents.set("main", { ...plain, scope: "shared" });
  agents.set("second", { ...plain, scope: "shared" });
  assert.equal(await seen({}, { agentId: "second" }), true);
  // One that says less has another cell, and one that does not say so has no cell in that folder.
  agents.set("second", { ...plain, scope: "shared", access: "ro" });
  assert.equal(await seen({}, { agentId: "second" }), false);
  agents.set("second", { ...plain, scope: "agent" });
  await assert.rejects(run("true", { agentId: "second" }), { code: "config_invalid" });
  agents.delete("second");
  assert.equal(await run("pwd"), `0 ${workspace}\n`);
  agents.set("main", plain);
});

const traced = `perl -e 'print syscall(101, 0, 0, 0, 0) == 0 ? "traced" : "refused"'`;
const nested = "unshare -Ur true; mount -t tmpfs none /tmp";

test(
  "MIS-002 SBX-003 GAP-019 off and non-main lower one wall, only while it is acknowledged, and by who can have spoken",
  { skip: process.arch !== "x64" && "another processor" },
  async () => {
    for (const mode of ["off", "non-main"] as const) {
      agents.set("main", { ...plain, mode });
      lowering.isOn = false;
      assert.equal(await run(traced), "0 refused");
      lowering.isOn = true;
      assert.equal(await run(traced), "0 traced");
      assert.match(await run(nested), /unshare failed: Operation not permitted/);
      // The session's name is the same: what a stranger wrote is in it now.
      assert.equal(await run(traced, { integrity: "untrusted" }), mode === "off" ? "0 traced" : "0 refused");
      // What is lowered reaches nothing new.
      assert.match(await run(`cat ${secretFile}; cat ~/.ssh/id_ed25519`), /No such file.*No such file/s);
      assert.match(await run("exec 3<>/dev/tcp/192.0.2.1/80"), /Network is unreachable/);
      assert.match(await run(`python3 -c "import socket; socket.socket(socket.AF_UNIX)"`), /not supported/);
      lowering.isOn = false;
      assert.equal(await cells.end(({ filter }) => filter === "relaxed"), 1);
      assert.equal(await run(traced), "0 refused");
    }
    lowering.isOn = true;
    agents.set("main", plain);
    assert.equal(await run(traced), "0 refused");
    lowering.isOn = false;
  },
);
