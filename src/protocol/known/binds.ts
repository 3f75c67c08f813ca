// Folders of the host inside a cell, as guides write them for containers, and what they may never name.
import { normalize } from "node:path";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";

export type Bind = { readonly source: string; readonly target: string; readonly access: "ro" | "rw" };

/** These, and for some of them also what lies in them, would hand a cell the host. */
const closed = new Set([
  "/",
  "/home",
  "/Users",
  "/root",
  "/var",
  "/opt",
  "/srv",
  "/mnt",
  "/media",
  "/tmp",
  "/var/lib",
  "/var/log",
]);
const closedWhole = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib64",
  "/proc",
  "/run",
  "/sbin",
  "/sys",
  "/usr",
  "/var/run",
];

/** Where a cell has folders of its own; what is put over them would change what its programs are. */
const ownPlaces = [
  "/bin",
  "/dev",
  "/etc",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/proc",
  "/run",
  "/sbin",
  "/sys",
  "/usr",
];
const ownFolders = new Set(["/", "/tmp", "/opt", "/opt/lorica"]);

export function parseBind(text: string): Parsed<Bind> {
  const [source = "", target = source, access = "ro", ...more] = text.split(":");
  if (more.length > 0 || (access !== "ro" && access !== "rw"))
    return rejected(`${text}: after the paths comes ro or rw`);
  for (const path of [source, target]) {
    if (!path.startsWith("/")) return rejected(`${text}: both paths are absolute`);
    if (normalize(path) !== path || (path !== "/" && path.endsWith("/")))
      return rejected(`${path} is not a plain path`);
  }
  const reason = refusedSource(source) ?? refusedTarget(target);
  return reason === undefined ? parsed({ source, target, access }) : rejected(reason);
}

/** Also asked of what a link turned out to lead to. */
export function refusedSource(path: string): string | undefined {
  if (closed.has(path) || closedWhole.some((name) => isWithin(path, name)))
    return `${path} would open the host to commands`;
  if (
    /(^|[/.-])(docker|podman|containerd|crio|dbus|systemd|ssh-agent)[^/]*\.sock/.test(path) ||
    path.endsWith("/docker.sock")
  )
    return `${path} is a socket of the container's master, or of another program that obeys`;
  return undefined;
}

export function refusedTarget(path: string): string | undefined {
  if (ownFolders.has(path) || ownPlaces.some((name) => isWithin(path, name)) || isWithin(path, "/opt/lorica"))
    return `nothing can be put at ${path}: the cell has its own there`;
  return undefined;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
