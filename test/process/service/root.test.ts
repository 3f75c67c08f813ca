// What ./lorica does as root about the service. The script is the real one, with its folders moved; root, the system
// user, systemd and Node are played.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { renderUnit } from "../../../src/cli/service/unit.ts";
import { createPlace, movedScript, playedRoot } from "../../faux/outside/script.ts";

const name = "openclaw-gateway.service";

const played: Readonly<Record<string, string>> = {
  ...playedRoot,
  "systemd-run": `[ ! -e "$(dirname "$0")/../no-scope" ] || exit 1
said=systemd-run
while [ $# != 0 ] && [ "$1" != -- ]; do said="$said $1"; shift; done
[ $# != 0 ] || exit 0
echo "$said" >>"$(dirname "$0")/systemctl.asked"
shift; exec "$@"`,
  systemctl: `echo "systemctl $*" >>"$0.asked"; [ "$1" != is-active ] || [ -e "$0.active" ] || exit 3`,
};

/** Says what it was asked as the system user, and prints the unit that it was given. */
const node = `while [ "\${1#--}" != "$1" ]; do shift; done; shift
echo "lorica $*" >>"$FOLDER/programs/systemctl.asked"
case "$*" in "gateway install"*) cat "$FOLDER/text" ;; *validate*) [ ! -e "$FOLDER/broken" ] || exit 78 ;; "gateway status") echo running ;; esac`;

function createMachine(options: { readonly systemd: boolean; readonly unified?: boolean } = { systemd: true }) {
  const { folder, write, programs } = createPlace("root-service");
  for (const place of ["home", "units", ...(options.systemd ? ["booted"] : [])]) mkdirSync(join(folder, place));
  if (options.unified === true) write("groups/cgroup.controllers", "cpu memory pids");
  programs(played);
  write("library/1/lorica", movedScript(folder), 0o755);
  write("library/1/package-lock.json", "{}");
  write("library/1/node_modules/.package-lock.json", "{}");
  write("library/1/node_modules/.bin/node", `#!/bin/sh\nFOLDER=${folder}\n${node}\n`, 0o755);
  write("library/1/web/dist/index.html", "");
  symlinkSync("1", join(folder, "library/current"));
  const text = renderUnit({
    scope: "system",
    profile: undefined,
    command: [`${folder}/library/current/lorica`, "gateway", "run"],
    writable: [join(folder, "home/.openclaw")],
    environment: {},
    user: "lorica",
  });
  write("text", text);
  const asked = join(folder, "programs/systemctl.asked");
  return {
    text,
    write,
    file: join(folder, "units", name),
    units: () => readdirSync(join(folder, "units")),
    /** What was asked for since the last look: of systemd by root, of Lorica as its user. */
    orders() {
      const lines = existsSync(asked) ? readFileSync(asked, "utf8").trim().split("\n") : [];
      rmSync(asked, { force: true });
      return lines;
    },
    run(words: string) {
      const ran = spawnSync(join(folder, "library/current/lorica"), words.split(" "), {
        env: { PATH: `${folder}/programs:/usr/bin:/bin`, HOME: folder, LORICA_PROGRAM: "./lorica" },
        encoding: "utf8",
      });
      return { exit: ran.status, stdout: ran.stdout, stderr: ran.stderr };
    },
  };
}

test("DEP-008 root installs the unit that the system user prints, enables and starts it, and takes it away again", () => {
  const machine = createMachine();
  const { exit, stdout, stderr } = machine.run("gateway install --port 18790");
  assert.deepEqual([exit, stdout], [0, "running\n"], stderr);
  assert.match(
    stderr,
    /openclaw-gateway\.service is installed: the gateway runs as lorica.*\n.*\n.*gateway uninstall\n/,
  );
  assert.equal(readFileSync(machine.file, "utf8"), machine.text);
  assert.equal(statSync(machine.file).mode & 0o777, 0o644);
  assert.deepEqual(machine.units(), [name]);
  assert.deepEqual(machine.orders(), [
    "lorica gateway install --system --port 18790",
    "systemctl daemon-reload",
    `systemctl is-active --quiet ${name}`,
    "lorica gateway stop",
    `systemctl enable ${name}`,
    `systemctl restart ${name}`,
    "lorica gateway status",
    "lorica gateway status",
  ]);
  assert.equal(machine.run("daemon uninstall").exit, 0);
  assert.deepEqual(machine.orders(), [`systemctl disable --now ${name}`, "systemctl daemon-reload"]);
  assert.deepEqual(machine.units(), []);
});

