// The gateway as a service: installed, found out about, stopped, restarted and removed, under a systemctl that does so.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import { isInstalledCopy } from "../../faux/outside/host.ts";
import type { Installation } from "../../faux/installation.ts";
import { createFauxSystemd } from "../../faux/outside/systemd.ts";
import type { FauxSystemd } from "../../faux/outside/systemd.ts";

const unit = "openclaw-gateway.service";

suite("the gateway as a service", { concurrency: false }, () => {
  let lorica: Installation;
  let systemd: FauxSystemd;
  let file: string;

  before(async () => {
    lorica = await createInstallation();
    systemd = createFauxSystemd(lorica.home);
    lorica.env["PATH"] = `${systemd.bin}:/usr/bin:/bin`;
    file = join(lorica.home, ".config/systemd/user", unit);
    lorica.writeConfig({ gateway: { port: lorica.port } });
  });
  after(async () => {
    await lorica?.run(["gateway", "stop"]);
    await lorica?.remove();
  });

  const status = async (): Promise<{
    state: string;
    summary: string;
    advice?: string;
    service: Record<string, unknown>;
  }> => JSON.parse((await lorica.run(["gateway", "status", "--json"])).stdout) as never;
  const run = async (words: string): Promise<string> => {
    const ran = await lorica.run(words.split(" "));
    assert.equal(ran.code, 0, ran.stderr + systemd.journal());
    return ran.stdout;
  };

  test("GW-044 CLI-084 not installed is told apart, with what installs it", async () => {
    const found = await status();
    assert.deepEqual([found.state, found.service], ["not_running", { state: "absent" }]);
    assert.match(found.advice ?? "", /gateway install/);
    assert.deepEqual(systemd.orders(), []);
  });

  test("GW-044 DEP-007 it is installed, enabled, started, and lingers", async () => {
    const said = await run("gateway install");
    assert.match(said, /runs as the service openclaw-gateway\.service and starts with the machine/);
    assert.deepEqual(systemd.orders(), [
      "systemctl --user daemon-reload",
      `systemctl --user enable ${unit}`,
      `loginctl enable-linger ${userInfo().username}`,
      `systemctl --user restart ${unit}`,
    ]);
    const found = await status();
    assert.deepEqual([found.state, found.service["active"], found.service["enabled"]], ["running", "active", true]);
    assert.ok(readFileSync(file, "utf8").includes(`ExecStart=${lorica.stateDir}/bin/openclaw gateway run\n`));
  });

  test("a variable's secret is not in the unit, and its owner is told that the service has none of it", async () => {
    const ran = await lorica.run(["gateway", "install"]);
    assert.match(ran.stderr, /does not see this shell's variables \(OPENCLAW_GATEWAY_TOKEN\)/);
    assert.ok(!readFileSync(file, "utf8").includes(lorica.token));
  });

  const compiled = isInstalledCopy && "a copy that root has installed is compiled already";
  test("code that cannot be compiled ahead keeps no gateway from starting", { skip: compiled }, async () => {
    const stamp = join(lorica.home, ".cache/lorica/compiled/warm");
    rmSync(stamp, { force: true });
    mkdirSync(stamp, { recursive: true });
    const ran = await lorica.run(["gateway", "install"]);
    rmSync(stamp, { recursive: true });
    assert.deepEqual([ran.code, (await status()).state], [0, "running"]);
    assert.match(ran.stderr, /note: EISDIR.*The start takes longer\./);
  });

  test("GW-044 a restart restarts the service, and up finds it running", async () => {
    const before = (await status()).service["pid"];
    systemd.orders();
    await run("gateway restart");
    assert.deepEqual(systemd.orders(), [`systemctl --user restart ${unit}`]);
    assert.notEqual((await status()).service["pid"], before);
    systemd.orders();
    await run("up");
    assert.deepEqual(systemd.orders(), []);
    // Nothing that the installer wrote is taken for a stranger's.
    assert.deepEqual(JSON.parse(await run("watchdog alerts --json")), []);
    assert.match(await run("watchdog status"), new RegExp(`${unit} +as it was +by owner`));
  });

  test("GW-044 CLI-084 a stop stops the service, which is then told apart, and a start starts it", async () => {
    assert.equal(await run("gateway stop"), "stopped\n");
    assert.deepEqual(systemd.orders(), [`systemctl --user stop ${unit}`]);
    const found = await status();
    assert.deepEqual(
      [found.state, found.summary, found.service["active"]],
      ["not_running", "no gateway is running: its service is installed and stopped", "inactive"],
    );
    await run("gateway start");
    assert.deepEqual(systemd.orders(), [`systemctl --user start ${unit}`]);
    assert.equal((await status()).state, "running");
    const port = await lorica.run(["gateway", "start", "--port", "1"]);
    assert.equal(port.code, 0, "it runs already");
    await run("daemon stop");
  });

  test("CLI-084 a service that cannot start says so at once, and what to do", async () => {
    const config = join(lorica.stateDir, "openclaw.json");
    const good = readFileSync(config, "utf8");
    writeFileSync(config, '{ "gateway": { "prot": 1 } }');
    const started = await lorica.run(["gateway", "start"]);
    assert.equal(started.code, 78, started.stderr);
    assert.match(started.stderr, /the service ended with exit status 78 \(exit-code\)\. Why: journalctl --user -u/);
    const found = await status();
    assert.equal(found.summary, "no gateway is running, and the config is not valid, so none can start");
    writeFileSync(config, good);
    const repaired = await status();
    assert.match(repaired.summary, /its service ended \(exit-code\) and is not started again by itself/);
    assert.match(repaired.advice ?? "", /journalctl --user -u openclaw-gateway\.service/);
  });

  test("a unit that somebody wrote by hand is used, and replaced only with --force", async () => {
    const theirs = `[Service]\nExecStart=${lorica.stateDir}/bin/openclaw gateway --foreground\n`;
    writeFileSync(file, theirs);
    const refused = await lorica.run(["gateway", "install"]);
    assert.equal(refused.code, 6);
    assert.match(refused.stderr, /was not written by Lorica, so it was left alone/);
    assert.equal(readFileSync(file, "utf8"), theirs);
    await run("gateway start");
    assert.equal((await status()).state, "running");
    await run("gateway install --force");
    assert.ok(readFileSync(file, "utf8").includes("NoNewPrivileges=true"));
  });

  test("CLI-005 DEP-007 onboarding installs it too; without the right to linger it says what root does", async () => {
    systemd.set("no-linger");
    await run("gateway uninstall");
    assert.ok(!existsSync(file));
    systemd.orders();
    const said = await run("onboard --non-interactive --auth-choice skip --install-daemon --json");
    const { service } = JSON.parse(said) as { service: { unit: string; linger: { advice: string } } };
    assert.equal(service.unit, unit);
    assert.match(service.linger.advice, /ends when you log out.*sudo loginctl enable-linger/);
    assert.equal((await status()).state, "running");
  });

  test("GW-044 it is removed, and what is the owner's stays", async () => {
    const said = await run("gateway uninstall");
    assert.match(said, /stopped and removed .*\nConfig, secrets and conversations stay/);
    assert.deepEqual([existsSync(file), existsSync(join(lorica.stateDir, "openclaw.json"))], [false, true]);
    assert.equal((await status()).state, "not_running");
    assert.equal(await run("gateway uninstall"), await run("gateway uninstall"));
  });

  test("DEP-008 the system's unit is printed for root, with this user and what it may write", async () => {
    const printed = await lorica.run(["gateway", "install", "--system"]);
    assert.equal(printed.code, 0, printed.stderr);
    assert.match(printed.stdout, new RegExp(`^User=${userInfo().username}$`, "m"));
    assert.match(printed.stdout, new RegExp(`^ReadWritePaths=${lorica.stateDir}$`, "m"));
    assert.match(printed.stderr, /root writes it there, and then: systemctl daemon-reload/);
    assert.equal(existsSync(file), false);
  });

  test("without the user's systemd nothing is left behind, and why is said", async () => {
    systemd.set("unreachable");
    const ran = await lorica.run(["gateway", "install"]);
    assert.equal(ran.code, 7);
    assert.match(ran.stderr, /the user's systemd cannot be reached from here/);
    assert.equal(existsSync(file), false);
  });
});
