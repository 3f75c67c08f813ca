// What the gateway process can see: the program, Node, the system's libraries, and the folders whose one writer it is.
// The mounts are an allow-list, so credentials, config, the owner's socket, logs and workspaces are simply not there.
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { LoricaError } from "../../base/errors.ts";
import { limits, nodeEnvironment } from "../../base/limits.ts";
import { isWithin, maskableProc, systemNames } from "../../sandbox/sandbox.ts";

export type GatewayFolders = {
  /** Where the program lies: `lorica.mjs`, `src`, `plugins`, `node_modules`, the built page. */
  readonly code: string;
  /** The Node binary. */
  readonly node: string;
  /** Bound read-only, besides the program and Node. */
  readonly readable?: readonly string[];
  /** Bound writable; each exists. */
  readonly writable: readonly string[];
  /** What must not be visible inside, whatever lies where. */
  readonly hidden: readonly string[];
};

/** Of the program's folder only this is bound: a checkout may hold anything else, a `.env` for example. */
const programParts = ["lorica.mjs", "package.json", "src", "plugins", "web/dist", "node_modules"];
const libraries = ["/usr/lib", "/usr/lib64", "/usr/lib32"];

export function gatewayProfile(folders: GatewayFolders): readonly string[] {
  const program = programParts.map((part) => join(folders.code, part)).filter(existsSync);
  // A package folder may itself be a link to where the packages really are.
  const targets = program.map((path) => realpathSync(path)).filter((path) => !program.includes(path));
  const node = realpathSync(folders.node);
  const readable = [...program, ...targets, node, ...(folders.readable ?? [])];
  // Found out by bubblewrap, this would look as if it could not confine anything here.
  const missing = folders.writable.find((path) => !existsSync(path));
  if (missing !== undefined)
    throw new LoricaError("internal", `the folder ${missing} is missing; start again to make it`);
  checkHidden([...readable, ...folders.writable], folders.hidden);
  const options: readonly (readonly string[])[] = [
    ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"],
    ["--cap-drop", "ALL"],
    ["--clearenv"],
    // The one thing of the host that a process cannot do without: what time its owner thinks it is.
    ["--setenv", "TZ", Intl.DateTimeFormat().resolvedOptions().timeZone],
    ...Object.entries(nodeEnvironment).map(([name, value]) => ["--setenv", name, value]),
    ["--hostname", "gateway"],
    ["--size", String(limits.gatewayTmpBytes), "--tmpfs", "/tmp"],
    ...libraries.filter(existsSync).map((path) => ["--ro-bind", path, path]),
    ...systemNames.map(bindSystemName),
    ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"],
    ["--proc", "/proc"],
    ...maskableProc
      .filter((name) => existsSync(`/proc/${name}`))
      .map((name) => ["--ro-bind", "/dev/null", `/proc/${name}`]),
    ["--remount-ro", "/proc"],
    ["--dev", "/dev", "--remount-ro", "/dev"],
    ...readable.map((path) => ["--ro-bind", path, path]),
    ...folders.writable.map((path) => ["--bind", path, path]),
    ["--chdir", folders.code],
    // Last, because every mount point above had to be made in it first.
    ["--remount-ro", "/"],
  ];
  return options.flat();
}

/** `/lib` and its like are links into /usr on most systems; programs as such (`/bin`, `/sbin`) have no place here. */
function bindSystemName(path: string): readonly string[] {
  if (!path.startsWith("/lib") || !existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
}

function checkHidden(bound: readonly string[], hidden: readonly string[]): void {
  for (const secret of hidden) {
    const shown = bound.find((path) => isWithin(secret, path));
    if (shown === undefined) continue;
    throw new LoricaError(
      "config_invalid",
      `${secret} lies inside of ${shown}, which the gateway process can read; move the state directory (OPENCLAW_STATE_DIR) out of it`,
    );
  }
}
