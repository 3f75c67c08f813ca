// How a delegated control group is divided, on files that stand for the kernel's; test/jail has the kernel itself.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { findGroupPlace } from "../../src/sandbox/groups/find.ts";
import { openGroups } from "../../src/sandbox/groups/groups.ts";

function delegate(context: TestContext, bounds: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-groups-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const unit = join(folder, "mounted/system.slice/ours.service");
  mkdirSync(unit, { recursive: true });
  const contents = {
    "cgroup.controllers": "cpuset cpu io memory pids",
    "cgroup.procs": "17\n18\n",
    "cgroup.subtree_control": "",
    ...bounds,
  };
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(unit, name), text);
  const files = { cgroup: join(folder, "cgroup"), mountinfo: join(folder, "mountinfo") };
  writeFileSync(files.cgroup, "0::/system.slice/ours.service\n");
  writeFileSync(files.mountinfo, `28 21 0:25 / ${join(folder, "mounted")} rw,nosuid - cgroup2 cgroup2 rw\n`);
  return { files, unit, read: (name: string) => readFileSync(join(unit, name), "utf8") };
}

test("in a unit all cells together leave a quarter of its memory and processes to the broker and the gateway", (context) => {
  const { files, unit, read } = delegate(context, { "memory.max": "1073741824\n", "pids.max": "512\n" });
  assert.deepEqual(findGroupPlace(files), {
    kind: "v2",
    base: join(unit, "lorica-cells"),
    together: { memory: 805_306_368, pids: 384 },
  });
  assert.deepEqual(
    ["memory.max", "pids.max", "cgroup.subtree_control"].map((name) => read(`lorica-cells/${name}`)),
    ["805306368", "384", "+memory +pids +cpu"],
  );
  assert.deepEqual([read("cgroup.subtree_control"), read("lorica-own/cgroup.procs")], ["+memory +pids +cpu", "18"]);
  const { detail } = openGroups({ files, systemdRun: undefined, runtimeDir: "" });
  assert.match(detail, /each cell are bounded together, and all cells by 768 MiB and 384 processes$/);
});

test("where nothing bounds the whole, nothing bounds all cells together", (context) => {
  const { files, read } = delegate(context, { "memory.max": "max\n", "pids.max": "max\n" });
  const place = findGroupPlace(files);
  assert.deepEqual(place?.kind === "v2" && place.together, { memory: undefined, pids: undefined });
  assert.deepEqual([read("lorica-cells/memory.max"), read("lorica-cells/pids.max")], ["max", "max"]);
  const { detail } = openGroups({ files, systemdRun: undefined, runtimeDir: "" });
  assert.match(detail, /bounded together$/);
});

test("in a scope of the user's systemd one command that is ended for its memory does not end the cell", () => {
  const files = { cgroup: "/absent", mountinfo: "/absent" };
  const groups = openGroups({ files, systemdRun: "/usr/bin/systemd-run", runtimeDir: "/run/user/1000" });
  const { prefix, environment } = groups.open({ memoryBytes: 1_000, processes: 4, processors: 2 });
  const wanted = ["MemoryMax=1000", "MemorySwapMax=0", "TasksMax=52", "CPUQuota=200%", "Delegate=yes"];
  assert.deepEqual(
    [prefix, environment],
    [
      [
        "/usr/bin/systemd-run",
        "--user",
        "--scope",
        "--quiet",
        "--collect",
        ...wanted.flatMap((property) => ["-p", property]),
        "--",
        "/usr/bin/env",
        "-i",
      ],
      { XDG_RUNTIME_DIR: "/run/user/1000" },
    ],
  );
});
