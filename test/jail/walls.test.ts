// What a command or a file tool must not reach. Beside each failure stands the same act outside, which succeeds, and a
// harmless one inside, which works.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
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
  readFile,
  readText,
  secret,
  secretFile,
  until,
  workspace,
  writeFile,
} from "./room.ts";

before(async () => {
  const status = await cells.probe(never);
  assert.equal(status.kind, "verified", JSON.stringify(status));
});
after(leave);

test("VLT-004 no folder for secrets below /run is there, and neither is the folder of the vault's key", async () => {
  assert.ok(readdirSync("/run").length > 0);
  mkdirSync(join(home, ".config/lorica"), { recursive: true });
  writeFileSync(join(home, ".config/lorica/vault.key"), secret);
  for (const path of ["/run/openclaw-secrets", "/run/credentials", join(home, ".config/lorica/vault.key")]) {
    const { exitCode } = await exec(`ls -d ${path}`);
    assert.equal(exitCode, 2, path);
    await assert.rejects(readText(path), ({ code }: { code: string }) => ["not_found", "forbidden"].includes(code));
  }
  assert.equal((await exec("ls -d /usr")).exitCode, 0);
});

test("SBX-012 GAP-011 INJ-031 secrets beside the workspace are not there, neither for a command nor for a file tool", async () => {
  assert.equal(readFileSync(secretFile, "utf8"), secret);
  for (const path of [secretFile, join(home, ".ssh/id_ed25519")]) {
    const result = await exec(`cat ${path}`);
    assert.deepEqual([result.exitCode, result.output], [1, `cat: ${path}: No such file or directory\n`]);
    await assert.rejects(readText(path), { code: "not_found" });
  }
  assert.equal(await output("ls -A ~ ~/.openclaw"), `${home}:\n.openclaw\n\n${home}/.openclaw:\nworkspace\n`);
  assert.match((await exec("ls /run /var /root")).output, /'\/run': No such.*'\/var': No such.*'\/root': No such/s);
  writeFileSync(join(workspace, "mine"), "readable");
  assert.deepEqual([await output("cat mine"), await readText("mine")], ["readable", "readable"]);
});

test("TOOL-017 SBX-013 nothing of the broker's environment is inside, in no process", async () => {
  const planted = {
    LORICA_CANARY: secret,
    NODE_OPTIONS: "--title=x",
    BASH_ENV: "/tmp/x",
    LD_PRELOAD: "/tmp/x.so",
    DYLD_INSERT_LIBRARIES: "x",
  };
  Object.assign(process.env, planted);
  try {
    const names = await output("cat /proc/*/environ | tr '\\0' '\\n' | cut -d= -f1 | sort -u | tr '\\n' ' '; env", {
      session: "environment",
    });
    for (const name of Object.keys(planted)) assert.doesNotMatch(names, new RegExp(name));
    assert.match(names, /^PATH=\/usr\/local\/bin:\/usr\/bin/m);
  } finally {
    for (const name of Object.keys(planted)) delete process.env[name];
  }
});

test("a command sees its own processes and no others", async () => {
  assert.ok(readdirSync("/proc").includes(String(process.pid)));
  assert.match(readFileSync("/proc/self/cmdline", "latin1"), /walls\.test|test\.ts|node/);
  const seen = await output("for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done");
  assert.doesNotMatch(seen, /supervisor|walls\.test|worker\.ts/);
  assert.match(seen, /bash/);
  assert.ok(seen.split("\n").filter((line) => line !== "").length <= 4, seen);
});

test("the first process of a command's room is under the same filter, and cannot be taken over", async () => {
  assert.equal(await output("cat /proc/1/comm; grep -c 'Seccomp:.2' /proc/1/status"), "bwrap\n1\n");
  const open = (process: string, mode: string): string =>
    `python3 -c "import os; print(os.open('/proc/${process}/mem', os.${mode}) > 2)"`;
  assert.equal(await output(open("self", "O_RDONLY")), "True\n");
  for (const process of ["1", "self"])
    assert.match((await exec(open(process, "O_RDWR"))).output, /Read-only file system/, process);
  assert.equal((await exec("kill -KILL 1; echo $?")).output, "0\n");
});

