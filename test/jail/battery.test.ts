// A hostile command with everything that this host has to offer. Each attack is shown to work outside, where it finds what
// was planted; inside it finds nothing, writes nothing, and the harmless variant of it works.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import {
  background,
  cells,
  control,
  exec,
  home,
  leave,
  never,
  output,
  processesWith,
  readText,
  secret,
  secretFile,
  until,
  workspace,
  writeFile,
} from "./room.ts";

/** What lies beside the workspace when the attacks begin: every path, its size and when it was changed. */
let surroundings: readonly string[];
const key = join(home, ".ssh/id_ed25519");

before(async () => {
  assert.equal((await cells.probe(never)).kind, "verified");
  mkdirSync(join(home, "run"));
  writeFileSync(join(home, "run/docker.sock"), secret);
  surroundings = outside(home);
});
after(() => {
  // Nothing outside of the workspace was made, changed or removed by anything above.
  assert.deepEqual(outside(home), surroundings);
  return leave();
});

function outside(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (path === workspace || path === join(home, ".openclaw/cache")) return [];
    const { size, mtimeMs, mode } = statSync(path);
    if (statSync(path).isDirectory()) return [`${path} ${mode}`, ...outside(path)];
    return [`${path} ${mode} ${size} ${mtimeMs}`];
  });
}

const readings: readonly (readonly [string, string])[] = [
  ["state directory", `cat ${secretFile}`],
  ["SSH key", `cat ${key}`],
  ["the same through the root of another process", `for p in /proc/[0-9]*; do cat $p/root${key} 2>/dev/null; done`],
  [
    "the same through a working directory",
    `for p in /proc/[0-9]*; do cat $p/cwd/../../.ssh/id_ed25519 2>/dev/null; done; cat ${key}`,
  ],
  ["the same through dots", `cat ${workspace}/../../.ssh/id_ed25519`],
  ["the same through a link", `ln -sfn ${key} sneak; cat sneak; rm -f sneak`],
  ["the same through a link of a folder", `ln -sfn ${join(key, "..")} sneak; cat sneak/id_ed25519; rm -f sneak`],
  ["the same by a hard link", `ln ${key} sneak 2>&1; cat sneak; rm -f sneak`],
  ["the same by an archive", `tar -cf - -C / ${key.slice(1)} 2>/dev/null | tar -xOf -`],
  ["the same by a search", `grep -rh planted ${home}/.ssh ${home}/.openclaw/credentials`],
  ["the same by a shell's own reading", `while read -r line || [ -n "$line" ]; do echo "$line"; done < ${key}`],
  ["the same by Python", `python3 -c "print(open('${key}').read())"`],
  ["a socket's name", `cat ${home}/run/docker.sock`],
];
for (const [name, command] of readings) {
  test(`SBX-022 INJ-014 reading: ${name}`, async () => {
    assert.ok(plain(command).includes(secret), "the attack works outside");
    const inside = await exec(command);
    assert.ok(!inside.output.includes(secret));
    assert.equal(await output("echo planted > mine; cat mine; rm mine"), "planted\n");
  });
}

