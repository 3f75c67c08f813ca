// What this machine can do, asked of the machine and not of the product: where we broke the sandbox its tests must fail,
// and only where no program could have one may they be skipped.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const packages: Readonly<Record<string, string>> = {
  bubblewrap: "bwrap",
  git: "git",
  python3: "python3",
  make: "make",
};
const nobody = { uid: 65_534, gid: 65_534 };

/** Whether this is the copy that `./lorica` makes for root: compiled already, and out of its user's reach. */
export const isInstalledCopy = existsSync(resolve(import.meta.dirname, "../../../compiled"));

/** Why tests that run real commands in real cells cannot run here; undefined where they can. */
export function whyNoSandbox(): string | undefined {
  const missing = Object.entries(packages).filter(([, program]) => !succeeds("sh", ["-c", `command -v ${program}`]));
  if (missing.length > 0) return `not installed: ${missing.map(([name]) => name).join(" ")}`;
  // A room in a room, which is all that the kernel has to allow.
  const outer = ["--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "bwrap"];
  const inner = [
    "--unshare-user",
    "--unshare-pid",
    "--disable-userns",
    "--ro-bind",
    "/",
    "/",
    "--proc",
    "/proc",
    "true",
  ];
  return succeeds("bwrap", [...outer, ...inner]) ? undefined : "bubblewrap cannot nest two sandboxes on this machine";
}

function succeeds(program: string, words: readonly string[]): boolean {
  const user = process.getuid?.() === 0 ? nobody : {};
  return spawnSync(program, words, { stdio: "ignore", cwd: "/", ...user }).status === 0;
}
