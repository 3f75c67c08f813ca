import assert from "node:assert/strict";
import { test } from "node:test";
import { commandProfile, homeOf, innerArguments, limitArguments, outerArguments } from "../../src/sandbox/profile.ts";
import type { CellHost, CellOptions } from "../../src/sandbox/profile.ts";

const host: CellHost = {
  node: "/srv/lorica/node",
  codeDir: "/srv/lorica/cell",
  compileCacheDir: "/home/ada/.openclaw/cache/cell-code",
  etcDir: "/home/ada/.openclaw/cache/cell-etc",
  systemLinks: new Map([["/bin", "usr/bin"]]),
  maskedProc: ["keys", "kallsyms"],
  home: "/home/ada",
};
const workspace = "/home/ada/.openclaw/workspace";
const options: CellOptions = { host, profile: commandProfile, settings: { workspace, access: "rw" } };

test("SBX-002 the workspace stands at its own path, in the outer room and in every inner one", () => {
  for (const list of [outerArguments(options), innerArguments(options, "command"), innerArguments(options, "files")]) {
    assert.ok(pairs(list, "--bind").includes(`${workspace} ${workspace}`));
  }
});

test("a read-only workspace is bound read-only, and an agent without one gets an empty folder there", () => {
  const readOnly: CellOptions = { ...options, settings: { workspace, access: "ro" } };
  for (const list of [outerArguments(readOnly), innerArguments(readOnly, "command")]) {
    assert.ok(pairs(list, "--ro-bind").includes(`${workspace} ${workspace}`));
    assert.ok(!pairs(list, "--bind").includes(`${workspace} ${workspace}`));
  }
  const none = outerArguments({ ...options, settings: { workspace, access: "none" } });
  assert.ok(values(none, "--tmpfs").includes(workspace));
  assert.ok(!none.join(" ").includes(`--bind ${workspace}`));
});

test("nothing of the host is writable but the workspace", () => {
  assert.deepEqual(pairs(outerArguments(options), "--bind"), [`${workspace} ${workspace}`]);
});

test("the host's binds are the allow-list and nothing more", () => {
  const sources = [...pairs(outerArguments(options), "--ro-bind"), ...pairs(outerArguments(options), "--ro-bind-try")];
  assert.deepEqual(
    sources.map((pair) => pair.split(" ")[0]).filter((path) => !commandProfile.etc.includes(path ?? "")),
    [
      "/usr",
      ...["passwd", "group", "hosts", "nsswitch.conf"].map((name) => `${host.etcDir}/${name}`),
      host.node,
      host.codeDir,
      host.compileCacheDir,
      "/lib",
      "/lib32",
      "/lib64",
      "/libx32",
      "/sbin",
    ],
  );
});

test("every tmpfs has a size", () => {
  for (const list of [outerArguments(options), innerArguments(options, "command")]) {
    list.forEach((option, index) => {
      if (option === "--tmpfs") assert.equal(list[index - 2], "--size", `${list[index + 1]} has no bound`);
    });
  }
});

test("what has no size of its own is closed for writing at the end", () => {
  for (const list of [outerArguments(options), innerArguments(options, "command")]) {
    assert.deepEqual(
      values(list, "--remount-ro").filter((path) => path !== "/proc"),
      ["/dev", "/"],
    );
  }
});

test("a command's room: no capability, no nested namespace, /proc masked and closed, dies with its parent", () => {
  const list = innerArguments(options, "command");
  for (const option of ["--disable-userns", "--die-with-parent", "--new-session", "--unshare-pid", "--clearenv"]) {
    assert.ok(list.includes(option), option);
  }
  assert.deepEqual(values(list, "--cap-drop"), ["ALL"]);
  assert.ok(pairs(list, "--ro-bind").includes("/dev/null /proc/keys"));
  assert.ok(list.indexOf("/proc/keys") < list.indexOf("--remount-ro"), "masked before it is closed");
});

test("a command sees neither the supervisor's scratch nor the cell's own programs", () => {
  const text = innerArguments(options, "command").join(" ");
  assert.doesNotMatch(text, /\/run\/lorica|\/opt\/lorica\/(cell|cache)/);
});

test("TOOL-017 a command's environment is this list", () => {
  assert.deepEqual(pairs(innerArguments(options, "command"), "--setenv"), [
    "PATH /usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/lorica/bin",
    "LANG C.UTF-8",
    "SHELL /bin/bash",
    "USER lorica",
    "LOGNAME lorica",
    "TMPDIR /tmp",
    "TERM dumb",
    "EMAIL lorica@cell.invalid",
    "PAGER cat",
    "GIT_TERMINAL_PROMPT 0",
    "HOME /home/ada",
  ]);
});

test("the network is never the host's", () => {
  assert.ok(outerArguments(options).includes("--unshare-all"));
  for (const list of [outerArguments(options), innerArguments(options, "command"), innerArguments(options, "files")]) {
    assert.ok(!list.includes("--share-net"));
  }
});

test("a home in a system folder, or none, becomes /tmp", () => {
  for (const home of ["/", "", "/usr/share/lorica", "/proc/x"]) assert.equal(homeOf({ home }), "/tmp");
  assert.equal(homeOf({ home: "/var/lib/lorica" }), "/var/lib/lorica");
});

test("the limits of a cell", () => {
  assert.deepEqual(limitArguments({}), [
    "/usr/bin/prlimit",
    "--nproc=512",
    "--nofile=1024",
    "--fsize=2147483648",
    "--core=0",
    "--",
  ]);
});

function pairs(list: readonly string[], option: string): readonly string[] {
  return list.flatMap((item, index) => (item === option ? [`${list[index + 1]} ${list[index + 2]}`] : []));
}

function values(list: readonly string[], option: string): readonly string[] {
  return list.flatMap((item, index) => (item === option ? [list[index + 1] ?? ""] : []));
}
