// The cell that a hook runs in: its scripts and the workspace, both closed for writing, a /tmp of its own and the system's
// programs. It has no network, no key and no home, and it lives for one answer.
import {
  buildSeccompFilter,
  commandProfile,
  homeOf,
  inside,
  isWithin,
  limitArguments,
  maskableProc,
  systemNames,
} from "../sandbox/sandbox.ts";
import { limits } from "../base/limits.ts";

/** What is known of this host. */
export type RoomHost = {
  readonly node: string;
  readonly home: string;
  /** `passwd`, `group`, `hosts` and `nsswitch.conf` as every cell sees them. */
  readonly etcDir: string;
  /** Top-level names that are links here, as `/bin` → `usr/bin`. */
  readonly systemLinks: ReadonlyMap<string, string>;
  readonly hasProc: (name: string) => boolean;
};

export type Room = {
  readonly profile: readonly string[];
  readonly argv: readonly string[];
  /** Descriptor 3. */
  readonly filter: Uint8Array;
};

export type RoomContent = {
  readonly command: string;
  readonly folders: readonly string[];
  /** Undefined where the agent has none that may be shown. */
  readonly workspace: string | undefined;
  readonly stateDir: string;
};

export function hookRoom(host: RoomHost, content: RoomContent): Room {
  const home = homeOf(host);
  const { workspace, folders, stateDir } = content;
  const environment = {
    ...commandProfile.environment,
    HOME: home,
    OPENCLAW_STATE_DIR: stateDir,
    CLAUDE_PROJECT_DIR: workspace ?? "/tmp",
  };
  const tmpfs = (path: string, mode: string): readonly string[] => [
    "--perms",
    mode,
    "--size",
    String(limits.hookTmpBytes),
    "--tmpfs",
    path,
  ];
  const profile = [
    ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL"],
    ["--hostname", "hook", "--clearenv"],
    Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]),
    ["--ro-bind", "/usr", "/usr"],
    systemNames.flatMap((path) => {
      const target = host.systemLinks.get(path);
      return target === undefined ? ["--ro-bind-try", path, path] : ["--symlink", target, path];
    }),
    commandProfile.etc.flatMap((path) => ["--ro-bind-try", path, path]),
    ["passwd", "group", "hosts", "nsswitch.conf"].flatMap((name) => [
      "--ro-bind",
      `${host.etcDir}/${name}`,
      `/etc/${name}`,
    ]),
    ["--proc", "/proc"],
    maskableProc.filter(host.hasProc).flatMap((name) => ["--ro-bind", "/dev/null", `/proc/${name}`]),
    ["--remount-ro", "/proc", "--dev", "/dev", "--remount-ro", "/dev"],
    tmpfs("/tmp", "1777"),
    home === "/tmp" ? [] : tmpfs(home, "0700"),
    ["--ro-bind", host.node, inside.node],
    workspace === undefined ? [] : ["--ro-bind", workspace, workspace],
    folders.toSorted((a, b) => a.length - b.length).flatMap((path) => ["--ro-bind", path, path]),
    home === "/tmp" || isWithin("/tmp", home) ? [] : ["--remount-ro", home],
    // Not in the workspace: there python, git and others take code and settings from where they stand, and an agent writes
    // there. A script that wants the workspace is told where it is.
    ["--remount-ro", "/", "--chdir", folders[0] ?? "/tmp", "--seccomp", "3"],
  ].flat();
  const argv = [...limitArguments({}), "/bin/bash", "-c", content.command];
  return { profile, argv, filter: buildSeccompFilter(process.arch) };
}
