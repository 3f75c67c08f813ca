// What a cell can see and do, as bubblewrap's options. Mounts are an allow-list: what is not named here is not there, so
// nothing has to be masked. Profiles are data; another kind of room (a browser's) is another object.
import { sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import { channelVariables, inside, proxyVariables } from "./place/inside.ts";
import type { CellSettings } from "./sandbox.ts";

export { inside } from "./place/inside.ts";

/** What the launcher found out about this host, or wrote for its cells. */
export type CellHost = {
  readonly node: string;
  /** The cell's own programs, and the compile cache that spares them the type stripper. Never written from inside. */
  readonly codeDir: string;
  readonly compileCacheDir: string;
  /** `passwd`, `group`, `hosts` and `nsswitch.conf` made for cells: the host's own name its users and services. */
  readonly etcDir: string;
  /** Top-level names that are links on this host, as `/bin` → `usr/bin`; the others are bound where they exist. */
  readonly systemLinks: ReadonlyMap<string, string>;
  /** Which of `maskableProc` this kernel has: nothing can be bound over a name that is not there. */
  readonly maskedProc: readonly string[];
  /** The user's home. Inside it is an empty one, so that `~` means the same path and holds nothing. */
  readonly home: string;
};

export type CellProfile = {
  readonly tmpBytes: number;
  readonly homeBytes: number;
  readonly sharedMemoryBytes: number;
  /** Files and folders of /etc that programs cannot do without. */
  readonly etc: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

export const commandProfile: CellProfile = {
  tmpBytes: limits.cellTmpBytes,
  homeBytes: limits.cellHomeBytes,
  sharedMemoryBytes: limits.cellSharedMemoryBytes,
  etc: [
    "/etc/alternatives",
    "/etc/crypto-policies",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/timezone",
  ],
  environment: {
    PATH: "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/lorica/bin",
    LANG: "C.UTF-8",
    SHELL: "/bin/bash",
    USER: "lorica",
    LOGNAME: "lorica",
    TMPDIR: "/tmp",
    TERM: "dumb",
    // git takes its author from here only where neither the repository nor the user names one.
    EMAIL: "lorica@cell.invalid",
    PAGER: "cat",
    GIT_TERMINAL_PROMPT: "0",
  },
};

/** Places that no workspace can be, or hold: binding one would hand the host to the cell. */
export const systemFolders = ["/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/run", "/sbin", "/sys", "/usr"];

export const systemNames = ["/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"];

/** Host facts that every process could learn from /proc; what is bound over them cannot be read. */
export const maskableProc = [
  "cmdline",
  "config.gz",
  "kallsyms",
  "kcore",
  "keys",
  "key-users",
  "kpagecount",
  "kpageflags",
  "timer_list",
];

export type CellOptions = {
  readonly host: CellHost;
  readonly profile: CellProfile;
  readonly settings: CellSettings;
  /** On the host: what becomes `inside.trust`. */
  readonly trustFile?: string | undefined;
};

/** The outer room, one for each session: it owns every namespace and runs the supervisor. */
export function outerArguments({ host, profile, settings, trustFile }: CellOptions): readonly string[] {
  return [
    "--unshare-all",
    "--unshare-user",
    lifeAndRights,
    ["--hostname", "cell"],
    environmentOptions({ NODE_COMPILE_CACHE: inside.compileCache, ...channelVariables(settings) }),
    systemMounts(host),
    trustFile === undefined ? [] : ["--ro-bind", trustFile, inside.trust],
    profile.etc.flatMap((path) => ["--ro-bind-try", path, path]),
    ["passwd", "group", "hosts", "nsswitch.conf"].flatMap((name) => [
      "--ro-bind",
      `${host.etcDir}/${name}`,
      `/etc/${name}`,
    ]),
    // Whole and unmasked: the kernel lets a nested room mount a /proc of its own only under one that hides nothing.
    ["--proc", "/proc"],
    deviceMounts(profile),
    ["--perms", "1777", "--size", String(profile.tmpBytes), "--tmpfs", "/tmp"],
    homeMount(host, profile),
    ["--perms", "0700", "--size", String(limits.cellPrivateBytes), "--tmpfs", inside.private],
    ["--ro-bind", host.node, inside.node],
    ["--ro-bind", host.codeDir, inside.code],
    ["--ro-bind", host.compileCacheDir, inside.compileCache],
    workspaceMount(settings, profile),
    (settings.binds ?? []).flatMap(({ source, target, access }) => [bindOption(access), source, target]),
    (settings.folders ?? []).flatMap((path) => ["--size", String(limits.cellFolderBytes), "--tmpfs", path]),
    ["--remount-ro", "/"],
    ["--chdir", "/"],
  ].flat();
}

/** The inner room: one for each command, with a filter and nothing of its surroundings, and one for the file worker. */
export function innerArguments(
  { host, profile, settings, trustFile }: CellOptions,
  role: "command" | "files",
): readonly string[] {
  const home = homeOf(host);
  return [
    // The network namespace is the outer one: a server that one command starts answers the next, and nobody else.
    ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
    "--disable-userns",
    lifeAndRights,
    environmentOptions(
      role === "command"
        ? { ...profile.environment, ...proxyVariables(settings, trustFile), ...settings.environment, HOME: home }
        : { NODE_COMPILE_CACHE: inside.compileCache },
    ),
    systemMounts(host),
    ["--ro-bind", "/etc", "/etc"],
    ["--proc", "/proc"],
    host.maskedProc.flatMap((name) => ["--ro-bind", "/dev/null", `/proc/${name}`]),
    ["--remount-ro", "/proc"],
    deviceMounts(profile),
    ["--bind", "/tmp", "/tmp"],
    home === "/tmp" ? [] : ["--bind", home, home],
    ["--ro-bind", inside.node, inside.node],
    role === "command"
      ? []
      : ["--ro-bind", inside.code, inside.code, "--ro-bind", inside.compileCache, inside.compileCache],
    [settings.access === "ro" ? "--ro-bind" : "--bind", settings.workspace, settings.workspace],
    instructionMounts(settings),
    (settings.binds ?? []).flatMap(({ target, access }) => [bindOption(access), target, target]),
    (settings.folders ?? []).flatMap((path) => ["--bind", path, path]),
    ["--remount-ro", "/"],
    ["--chdir", settings.workspace],
  ].flat();
}

/** Warms the compile cache: the same paths as in a cell, and the one room in which that cache can be written. */
export function warmArguments(host: CellHost): readonly string[] {
  return [
    "--unshare-all",
    "--unshare-user",
    lifeAndRights,
    environmentOptions({ NODE_COMPILE_CACHE: inside.compileCache }),
    systemMounts(host),
    ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"],
    ["--proc", "/proc", "--dev", "/dev"],
    ["--ro-bind", host.node, inside.node],
    ["--ro-bind", host.codeDir, inside.code],
    ["--bind", host.compileCacheDir, inside.compileCache],
    ["--remount-ro", "/"],
    ["--chdir", "/"],
  ].flat();
}

/**
 * One list for all programs of a cell: V8 discards a compile cache that was made under other flags. A search pattern that
 * would backtrack for ever is finished by the linear matcher instead, where that can do it.
 */
export const nodeFlags: readonly string[] = [
  "--disable-sigusr1",
  "--enable-experimental-regexp-engine-on-excessive-backtracks",
  "--max-old-space-size=192",
  "--max-semi-space-size=1",
];

/** Limits of the supervisor, which everything in the cell inherits: they hold for one session taken together. */
export function limitArguments({ bounds }: Pick<CellSettings, "bounds">): readonly string[] {
  const processes = bounds?.processes;
  return [
    "/usr/bin/prlimit",
    `--nproc=${processes === undefined ? limits.cellProcessesMax : processes + limits.cellOwnProcessesMax}`,
    `--nofile=${limits.cellOpenFilesMax}`,
    `--fsize=${limits.cellFileMaxBytes}`,
    "--core=0",
    "--",
  ].flat();
}

/**
 * What a cell is, in one word. Everything that its commands could tell apart is in it, in the order in which it takes
 * effect, so that no two profiles have the same.
 */
export function profileDigest(options: CellOptions): string {
  const { settings } = options;
  const rooms = [outerArguments(options), innerArguments(options, "command"), innerArguments(options, "files")];
  return sha256(JSON.stringify([...rooms, limitArguments(settings), settings.bounds ?? {}, settings.filter ?? "full"]));
}

/** A home that the cell can have; one inside a system folder cannot be mounted over. */
export function homeOf(host: Pick<CellHost, "home">): string {
  const usable =
    host.home.startsWith("/") && host.home !== "/" && !systemFolders.some((path) => isWithin(host.home, path));
  return usable ? host.home : "/tmp";
}

/** Where file tools work beside the workspace: what is the cell's own, and what its owner has put into it. */
export function fileRoots({ host, settings }: Pick<CellOptions, "host" | "settings">): readonly string[] {
  return ["/tmp", homeOf(host), ...(settings.binds ?? []).map(({ target }) => target), ...(settings.folders ?? [])];
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

const lifeAndRights = ["--die-with-parent", "--new-session", "--cap-drop", "ALL"];

function environmentOptions(environment: Readonly<Record<string, string>>): readonly string[] {
  return ["--clearenv", ...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value])];
}

function systemMounts(host: CellHost): readonly string[] {
  return [
    ["--ro-bind", "/usr", "/usr"],
    systemNames.flatMap((path) => {
      const target = host.systemLinks.get(path);
      return target === undefined ? ["--ro-bind-try", path, path] : ["--symlink", target, path];
    }),
  ].flat();
}

function bindOption(access: "ro" | "rw"): string {
  return access === "rw" ? "--bind" : "--ro-bind";
}

/**
 * What the model is told to follow is not the model's to write. Each room looks for itself which of them are there; what a
 * command makes anew under such a name is seen from outside, by whoever watches the workspace.
 */
function instructionMounts({ access, locked = [], workspace }: CellSettings): readonly string[] {
  if (access !== "rw") return [];
  return locked.flatMap((name) => {
    const path = `${workspace}/${name}`;
    return ["--ro-bind-try", path, path];
  });
}

/** bwrap's /dev is a tmpfs without a bound, so it is closed and only /dev/shm, which has one, stays open. */
function deviceMounts(profile: CellProfile): readonly string[] {
  const size = String(profile.sharedMemoryBytes);
  return ["--dev", "/dev", "--perms", "1777", "--size", size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"];
}

function homeMount(host: CellHost, profile: CellProfile): readonly string[] {
  const home = homeOf(host);
  return home === "/tmp" ? [] : ["--perms", "0700", "--size", String(profile.homeBytes), "--tmpfs", home];
}

/** At its own path, so that what a person calls a file and what the model calls it are the same name. */
function workspaceMount(settings: CellSettings, profile: CellProfile): readonly string[] {
  const path = settings.workspace;
  if (settings.access === "none") return ["--size", String(profile.tmpBytes), "--tmpfs", path];
  return [settings.access === "ro" ? "--ro-bind" : "--bind", path, path];
}
