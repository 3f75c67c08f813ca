// Whoever cloned the code themselves owns it, and the Node that runs it: both are theirs to write. Their sandbox is on all
// the same, and what runs in a cell can write neither.
import assert from "node:assert/strict";
import { accessSync, constants, copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";
import { invoke } from "../../faux/outside/invoke.ts";

suite("an installation that its user owns", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let folder: string;
  let node: string;
  let lorica: Installation;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "lorica-own-node-"));
    node = join(folder, "node");
    copyFileSync(process.execPath, node);
    lorica = await createInstallation({ node });
    lorica.writeConfig({ gateway: { tools: { allow: ["exec"] } } });
    await lorica.start();
  });
  after(async () => {
    await lorica?.remove();
    rmSync(folder, { recursive: true });
  });

  test("the control: outside the user may write the Node that runs; every wall is found to hold, and commands run", async () => {
    assert.equal(statSync(node).uid, process.getuid?.());
    accessSync(node, constants.W_OK);
    assert.match((await lorica.run(["doctor"])).stdout, /sandbox +verified: \d+ walls held/);
    assert.match((await invoke(lorica, "exec", { command: "echo it runs" })).text, /it runs/);
  });

  test("a command can write neither that Node nor where it lies", async () => {
    const tried = "touch /opt/lorica/bin/node || echo closed; touch /opt/lorica/bin/more || echo closed too";
    const before = statSync(node).mtimeMs;
    const { text } = await invoke(lorica, "exec", { command: `${tried}; ls ${folder} || echo not there` });
    assert.match(text, /closed[^]*closed too[^]*not there/);
    assert.equal(statSync(node).mtimeMs, before);
  });
});
