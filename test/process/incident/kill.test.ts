// The kill switch, pulled on a whole installation while it works: what runs dies, what comes is refused, and it stays so.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation, onboard } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";
import { startFauxProvider } from "../../faux/provider.ts";
import type { FauxProvider } from "../../faux/provider.ts";

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (holds()) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  assert.fail(`it never came to it that ${what}`);
}

suite("the kill switch", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let lorica: Installation;
  let model: FauxProvider;
  const say = (text: string) => lorica.run(["agent", "--message", text]);
  const ok = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await lorica.run(words);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  before(async () => {
    model = await startFauxProvider();
    lorica = await createInstallation();
    await onboard(lorica, model);
    await lorica.start();
  });
  after(async () => {
    await lorica.remove();
    await model.close();
  });

  test("a command that runs dies in the middle, the next is refused, and others go on", async () => {
    const beat = join(lorica.workspace, "beat");
    const command = `while :; do date +%s%N >> beat; sleep 0.02; done`;
    model.play([{ calls: [{ id: "c1", name: "exec", input: JSON.stringify({ command }) }] }, { text: "ended" }]);
    const turn = say("go");
    await until("the command runs", () => existsSync(beat));
    assert.match(await ok("kill", "--capability", "exec", "--reason", "test"), /stopped: exec/);
    const { stdout } = await turn;
    assert.match(stdout, /ended/);
    const size = readFileSync(beat).length;
    await new Promise((done) => setTimeout(done, 200));
    assert.equal(readFileSync(beat).length, size, "nothing of it goes on");
    assert.match(JSON.stringify(model.requests.at(-1)), /the owner has stopped exec \(test\)/);

    model.play([
      { calls: [{ id: "c2", name: "exec", input: '{"command":"touch refused"}' }] },
      { calls: [{ id: "c3", name: "read", input: '{"path":"beat"}' }] },
      { text: "done" },
    ]);
    assert.match((await say("again")).stdout, /done/);
    assert.equal(existsSync(join(lorica.workspace, "refused")), false);
    assert.match(await ok("resume"), /resumed: 1/);
    model.play([{ calls: [{ id: "c4", name: "exec", input: '{"command":"touch allowed"}' }] }, { text: "done" }]);
    assert.match((await say("again")).stdout, /done/);
    assert.equal(existsSync(join(lorica.workspace, "allowed")), true);
  });

  test("a model's answer is cut off in the middle, and everything stays stopped over a kill of the broker", async () => {
    model.play([{ text: "never heard", broken: "stall_midway" }]);
    const before = model.requests.length;
    const turn = say("talk");
    await until("the model is asked", () => model.requests.length > before);
    await ok("kill");
    const { code, stderr } = await turn;
    assert.notEqual(code, 0);
    assert.match(stderr, /the owner has stopped everything/);
    await lorica.kill();
    await lorica.start();
    const asked = model.requests.length;
    assert.match((await say("hello")).stderr, /the owner has stopped everything/);
    assert.equal(model.requests.length, asked, "no byte reached the provider");
    assert.match(await ok("status", "--all"), /STOPPED: everything/);
    assert.match(await ok("kill", "status"), /everything, since/);
    // Without a gateway too: what is stopped is a file of the broker's.
    await lorica.stop();
    assert.match(await ok("kill", "status"), /everything, since/);
    assert.match(await ok("resume"), /resumed: 1/);
    await lorica.start();
    model.play([{ text: "back" }]);
    assert.match((await say("hello")).stdout, /back/);
  });

  test("the owner stops it from a chat, hears so, and nobody resumes it there", async () => {
    assert.match((await say("/kill")).stdout, /Stopped: everything that agents do/);
    assert.match((await say("hello")).stderr, /the owner has stopped model/);
    assert.match((await say("/resume")).stderr, /the owner has stopped model/);
    assert.match(await ok("kill", "status"), /by gateway:owner/);
    assert.match(await ok("resume"), /resumed: 2/);
    const said = await ok("audit", "query", "--kind", "incident");
    for (const what of ["stopped: exec", "resumed: exec", "stopped: everything", "stopped: tools", "resumed: model"])
      assert.match(said, new RegExp(what));
    assert.match(await ok("audit", "verify"), /^intact/);
  });
});
