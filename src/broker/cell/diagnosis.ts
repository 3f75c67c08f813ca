// Why there is no sandbox on this host, and the command that brings it.
import { existsSync, readFileSync } from "node:fs";

export type Diagnosis = { readonly reason: string; readonly fix: string };

const needed = [
  { path: "/bin/bash", package: "bash" },
  { path: "/usr/bin/prlimit", package: "util-linux" },
  { path: "/usr/bin/perl", package: "perl-base" },
];

export function missingPrograms(bwrap: string | undefined): Diagnosis | undefined {
  if (process.platform !== "linux")
    return { reason: `there is no sandbox for ${process.platform} yet`, fix: "run lorica on Linux" };
  if (process.getuid?.() === 0)
    return { reason: "lorica runs as root, and a sandbox of root's is none", fix: "start it as an ordinary user" };
  if (bwrap === undefined) return { reason: "bubblewrap is not installed", fix: "sudo apt-get install bubblewrap" };
  const lack = needed.find(({ path }) => !existsSync(path));
  if (lack === undefined) return undefined;
  return { reason: `${lack.path} is missing`, fix: `sudo apt-get install ${lack.package}` };
}

/** Settings of the kernel that keep an ordinary user from making namespaces, and how each is changed. */
const switches = [
  {
    path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    forbids: "1",
    fix: "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (and in /etc/sysctl.d to keep it), or an AppArmor profile that lets /usr/bin/bwrap use userns",
  },
  {
    path: "/proc/sys/kernel/unprivileged_userns_clone",
    forbids: "0",
    fix: "sudo sysctl -w kernel.unprivileged_userns_clone=1 (and in /etc/sysctl.d to keep it)",
  },
  {
    path: "/proc/sys/user/max_user_namespaces",
    forbids: "0",
    fix: "sudo sysctl -w user.max_user_namespaces=15000 (and in /etc/sysctl.d to keep it)",
  },
];

export function explainFailure(complaint: string, read: (path: string) => string | undefined = readSetting): Diagnosis {
  const blocked = switches.find(({ path, forbids }) => read(path) === forbids);
  if (blocked !== undefined)
    return {
      reason: `this system does not let ordinary users make namespaces (${blocked.path}): ${complaint}`,
      fix: blocked.fix,
    };
  if (complaint.includes("mount proc"))
    return {
      reason: `the container that lorica runs in hides parts of /proc, so no sandbox can have a /proc of its own: ${complaint}`,
      fix: "start the container with --security-opt systempaths=unconfined and a seccomp profile that permits user namespaces",
    };
  if (/namespace|uid map|No permissions/.test(complaint))
    return {
      reason: `user namespaces cannot be made here: ${complaint}`,
      fix: "allow unprivileged user namespaces; in a container that takes a seccomp profile that permits them",
    };
  return { reason: complaint, fix: "lorica doctor shows what is wrong; lorica gateway restart tries again" };
}

function readSetting(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}
