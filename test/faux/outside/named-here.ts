// A name that is this machine's for some programs only: a file of hosts of their own, in a mount namespace of their own,
// with the rights of the same user. What starts in it is what it is elsewhere.
import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const enter = `
import ctypes, os, sys
hosts, *line = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
bind, ambient, clear = 4096, 47, 4
if libc.mount(hosts.encode(), b"/etc/hosts", None, bind, None) != 0:
    sys.exit("no hosts of its own: " + os.strerror(ctypes.get_errno()))
libc.prctl(ambient, clear, 0, 0, 0)
os.execv(line[0], line)
`;

/** What to start programs under, so that these names lead to this machine. */
export function namedHere(folder: string, ...names: readonly string[]): readonly string[] {
  const hosts = join(folder, "hosts");
  writeFileSync(hosts, ["localhost", ...names].map((name) => `127.0.0.1 ${name}\n`).join(""));
  chmodSync(hosts, 0o644);
  return ["unshare", "--user", "--map-current-user", "--mount", "--keep-caps", "python3", "-c", enter, hosts];
}

/** Why it cannot be had on this machine; undefined where it can. */
export function whyNotNamedHere(): string | undefined {
  const { status, stderr } = spawnSync("unshare", ["--user", "--map-current-user", "--mount", "--keep-caps", "true"], {
    encoding: "utf8",
  });
  return status === 0 ? undefined : `UNKNOWN: no mount namespace of one's own here (${stderr.trim()})`;
}
