// What a cell is given beside its workspace: folders of the host, as guides write them for containers. What they may never
// name stands here; where their links lead is looked at again before each start of a cell.
import { normalize } from "node:path";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import type { Config } from "../schema/schema.ts";

export type Bind = { readonly source: string; readonly target: string; readonly access: "ro" | "rw" };

type Problem = { readonly path: readonly (string | number)[]; readonly message: string };

/** These, and for some of them also what lies in them, would hand a cell the host. */
const closed = [
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
];
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
const ownFolders = ["/", "/tmp", "/opt", "/opt/lorica"];

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
  if (closed.includes(path) || closedWhole.some((name) => isWithin(path, name)))
    return `${path} would open the host to commands`;
  if (
    /(^|[/.-])(docker|podman|containerd|crio|dbus|systemd|ssh-agent)[^/]*\.sock/.test(path) ||
    path.endsWith("/docker.sock")
  )
    return `${path} is a socket of the container's master, or of another program that obeys`;
  return undefined;
}

export function refusedTarget(path: string): string | undefined {
  if (ownFolders.includes(path) || ownPlaces.some((name) => isWithin(path, name)) || isWithin(path, "/opt/lorica"))
    return `nothing can be put at ${path}: the cell has its own there`;
  return undefined;
}

export function cellProblems({ agents }: Config): readonly Problem[] {
  const owners: readonly (readonly [
    Problem["path"],
    { readonly binds?: unknown; readonly tmpfs?: unknown } | undefined,
  ])[] = [
    [["agents", "defaults"], agents.defaults.sandbox.docker],
    ...agents.list.map((agent, at) => [["agents", "list", at], agent.sandbox?.docker] as const),
  ];
  return owners.flatMap(([path, docker]) => {
    const at = (name: string, index: number): Problem["path"] => [...path, "sandbox", "docker", name, index];
    const binds = textsOf(docker?.binds).flatMap((text, index) => {
      const bind = parseBind(text);
      return bind.ok ? [] : [{ path: at("binds", index), message: bind.reason }];
    });
    const folders = textsOf(docker?.tmpfs).flatMap((folder, index) => {
      const reason = normalize(folder) === folder ? refusedTarget(folder) : `${folder} is not a plain path`;
      return reason === undefined ? [] : [{ path: at("tmpfs", index), message: reason }];
    });
    return [...binds, ...folders];
  });
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
