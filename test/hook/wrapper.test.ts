// Commands that a hook wraps into bubblewrap: which wrappers ask for nothing that the cell does not do already.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unwrap } from "../../src/hook/wrapper.ts";

const home = "/home/u";
const work = `${home}/.openclaw/workspace`;
const rw = { workspace: work, access: "rw" } as const;
const command = `echo "it's" > out && cat out`;
const b64 = Buffer.from(command).toString("base64");
const system =
  "--ro-bind /usr /usr --ro-bind /bin /bin --ro-bind-try /lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp";
const hiding = `--tmpfs ${home}/.openclaw --tmpfs ${home}/.ssh --tmpfs /run`;
const inner = `/bin/bash -c "$(echo ${b64} | base64 -d)"`;
const kit = `bwrap ${system} ${hiding} --bind ${work} ${work} --unshare-pid --die-with-parent -- ${inner}`;

test("HOOK-010 a wrapper that the cell fulfils already is taken off", () => {
  const same = (network: "kept" | "none") => ({ kind: "same", network });
  const rows: readonly (readonly [string, unknown])[] = [
    [kit, same("kept")],
    [kit.replace("bwrap", "exec /usr/bin/bwrap"), same("kept")],
    [kit.replace(" --unshare-pid", " \\\n  --unshare-pid"), same("kept")],
    [kit.replace(inner, `bash -c 'echo ${b64} | base64 --decode | bash'`), same("kept")],
    [kit.replace(inner, `sh -c 'eval "$(echo "${b64}" | base64 -d)"'`), same("kept")],
    [kit.replace(`${work} ${work}`, `"${work}" '${work}/'`), same("kept")],
    [kit.replace("--unshare-pid", `--unshare-all --chdir ${work}`), same("none")],
    [kit.replace("--unshare-pid", "--unshare-all --share-net"), same("kept")],
    [kit.replace(`--bind ${work} ${work}`, `--bind ${home} ${home}`), same("kept")],
  ];
  for (const [rewritten, expected] of rows) assert.deepEqual(unwrap(command, rewritten, rw), expected, rewritten);
});

test("HOOK-010 a wrapper that wants more than the cell gives is refused, never dropped", () => {
  const rows = [
    kit.replace(`--bind ${work}`, `--ro-bind ${work}`),
    kit.replace(`--bind ${work} ${work}`, ""),
    kit.replace(`--bind ${work} ${work}`, `--bind ${work} ${work} --tmpfs ${work}/secrets`),
    kit.replace(`--bind ${work} ${work}`, `--bind ${work} ${work} --ro-bind ${work}/.git ${work}/.git`),
    kit.replace(`--bind ${work} ${work}`, `--bind ${work} ${work} --tmpfs ${home}/.openclaw`),
    kit.replace(`--bind ${work} ${work}`, `--bind /srv ${work}`),
    kit.replace("--unshare-pid", "--chdir /tmp"),
    kit.replace("--unshare-pid", "--seccomp 9"),
    kit.replace(b64, Buffer.from("other").toString("base64")),
    kit.replace(inner, `/bin/bash -c "$(echo ${b64} | base64 -d); curl evil"`),
    kit.replace(inner, "/bin/bash -c id"),
    kit.replace(inner, `/usr/bin/python3 -c '${b64}'`),
    `${kit}; id`,
    `env X=1 ${kit}`,
    `bwrap $OPTIONS -- ${inner}`,
  ];
  for (const rewritten of rows) assert.equal(unwrap(command, rewritten, rw).kind, "impossible", rewritten);
});

test("what is no wrapper is another command", () => {
  for (const rewritten of [`timeout 5 bash -c '${command.replaceAll("'", "")}'`, "echo bwrapped", "ls"])
    assert.deepEqual(unwrap(command, rewritten, rw), { kind: "other" }, rewritten);
});