test("SBX-011 every command has namespaces, /proc, /dev and a /tmp of its own making, over a read-only system", async () => {
  const names = ["pid", "mnt", "ipc", "uts", "user"];
  const ask = `for n in ${names.join(" ")}; do readlink /proc/self/ns/$n; done`;
  // Both at once: the kernel gives the number of a namespace that is gone to the next one.
  const id = await background(`${ask}; exec sleep 60`);
  let shown = "";
  await until(async () => {
    shown += (await control({ operation: "poll", processId: id, waitMs: 1_000 }))[0]?.output ?? "";
    return shown.split("\n").length > names.length;
  }, "the first command has said where it is");
  const [one, two] = [shown, await output(ask)].map((text) => text.trim().split("\n"));
  await control({ operation: "kill", processId: id });
  const here = names.map((name) => readlinkSync(`/proc/self/ns/${name}`));
  names.forEach((name, index) => {
    assert.equal(new Set([one?.[index], two?.[index], here[index]]).size, 3, name);
  });
  const mounts = await output("while read -r _ at kind flags _; do echo $at $kind ${flags%%,*}; done < /proc/mounts");
  for (const mount of [
    "/ tmpfs ro",
    "/usr .* ro",
    "/proc proc ro",
    "/dev tmpfs ro",
    "/tmp tmpfs rw",
    `${workspace} .* rw`,
  ])
    assert.match(mounts, new RegExp(`^${mount}$`, "m"));
  assert.equal(
    await output("ls /dev"),
    "core\nfd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n",
  );
});

test("SBX-001 a command has no capability, gains none, and stands on a read-only root, with bounds and no network", async () => {
  const asked = "grep -hoP '^(CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):\\t\\K.*' /proc/self/status";
  const none = "0".repeat(16);
  assert.deepEqual((await output(asked)).trim().split("\n"), [none, none, none, "1", "2"]);
  assert.match((await exec("touch /new")).output, /Read-only file system/);
  assert.ok(Number(await output("ulimit -u")) <= limits.cellProcessesMax);
  assert.match((await exec("exec 3<>/dev/tcp/192.0.2.1/80")).output, /Network is unreachable/);
});

test("a command inherits no descriptor but its three streams", async () => {
  const list = "import os; print([fd for fd in range(64) if os.path.exists(f'/proc/self/fd/{fd}')])";
  assert.equal(await output(`python3 -c "${list}"`), "[0, 1, 2]\n");
});

test("SBX-014 NET-036 there is no network but the cell's own loopback", async () => {
  const server = await listen({ port: 0, host: "127.0.0.1" });
  const { port } = server.address() as AddressInfo;
  assert.equal(await canConnect({ port, host: "127.0.0.1" }), true);
  const tried = await exec(`exec 3<>/dev/tcp/127.0.0.1/${port}`);
  assert.match(tried.output, /Connection refused/);
  assert.notEqual((await exec("getent hosts example.com")).exitCode, 0);
  assert.match((await exec("exec 3<>/dev/tcp/169.254.169.254/80")).output, /Network is unreachable/);
  assert.equal(await output("cat /proc/net/route | tail -n +2; cat /proc/net/dev | grep -c :"), "1\n");
  server.close();
  // A server that one command starts answers the next one.
  const id = await background(`python3 -c "
import http.server
http.server.HTTPServer(('127.0.0.1', 8099), http.server.SimpleHTTPRequestHandler).serve_forever()"`);
  const fetch = `node -e "fetch('http://127.0.0.1:8099/mine').then(async (r) => console.log(await r.text()))"`;
  const fetched = await output(`for i in $(seq 50); do ${fetch} 2>/dev/null && exit 0; sleep 0.1; done; exit 1`);
  assert.equal(fetched, "readable\n");
  assert.match((await exec(fetch, { session: "neighbour" })).output, /ECONNREFUSED/);
  await control({ operation: "kill", processId: id });
});

test("a unix socket in the workspace cannot be used", async () => {
  const path = join(workspace, "s");
  const server = await listen({ path });
  assert.equal(await canConnect({ path }), true);
  const tried = await exec(`python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('s')"`);
  assert.match(tried.output, /Address family not supported/);
  assert.equal(
    await output(`python3 -c "import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))"`),
    "b'x'\n",
  );
  server.close();
});

test("TOOL-010 GAP-011 nothing outside the workspace can be written, whatever the way", async () => {
  const target = join(home, "outside.txt");
  writeFileSync(target, "untouched");
  for (const path of ["/etc/y", "/usr/y", "/y", "/dev/y", "/proc/sys/kernel/core_pattern"]) {
    const result = await exec(`cat <<EOF > ${path}\nx\nEOF`);
    assert.match(result.output, /Read-only file system|Permission denied/, path);
    const patch = `*** Begin Patch\n*** Add File: ${path}\n+x\n*** End Patch`;
    const refused = { code: path.startsWith("/proc") ? /not_found|forbidden|conflict/ : /forbidden/ };
    await assert.rejects(writeFile({ operation: "apply_patch", patch }), refused);
    await assert.rejects(writeFile({ operation: "write", path, content: "x" }), refused);
  }
  for (const [path, code] of [
    [join(secretFile, ".."), "not_found"],
    ["/root", "forbidden"],
  ] as const) {
    await assert.rejects(readFile({ operation: "glob", pattern: "*", path }), { code });
    const grep = { operation: "grep", pattern: ".", path, include: "", ignoreCase: false } as const;
    await assert.rejects(readFile(grep), { code });
  }
  // In its home a command writes into a room of its own.
  await output(`echo x > ${target} && cat ~/outside.txt`);
  assert.equal(readFileSync(target, "utf8"), "untouched");
  await output("cat <<EOF > here.txt\nhello\nEOF");
  assert.equal(readFileSync(join(workspace, "here.txt"), "utf8"), "hello\n");
});