/** Outside of any cell, in the workspace, with none of its protections. */
function plain(command: string): string {
  const environment = { PATH: "/usr/bin:/bin", HOME: home, PLANTED: secret };
  return execFileSync("/bin/bash", ["-c", `${command}; true`], {
    cwd: workspace,
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

test("SBX-022 reading the environment of whoever started it", async () => {
  assert.ok(plain("env").includes(secret));
  process.env["PLANTED"] = secret;
  try {
    const everywhere = "env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'";
    assert.ok(!(await exec(everywhere, { session: "environ" })).output.includes(secret));
  } finally {
    delete process.env["PLANTED"];
  }
});

test("SBX-022 ADV-014 writing outside of the workspace, through every kind of name", async () => {
  const target = join(home, "run/written");
  const ways = [
    `echo x > ${target}`,
    `echo x > ${workspace}/../../run/written`,
    `ln -sfn ${home}/run out && echo x > out/written; rm -f out`,
    `tar -cf t.tar --transform 's,^,../../run/,' mine && tar -xPf t.tar; rm -f t.tar`,
    `python3 -c "
import zipfile
with zipfile.ZipFile('z.zip', 'w') as z: z.writestr('../../run/written', 'x')
import os
for n in zipfile.ZipFile('z.zip').namelist(): open(os.path.join('${workspace}', n), 'w').write('x')"`,
  ];
  writeFileSync(join(workspace, "mine"), "x");
  for (const way of ways) {
    await exec(way);
    assert.deepEqual(readdirSync(join(home, "run")), ["docker.sock"], way);
    // The same outside arrives, and is cleared away again.
    plain(way);
    const arrived = readdirSync(join(home, "run")).filter((name) => name !== "docker.sock");
    assert.equal(arrived.length, 1, way);
    for (const name of arrived) rmSync(join(home, "run", name));
  }
});

/** Swaps two names in one step, for as long as it lives. */
const exchange = (one: string, other: string) => `python3 -c "
import ctypes, os
libc = ctypes.CDLL(None)
while True: libc.syscall(${process.arch === "x64" ? 316 : 276}, -100, b'${one}', -100, b'${other}', 2)"`;

test("TOOL-031 a name that is exchanged in one step for a link out, while file tools read and write it", async () => {
  const folder = join(workspace, "swap");
  mkdirSync(join(folder, "real"), { recursive: true });
  writeFileSync(join(folder, "real/id_ed25519"), "harmless");
  symlinkSync(join(key, ".."), join(folder, "link"));
  assert.equal(readFileSync(join(folder, "link/id_ed25519"), "utf8"), secret);
  const id = await background(exchange("swap/real", "swap/link"));
  const seen = new Set<string>();
  const written = new Set<string>();
  for (let round = 0; round < 600; round += 1) {
    seen.add(await readText("swap/real/id_ed25519").catch((error: { code: string }) => error.code));
    const wrote = writeFile({ operation: "write", path: "swap/real/new", content: "x" });
    written.add(
      await wrote.then(
        () => "written",
        (error: { code: string }) => error.code,
      ),
    );
  }
  await control({ operation: "kill", processId: id });
  assert.ok(!seen.has(secret));
  assert.ok(seen.has("harmless") && seen.size > 1, [...seen].join());
  assert.ok(written.has("written"), [...written].join());
  assert.deepEqual(readdirSync(join(home, ".ssh")), ["id_ed25519"]);
  rmSync(folder, { recursive: true });
});

const survivors = [
  "setsid sleep 86311 &",
  "nohup sleep 86311 >/dev/null 2>&1 &",
  "(trap '' TERM HUP INT; sleep 86311) &",
  "python3 -c \"import os; os.fork() or os.setsid() or os.fork() or os.execvp('sleep', ['sleep', '86311'])\"",
  "script -q -c 'sleep 86311' /dev/null >/dev/null 2>&1 &",
  "for i in $(seq 30); do sleep 86311 & done; disown -a",
];
test("no process survives the command that started it, however it was hidden", async () => {
  for (const command of survivors) {
    await exec(`${command} sleep 0.05; true`);
    await until(() => processesWith("sleep 86311").length === 0, command);
  }
  // Liveness: what is asked for as a background process stays, and ends when told to.
  const id = await background("sleep 86311");
  assert.notDeepEqual(processesWith("sleep 86311"), []);
  await control({ operation: "kill", processId: id });
});

test("whoever uses up every descriptor or process has none left, and the cell and its neighbour go on", async () => {
  const files = `python3 -c "
import os
held = []
try:
    while True: held.append(os.open('/dev/null', os.O_RDONLY))
except OSError as error: print(len(held) < ${limits.cellOpenFilesMax}, error.errno)"`;
  assert.equal(await output(files, { session: "greedy" }), "True 24\n");
  const threads = `python3 -c "
import threading, time
held = []
try:
    while len(held) < 5000:
        t = threading.Thread(target=time.sleep, args=(5,), daemon=True); t.start(); held.append(t)
except RuntimeError: print(len(held) < ${limits.cellProcessesMax}, flush=True)
import os; os._exit(0)"`;
  assert.equal(await output(threads, { session: "greedy" }), "True\n");
  assert.equal(await output("echo fine", { session: "greedy" }), "fine\n");
  assert.equal(await output("echo fine", { session: "calm" }), "fine\n");
});

test("no device, no privilege and no old table of system calls can be made or used inside", async () => {
  const node = "import os, stat; os.mknod('/tmp/null', 0o666 | stat.S_IFCHR, os.makedev(1, 3))";
  assert.match((await exec(`python3 -c "${node}"`)).output, /Operation not permitted/);
  // A shell that is set-user-id is the same user still, and one of the host's own gives nothing.
  assert.equal(
    await output("cp /bin/bash own; chmod 6755 own; ./own -p -c 'id -u'; rm own"),
    `${process.getuid?.()}\n`,
  );
  assert.notEqual((await exec("su -c id; mount -t tmpfs none /tmp; unshare -Ur id")).exitCode, 0);
  assert.equal(await output("grep -c . /proc/self/status > /dev/null && echo fine"), "fine\n");
});

test(
  "a call through the 32-bit table ends its process",
  { skip: process.arch !== "x64" && "another processor" },
  async () => {
    const path = join(workspace, "old-call");
    writeFileSync(path, elfOf([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05]));
    chmodSync(path, 0o755);
    // Outside it asks for its own number and ends well, where the kernel still has that table.
    const supported = plain("./old-call && echo well").includes("well");
    const inside = await exec("./old-call");
    assert.equal(inside.exitCode, supported ? 128 + 31 : inside.exitCode);
    assert.notEqual(inside.exitCode, 0);
    writeFileSync(path, elfOf([0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05]));
    assert.equal((await exec("./old-call")).exitCode, 0);
    rmSync(path);
  },
);

test("a crash leaves no core file, in the workspace or anywhere", async () => {
  const crashed = await exec("bash -c 'kill -SEGV $$'; ls; ulimit -c");
  assert.doesNotMatch(crashed.output, /^core/m);
  assert.match(crashed.output, /^0$/m);
});

test("one session's command reaches no process, socket or file in memory of another's", async () => {
  await background("sleep 86312", { session: "victim" });
  await output("echo victim > /tmp/v; echo victim > /dev/shm/v", { session: "victim" });
  const [pid] = processesWith("sleep 86312");
  const other = { session: "attacker" };
  assert.match((await exec(`kill -0 ${pid}; kill -9 -1; true`, other)).output, /No such process/);
  assert.doesNotMatch((await exec("cat /proc/[0-9]*/cmdline | tr '\\0' ' '", other)).output, /86312/);
  assert.equal((await exec("cat /tmp/v /dev/shm/v", other)).exitCode, 1);
  assert.equal(await output("cat /tmp/v", { session: "victim" }), "victim\n");
  assert.notDeepEqual(processesWith("sleep 86312"), []);
  await cells.end(({ sessionKey }) => sessionKey === "agent:main:victim");
  assert.deepEqual(processesWith("sleep 86312"), []);
});

/** A program of nothing but these instructions. */
function elfOf(code: readonly number[]): Buffer {
  const [base, headers] = [0x40_0000n, 64 + 56];
  const file = Buffer.alloc(headers + code.length);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(file);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(62, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(base + BigInt(headers), 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  file.writeBigUInt64LE(base, 80);
  file.writeBigUInt64LE(base, 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(4_096n, 112);
  Buffer.from(code).copy(file, headers);
  return file;
}
