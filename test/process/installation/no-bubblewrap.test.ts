// A host without bubblewrap: whoever removes it takes the tools away and opens nothing.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";

/** The same host, except that there is nothing where bubblewrap was, and nothing of that name on the PATH. */
const hidden = ["/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"].filter((path) => existsSync(path));
// What is ended here is this outer bwrap, and with it whatever it started.
const without = [
  "bwrap",
  "--die-with-parent",
  "--dev-bind",
  "/",
  "/",
  ...hidden.flatMap((path) => ["--ro-bind", "/dev/null", path]),
  "--",
];

suite("bubblewrap is gone", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let control: Installation;
  let lorica: Installation;
  before(async () => {
    [lorica, control] = [await createInstallation({ under: without }), await createInstallation()];
    await lorica.start();
  });
  after(async () => {
    await lorica?.remove();
    await control?.remove();
  });

  const order = (tool: string, input: object) => [
    "agent",
    "--json",
    "--message",
    `!call ${tool} ${JSON.stringify(input)}`,
  ];

  test("GAP-027 GAP-017 SBX-015 no command and no file tool does anything, and the status says what to do", async () => {
    const mark = join(lorica.workspace, "mark");
    for (const [tool, input] of [
      ["exec", { command: `touch ${mark}` }],
      ["exec", { command: `touch ${mark}`, background: true }],
      ["write", { path: "mark", content: "x" }],
      ["apply_patch", { patch: "*** Begin Patch\n*** Add File: mark\n+x\n*** End Patch" }],
      ["read", { path: "AGENTS.md" }],
    ] as const) {
      const { stdout } = await lorica.run(order(tool, input));
      assert.doesNotMatch(stdout, /"kind":"exited"|wrote/, tool);
      assert.equal(existsSync(mark), false, tool);
    }
    const { owner } = JSON.parse((await lorica.run(["status", "--json"])).stdout) as {
      owner: { sandbox: { state: string; reason: string; fix: string }; gateway: { confinement: string } };
    };
    assert.deepEqual(
      [owner.sandbox.state, owner.sandbox.reason, owner.sandbox.fix],
      ["off", "bubblewrap is not installed", "sudo apt-get install bubblewrap"],
    );
    assert.equal(owner.gateway.confinement, "none");
    const said = await lorica.run(["status"]);
    assert.match(said.stdout, /sandbox +off, so commands and file tools are off: bubblewrap is not installed/);
    // The rest still works.
    assert.match((await lorica.run(["agent", "--message", "!say alive"])).stdout, /alive/);
  });

  test("the same orders are carried out where bubblewrap is", async () => {
    await control.start();
    await control.run(order("exec", { command: "touch mark" }));
    assert.equal(existsSync(join(control.workspace, "mark")), true);
  });

  test("SBX-004 GAP-013 with nothing configured commands run in a cell, and in every mode the tool is there", async () => {
    writeFileSync(join(control.home, "beside"), "seen");
    const command = `(cat ${join(control.home, "beside")}; readlink /proc/self/ns/mnt) > ran 2>&1`;
    const ran = join(control.workspace, "ran");
    for (const mode of ["as it is", "all", "non-main", "off"]) {
      if (mode !== "as it is") {
        const set = await control.run(["config", "set", "agents.defaults.sandbox.mode", mode]);
        assert.equal(set.code, 0, set.stderr);
      }
      await control.run(order("exec", { command }));
      const said = readFileSync(ran, "utf8");
      rmSync(ran);
      assert.match(said, /^cat: .*beside: No such file or directory\nmnt:\[\d+\]\n$/, mode);
      assert.ok(!said.includes(readlinkSync("/proc/self/ns/mnt")), mode);
    }
  });
});