test("TOOL-031 links lead nowhere that the cell cannot see, also while they change", async () => {
  const folder = join(workspace, "race");
  mkdirSync(join(folder, "real"), { recursive: true });
  writeFileSync(join(folder, "real/secrets.json"), "harmless");
  symlinkSync(join(secretFile, ".."), join(folder, "link"));
  assert.equal(readFileSync(join(folder, "link/secrets.json"), "utf8"), secret);
  await assert.rejects(readText("race/link/secrets.json"), { code: "not_found" });
  await assert.rejects(writeFile({ operation: "write", path: "race/link/new", content: "x" }));
  const id = await background(
    "cd race; while :; do mv -T real swap; mv -T link real; mv -T real link; mv -T swap real; done",
  );
  const seen = new Set<string>();
  for (let round = 0; round < 400; round += 1) {
    seen.add(await readText("race/real/secrets.json").catch((error: { code: string }) => error.code));
  }
  await control({ operation: "kill", processId: id });
  for (const value of seen) assert.ok(["harmless", "not_found", "invalid_request"].includes(value), value);
  assert.ok(seen.has("harmless"));
  rmSync(folder, { recursive: true });
});

test("a file tool neither waits for a fifo nor reads a device", async () => {
  await output("mkfifo fifo");
  await assert.rejects(readText("fifo"), { code: "invalid_request" });
  await assert.rejects(readText("/dev/zero"), { code: "forbidden" });
  rmSync(join(workspace, "fifo"));
});

test("sessions have a /tmp each, which their commands and file tools share", async () => {
  await output("echo mine > /tmp/note; echo home > ~/note");
  assert.deepEqual([await readText("/tmp/note"), await readText("~/note")], ["mine\n", "home\n"]);
  assert.notEqual((await exec("cat /tmp/note", { session: "other" })).exitCode, 0);
  await assert.rejects(readText("/tmp/note", { session: "other" }), { code: "not_found" });
});

test("what is not the workspace is bounded in size", async () => {
  const sizes: Readonly<Record<string, number>> = {
    "/tmp": limits.cellTmpBytes,
    [home]: limits.cellHomeBytes,
    "/dev/shm": limits.cellSharedMemoryBytes,
  };
  for (const [folder, bytes] of Object.entries(sizes)) {
    const result = await exec(
      `head -c ${bytes + 1_048_576} /dev/zero > ${folder}/big; e=$?; rm ${folder}/big; exit $e`,
      { session: "big" },
    );
    assert.match(result.output, /No space left on device/, folder);
    await output(`head -c 1000000 /dev/zero > ${folder}/small`, { session: "big" });
  }
});

test("limits hold inside and cannot be raised there", async () => {
  const shown = await output("ulimit -u; ulimit -n; ulimit -c; ulimit -f");
  assert.equal(shown, `${limits.cellProcessesMax}\n${limits.cellOpenFilesMax}\n0\n${limits.cellFileMaxBytes / 1024}\n`);
  // Memory has no limit here: all that is promised is who goes first when it runs out.
  assert.equal(await output("cat /proc/self/oom_score_adj"), "800\n");
  assert.match((await exec("ulimit -u 100000")).output, /Operation not permitted/);
});

test("a fork bomb is bounded, ends with its command, and disturbs no other session", async () => {
  const bomb = exec("bomb() { bomb | bomb & }; bomb; sleep 60", { timeoutMs: 1_500, session: "bomb" });
  assert.equal(await output("echo still here", { session: "calm" }), "still here\n");
  assert.equal((await bomb).kind, "timed_out");
  assert.equal(await output("echo recovered", { session: "bomb" }), "recovered\n");
});

test("grep with a pattern made to backtrack for ever comes to an end", async () => {
  writeFileSync(join(workspace, "long"), `${"a".repeat(40)}!`);
  const found = await readFile({ operation: "grep", pattern: "(a+)+$", path: "long", include: "", ignoreCase: false });
  assert.deepEqual(found, { kind: "matches", lines: [], truncated: false });
});

async function listen(
  where: { readonly port: number; readonly host: string } | { readonly path: string },
): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(where, resolve));
  return server;
}

async function canConnect(
  where: { readonly port: number; readonly host: string } | { readonly path: string },
): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(where, () => resolve(true)).on("error", () => resolve(false));
    socket.unref();
  });
}
