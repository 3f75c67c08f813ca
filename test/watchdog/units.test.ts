// What starts the gateway: which files that is, and what becomes of a change that neither the installer nor the owner made.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { listStartFiles, openInstructionBook, watchUnits } from "../../src/watchdog/watchdog.ts";
import { createTestClock } from "../faux/clock.ts";

const unitText = "[Service]\nUser=me\nExecStart=/home/me/.openclaw/bin/openclaw gateway run\n";

function setUp(context: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "lorica-units-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const home = join(root, "home/me");
  const binary = join(home, ".openclaw/bin/openclaw");
  const folder = join(root, "memory");
  const unit = join(home, ".config/systemd/user/openclaw-gateway.service");
  const [alerts, records]: [string[], string[]] = [[], []];
  const clock = createTestClock(1_000_000_000);
  const rounds = { left: Infinity };
  const write = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
  };
  const places = () => listStartFiles({ home, profile: undefined, env: {}, binary, user: "me", root });
  const open = () =>
    watchUnits({
      places,
      book: openInstructionBook(folder),
      clock,
      alertOwner: (text) => alerts.push(text),
      record: ({ what, path }) => records.push(`${what} ${path}`),
      fight: { isOn: () => rounds.left < 0, round: () => (rounds.left-- > 0 ? "go on" : "lost") },
      copyPath: (hash) => join(folder, hash),
    });
  write(binary, "#!/bin/sh\nexec lorica\n", 0o700);
  write(unit, unitText);
  return { root, home, binary, unit, alerts, records, clock, rounds, write, places, open };
}

const read = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, "utf8") : undefined);

test("WD-001 a changed unit, a drop-in that appears and another command are put back, kept, alerted to and recorded", (context) => {
  const { open, unit, binary, home, write, alerts, records } = setUp(context);
  const units = open();
  units.look();
  assert.deepEqual([alerts, records], [[], []]);
  const dropIns = [
    join(dirname(unit), "openclaw-gateway.service.d/override.conf"),
    join(dirname(unit), "openclaw-.service.d/x.conf"),
    join(dirname(unit), "service.d/x.conf"),
    join(home, ".config/systemd/user.control/openclaw-gateway.service.d/x.conf"),
    join(home, ".local/share/systemd/user/openclaw-gateway.service"),
  ];
  write(unit, unitText.replace("ExecStart=", "ExecStartPre=/tmp/evil\nExecStart="));
  write(binary, "#!/bin/sh\n/tmp/evil\n");
  for (const path of dropIns) write(path, "[Service]\nExecStartPre=/tmp/evil\n");
  units.look();
  assert.deepEqual([read(unit), read(binary)], [unitText, "#!/bin/sh\nexec lorica\n"]);
  assert.equal(statSync(binary).mode & 0o777, 0o700);
  assert.deepEqual(
    dropIns.map(read),
    dropIns.map(() => undefined),
  );
  assert.deepEqual(records.toSorted(), [unit, binary, ...dropIns].map((path) => `put-back ${path}`).toSorted());
  assert.equal(alerts.length, 7);
  const said = alerts.find((text) => text.startsWith(unit)) ?? "";
  assert.match(said, /was changed outside of Lorica.*It is put back.*systemctl --user daemon-reload.*watchdog accept/);
  assert.match(alerts.find((text) => text.startsWith(dropIns[0] ?? "?")) ?? "", /appeared outside of Lorica/);
  units.look();
  assert.equal(alerts.length, 7);
});

test("a unit that is taken away, made a link or masked comes back", (context) => {
  const { open, unit, root } = setUp(context);
  const units = open();
  units.look();
  rmSync(unit);
  units.look();
  assert.equal(read(unit), unitText);
  for (const target of ["/dev/null", root]) {
    rmSync(unit);
    symlinkSync(target, unit);
    units.look();
    assert.equal(read(unit), unitText);
    assert.ok(statSync(unit).isFile());
  }
});

test("WD-003 the owner's word brings a drop-in into force, and takes it back", (context) => {
  const { open, unit, write } = setUp(context);
  open().look();
  const path = join(`${unit}.d`, "mine.conf");
  write(path, "[Service]\nCPUQuota=50%\n");
  const units = open();
  units.look();
  assert.equal(read(path), undefined);
  units.accept(path);
  assert.equal(read(path), "[Service]\nCPUQuota=50%\n");
  units.look();
  assert.equal(read(path), "[Service]\nCPUQuota=50%\n");
  assert.throws(() => units.accept(path), { code: "not_found" });
  units.restore(path);
  assert.equal(read(path), undefined);
  assert.throws(() => units.restore("/etc/passwd"), { code: "not_found" });
});

