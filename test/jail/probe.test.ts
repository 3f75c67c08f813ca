// What the boot probe finds out about a host, what it leaves behind, and what becomes of cells when it finds otherwise.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ProcessRun } from "../../src/base/action.ts";
import { explainFailure, missingPrograms } from "../../src/broker/cell/diagnosis.ts";
import { probeSandbox } from "../../src/broker/cell/probe.ts";
import { createCells } from "../../src/broker/cells.ts";
import { findBwrap } from "../../src/broker/spawn.ts";
import { commandProfile } from "../../src/sandbox/sandbox.ts";
import { action, cells, cellsOptions, leave, never, processesWith } from "./room.ts";

const run: ProcessRun = { command: "echo hello", cwd: ".", timeoutMs: 10_000, terminal: "none", mode: "foreground" };

before(async () => {
  assert.equal((await cells.probe(never)).kind, "verified");
});
after(leave);

test("the boot probe tries every wall of the profile and finds them standing", () => {
  const status = cells.status();
  assert.deepEqual(
    status.walls.filter((wall) => !wall.held),
    [],
  );
  assert.ok(status.walls.length >= 90);
  const names = status.walls.map((wall) => wall.name).join("; ");
  const expected = [
    "home",
    "/etc/shadow",
    "core_pattern",
    "loopback",
    "route",
    "vsock",
    "unix",
    "keyctl",
    "ptrace",
    "unshare",
    "audit",
    "raw socket",
    "io_uring_enter",
    "process_vm_readv",
    "userfaultfd",
    "perf_event_open",
    "bpf",
    "kexec",
    "clone3",
    "x32",
    "terminal",
    "executable",
    "user namespace",
    "/proc/kcore",
    "/dev/kvm",
    "docker.sock",
    "uid_map",
  ];
  assert.deepEqual(
    expected.filter((word) => !names.includes(word)),
    [],
  );
});

test("SBX-015 one wall that does not hold, and there is no sandbox", async () => {
  const leaky = { ...commandProfile, etc: [...commandProfile.etc, "/etc/hostname"] };
  const { status, host } = await probeSandbox({ ...cellsOptions, profile: leaky }, never);
  assert.equal(host, undefined);
  assert.ok(status.kind === "off");
  assert.deepEqual(
    status.walls.filter((wall) => !wall.held).map((wall) => wall.name),
    ["read /etc/hostname"],
  );
  assert.match(status.reason, /read \/etc\/hostname/);
});

test("SBX-015 without bubblewrap there is no sandbox, and the command that installs it is named", () => {
  assert.deepEqual(missingPrograms(undefined), {
    reason: "bubblewrap is not installed",
    fix: "sudo apt-get install bubblewrap",
  });
  assert.equal(missingPrograms(findBwrap()), undefined);
});

test("SBX-015 without a working probe every request is refused with the reason and the fix", async () => {
  const none = createCells({ ...cellsOptions, node: "/absent/node" });
  const status = await none.probe(never);
  assert.ok(status.kind === "off");
  const asked = none.run(action("process.run", run, {}), () => undefined, never);
  await assert.rejects(asked, { code: "unavailable", message: new RegExp(`the sandbox is off: .*To bring it back: `) });
  await none.close();
});

test("SBX-015 a later probe that finds a wall fallen ends every cell, whatever runs in it", async () => {
  let node = cellsOptions.node;
  const changing = createCells({
    ...cellsOptions,
    get node() {
      return node;
    },
  });
  assert.equal((await changing.probe(never)).kind, "verified");
  const endless = { ...run, command: "sleep 86123", mode: "background" } as const;
  await changing.run(action("process.run", endless, {}), () => undefined, never);
  assert.equal((await changing.probe(never)).kind, "verified");
  assert.notDeepEqual(processesWith("sleep 86123"), []);
  node = "/absent/node";
  assert.equal((await changing.probe(never)).kind, "off");
  assert.deepEqual(processesWith("sleep 86123"), []);
  const asked = changing.run(action("process.run", run, {}), () => undefined, never);
  await assert.rejects(asked, { code: "unavailable", message: /the sandbox is off/ });
  node = cellsOptions.node;
  assert.equal((await changing.probe(never)).kind, "verified");
  const again = await changing.run(action("process.run", run, {}), () => undefined, never);
  assert.equal(again.kind === "exited" && again.output, "hello\n");
  await changing.close();
});

test("a probe leaves nothing behind, and clears away what one that was killed has left", async () => {
  const left = join(cellsOptions.cacheDir, "probe/workspace");
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, "probe.txt"), "left");
  const { status } = await probeSandbox({ ...cellsOptions, profile: commandProfile }, never);
  assert.equal(status.kind, "verified");
  assert.deepEqual(readdirSync(cellsOptions.cacheDir).toSorted(), ["cell-code", "cell-etc"]);
});

test("requests that come before the probe has ended wait for it", async () => {
  const early = createCells(cellsOptions);
  const probing = early.probe(never);
  const result = await early.run(action("process.run", run, {}), () => undefined, never);
  assert.ok(result.kind === "exited" && result.output === "hello\n");
  assert.equal((await probing).kind, "verified");
  await early.close();
});

const settings = (values: Readonly<Record<string, string>>) => (path: string) => values[path];
const explanations: readonly (readonly [string, string, Readonly<Record<string, string>>, RegExp])[] = [
  [
    "AppArmor",
    "bwrap: setting up uid map: Permission denied",
    { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1" },
    /apparmor_restrict/,
  ],
  [
    "Debian's switch",
    "bwrap: No permissions",
    { "/proc/sys/kernel/unprivileged_userns_clone": "0" },
    /unprivileged_userns_clone=1/,
  ],
  ["a limit of none", "bwrap: x", { "/proc/sys/user/max_user_namespaces": "0" }, /max_user_namespaces=/],
  ["a masked /proc", "bwrap: Can't mount proc on /newroot/proc: Operation not permitted", {}, /systempaths=unconfined/],
  ["a container's filter", "bwrap: No permissions to create new namespace", {}, /seccomp profile/],
];
for (const [name, complaint, values, fix] of explanations) {
  test(`what to do about ${name}`, () => {
    const why = explainFailure(complaint, settings(values));
    assert.match(why.fix, fix);
    assert.ok(why.reason.includes(complaint));
  });
}