test("a unit that somebody wrote is replaced only with --force, and never removed", () => {
  const machine = createMachine();
  machine.write(`units/${name}`, "[Service]\n");
  const refused = machine.run("gateway install");
  assert.deepEqual([refused.exit, machine.orders()], [6, []]);
  assert.match(refused.stderr, /was not written by Lorica, so it was left alone\. --force replaces it/);
  assert.equal(machine.run("gateway uninstall").exit, 0);
  assert.equal(readFileSync(machine.file, "utf8"), "[Service]\n");
  assert.equal(machine.run("gateway install --force").exit, 0);
  assert.equal(readFileSync(machine.file, "utf8"), machine.text);
});

test("root takes no line by which the system user would become more than it is", () => {
  const machine = createMachine();
  const forgeries: readonly ((text: string) => string)[] = [
    (text) => text.replace("User=lorica", "User=root"),
    (text) => text.replace("User=lorica\n", ""),
    (text) => text.replace("User=lorica\n", "[Install]\nUser=lorica\n"),
    (text) => text.replace("User=lorica\n", "User=lorica\nUser=\n"),
    (text) => text.replace("UMask=0077", "UMask=0077\\"),
    (text) => text.replace("ExecStart=", "ExecStart=+"),
    (text) => text.replace("UMask=0077", "ExecStartPre=/bin/sh"),
    (text) => text.replace("AmbientCapabilities=", "AmbientCapabilities=CAP_SYS_ADMIN"),
    (text) => text.replace(/ExecStart=.*/, "ExecStart=/home/x/lorica gateway run"),
  ];
  for (const forge of forgeries) {
    machine.write("text", forge(machine.text));
    const { exit, stderr } = machine.run("gateway install");
    assert.equal(exit, 1, stderr);
    assert.match(stderr, /so nothing was installed/);
    assert.deepEqual(machine.units(), []);
  }
});

test("GW-044 root starts, stops and restarts the service, and leaves it alone where the config is broken", () => {
  const machine = createMachine();
  machine.run("gateway install");
  machine.orders();
  for (const [words, orders] of [
    ["gateway stop", [`systemctl stop ${name}`]],
    ["gateway start", [`systemctl start ${name}`, "lorica gateway status", "lorica gateway status"]],
    [
      "gateway restart",
      ["lorica config validate", `systemctl restart ${name}`, "lorica gateway status", "lorica gateway status"],
    ],
  ] as const) {
    assert.equal(machine.run(words).exit, 0);
    assert.deepEqual(machine.orders(), orders);
  }
  machine.write("broken", "");
  assert.equal(machine.run("gateway restart").exit, 78);
  assert.deepEqual(machine.orders(), ["lorica config validate"]);
});

test("CLI-005 onboarding by root asks as the system user, and installs the service as root", () => {
  const machine = createMachine();
  assert.equal(machine.run("onboard --non-interactive --install-daemon").exit, 0);
  const orders = machine.orders();
  assert.deepEqual(orders.slice(0, 2), [
    "lorica onboard --non-interactive --install-daemon --no-install-daemon",
    "lorica gateway install --system",
  ]);
  assert.ok(orders.includes(`systemctl restart ${name}`));
});

test("what root starts by hand gets a control group to divide from systemd, and a look at it none", () => {
  const machine = createMachine({ systemd: true, unified: true });
  const scope =
    "systemd-run --quiet --scope --collect --description Lorica, started by root -p Delegate=memory pids cpu";
  for (const [words, orders] of [
    ["up", [scope, "lorica up"]],
    ["gateway run --port 18790", [scope, "lorica gateway run --port 18790"]],
    ["gateway status", ["lorica gateway status"]],
    ["status --all", ["lorica status --all"]],
  ] as const) {
    const { exit, stderr } = machine.run(words);
    assert.equal(exit, 0, stderr);
    assert.deepEqual(machine.orders(), orders);
  }
  // It starts without one, too, and says later that memory is not bounded.
  machine.write("no-scope", "");
  assert.equal(machine.run("up").exit, 0);
  assert.deepEqual(machine.orders(), ["lorica up"]);
});

test("without systemd root is told so, and without a service every command is the system user's", () => {
  const machine = createMachine({ systemd: false });
  for (const words of ["gateway install", "gateway uninstall", "onboard --install-daemon"]) {
    const { exit, stderr } = machine.run(words);
    assert.equal(exit, 3);
    assert.match(stderr, /no systemd runs this machine, so there is no service.*\.\/lorica up starts the gateway/);
  }
  assert.deepEqual(machine.orders(), []);
  for (const words of ["gateway start", "gateway restart", "gateway install --help"]) machine.run(words);
  assert.deepEqual(machine.orders(), [
    "lorica gateway start",
    "lorica gateway restart",
    "lorica gateway install --help",
  ]);
});