test("WD-003 what the installer has announced is no change, written soon or at once; announced and not written it is", (context) => {
  const { open, unit, write, alerts, clock } = setUp(context);
  const units = open();
  units.look();
  const text = unitText.replace("run", "run --port 19000");
  units.expect([{ path: unit, text }]);
  units.look();
  assert.equal(read(unit), unitText);
  write(unit, text);
  units.look();
  units.expect([{ path: unit, text: null }]);
  rmSync(unit);
  units.look();
  assert.deepEqual([alerts, read(unit)], [[], undefined]);
  units.expect([{ path: unit, text }]);
  clock.advance(limits.unitInstallMs);
  units.look();
  assert.equal(read(unit), text);
  assert.match(alerts[0] ?? "", /was taken away/);
});

test("what lies there before an installation is not taken for the installer's", (context) => {
  const { open, unit, write, records } = setUp(context);
  const units = open();
  units.look();
  const other = join(`${unit}.d`, "x.conf");
  write(other, "[Service]\n");
  units.expect([{ path: unit, text: unitText }]);
  assert.deepEqual(records, [`put-back ${other}`]);
});

test("where it may not write, the owner is told once what puts it back; the state stays in the list", (context) => {
  const { open, unit, write, alerts, records } = setUp(context);
  if (process.getuid?.() === 0) return context.skip("root may write anywhere");
  const units = open();
  units.look();
  write(unit, "[Service]\nExecStart=/tmp/evil\n");
  chmodSync(dirname(unit), 0o500);
  units.look();
  units.look();
  chmodSync(dirname(unit), 0o700);
  assert.match(
    alerts[0] ?? "",
    /cannot be put back from here\. To put it back: cp \S+ \S+ && systemctl --user daemon-r/,
  );
  assert.deepEqual([alerts.length, records], [1, [`changed ${unit}`]]);
  assert.deepEqual(
    units.list().map(({ path, state }) => [path, state]),
    [
      [join(dirname(unit), "../../../.openclaw/bin/openclaw"), "as it was"],
      [unit, "changed"],
    ],
  );
  units.accept(unit);
  units.look();
  assert.equal(alerts.length, 1);
});

test("who writes without end is left alone and named", (context) => {
  const { open, unit, write, alerts, rounds } = setUp(context);
  const units = open();
  units.look();
  rounds.left = 1;
  for (const text of ["a", "b", "c"]) {
    write(unit, text);
    units.look();
  }
  assert.match(alerts[1] ?? "", /left alone for a minute/);
  assert.deepEqual([alerts.length, read(unit)], [2, "c"]);
});

test("the system's units and tables of cron are watched where they are this user's or name this program", (context) => {
  const { root, places, write, home } = setUp(context);
  const system = join(root, "/etc/systemd/system/openclaw-gateway.service");
  const watched = (): readonly string[] => places().files.filter((path) => !path.startsWith(home));
  write(system, "[Service]\nUser=somebody\n");
  write(join(root, "/etc/cron.d/other"), "* * * * * root /bin/true\n");
  assert.deepEqual(watched(), []);
  write(system, unitText);
  write(`${system}.d/x.conf`, "[Service]\n");
  write(join(root, "/etc/crontab"), "@reboot me /home/me/lorica/lorica up\n");
  write(join(root, "/etc/cron.d/ours"), "@reboot me openclaw gateway run\n");
  assert.deepEqual(watched(), [
    system,
    join(root, "/run/systemd/system/openclaw-gateway.service"),
    `${system}.d/x.conf`,
    join(root, "/etc/crontab"),
    join(root, "/etc/cron.d/ours"),
  ]);
});

test("a state directory that was moved here leaves the other home's units alone", (context) => {
  const there = setUp(context);
  there.open().look();
  there.write(there.unit, "[Service]\nExecStart=changed\n");
  const here = setUp(context);
  const moved = watchUnits({
    places: here.places,
    book: openInstructionBook(join(there.root, "memory")),
    clock: here.clock,
    alertOwner: (text) => here.alerts.push(text),
    record: () => undefined,
    fight: { isOn: () => false, round: () => "go on" },
    copyPath: (hash) => hash,
  });
  moved.look();
  assert.deepEqual([read(there.unit), here.alerts], ["[Service]\nExecStart=changed\n", []]);
  assert.equal(read(here.unit), unitText);
});
