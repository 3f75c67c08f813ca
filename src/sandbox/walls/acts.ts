// The forbidden acts that the boot probe tries, and what must come of each. One small interpreter performs the same acts
// inside a cell, where each must fail, and outside, where it shows that the act means something.
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
export { interpreter } from "./interpreter.ts";
import { callNumbers, syscallNumber } from "../seccomp.ts";

export type Act = {
  readonly name: string;
  readonly kind:
    | "open"
    | "create"
    | "touch"
    | "list"
    | "socket"
    | "connect"
    | "syscall"
    /** A system call, by a process of its own: where it is refused with a signal, only that one ends. */
    | "apart"
    | "link"
    | "device"
    | "environ"
    | "status";
  readonly arguments: readonly (string | number)[];
  /** What must come of it inside. `differs`: something else than outside. */
  readonly inside: { readonly fails: readonly string[] } | "works" | "differs" | ((value: string) => boolean);
  /** `works`: unless the same act succeeds outside, nothing is proved. `skip`: not tried on the host. */
  readonly outside: "works" | "any" | "skip";
};

export type Outcome =
  | { readonly kind: "worked"; readonly value: string }
  | { readonly kind: "failed"; readonly errno: string };

export type ActPlaces = {
  /** A file that only the broker's user can read, and no cell is given. */
  readonly canary: string;
  readonly home: string;
  /** A port that the broker listens on, on the host's loopback. */
  readonly port: number;
  readonly cellVariables: readonly string[];
};

const [afUnix, afInet] = [1, 2];
const [stream, datagram, raw, packets] = [1, 2, 3, 5];
const newUserNamespace = 0x10000000;
/** TEST-NET-1: nobody is there, and connecting a datagram socket only asks the routing table. */
const nowhere = "192.0.2.1";

export function forbiddenActs(places: ActPlaces, architecture: string): readonly Act[] {
  return [
    ...controls,
    ...fileActs(places),
    ...namespaceActs(places),
    ...networkActs(places),
    ...kernelActs(architecture),
  ];
}

/** What a cell is for must work, or all the failures of the others prove nothing. */
const controls: readonly Act[] = [
  { name: "work in the workspace", kind: "create", arguments: ["probe.txt"], inside: "works", outside: "skip" },
  { name: "write to /tmp", kind: "create", arguments: ["/tmp/probe.txt"], inside: "works", outside: "skip" },
  { name: "open a network socket", kind: "socket", arguments: [afInet, stream], inside: "works", outside: "any" },
];

function fileActs({ canary, home }: ActPlaces): readonly Act[] {
  const unseen = { fails: ["ENOENT", "EACCES"] };
  const unwritable = { fails: ["EROFS", "EACCES", "EPERM", "ENOENT"] };
  const hidden = [
    "/etc/shadow",
    "/etc/hostname",
    "/etc/machine-id",
    "/run/docker.sock",
    "/sys/kernel",
    "/boot",
    "/var/log",
    "/proc/keys",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/cmdline",
    "/dev/mem",
    "/dev/kmsg",
    "/dev/kvm",
    "/dev/fuse",
    "/dev/vsock",
    "/dev/userfaultfd",
  ];
  const closed = ["/etc/lorica-probe", "/usr/lorica-probe", "/lorica-probe", "/dev/lorica-probe", "/proc/lorica-probe"];
  const node = "/opt/lorica/bin/node";
  const kernel = [
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/vm/drop_caches",
    "/proc/sysrq-trigger",
    "/proc/self/oom_score_adj",
    "/proc/self/uid_map",
  ];
  return [
    { name: "read files of the broker", kind: "open", arguments: [canary], inside: unseen, outside: "works" },
    { name: "read the home folder", kind: "device", arguments: [home], inside: "differs", outside: "any" },
    ...hidden.map((path): Act => ({
      name: `read ${path}`,
      kind: "open",
      arguments: [path],
      inside: unseen,
      outside: "any",
    })),
    ...[...closed, ...kernel].map((path): Act => ({
      name: `write ${path}`,
      kind: "create",
      arguments: [path],
      inside: unwritable,
      outside: "skip",
    })),
    // It is running, so opening it to write fails for everybody (ETXTBSY) and says nothing of the mount.
    { name: "write /opt/lorica/bin/node", kind: "touch", arguments: [node], inside: unwritable, outside: "skip" },
  ];
}

function namespaceActs({ cellVariables }: ActPlaces): readonly Act[] {
  return [
    ..."pid net mnt ipc user uts".split(" ").map((name): Act => ({
      name: `share the host's ${name} namespace`,
      kind: "link",
      arguments: [`/proc/self/ns/${name}`],
      inside: "differs",
      outside: "works",
    })),
    {
      name: "read the environment of others",
      kind: "environ",
      arguments: [],
      inside: (value) => value.split(",").every((name) => name === "" || cellVariables.includes(name)),
      outside: "any",
    },
    // No capability of any kind, none that could come back, no new privilege, a seccomp filter.
    {
      name: "gain privileges",
      kind: "status",
      arguments: [],
      inside: (value) => /^(0{16},){4}1,2$/.test(value),
      outside: "any",
    },
  ];
}

function networkActs({ port }: ActPlaces): readonly Act[] {
  const refused = { fails: ["ECONNREFUSED", "ENETUNREACH"] };
  const unreachable = { fails: ["ENETUNREACH"] };
  const noFamily = { fails: ["EAFNOSUPPORT"] };
  const loopback = ["127.0.0.1", port, stream];
  return [
    { name: "reach the host's loopback", kind: "connect", arguments: loopback, inside: refused, outside: "works" },
    {
      name: "find a route out",
      kind: "connect",
      arguments: [nowhere, 9, datagram],
      inside: unreachable,
      outside: "any",
    },
    ...openFamilies.map(([name, outside, ...rest]): Act => ({
      name: `open a ${name} socket`,
      kind: "socket",
      arguments: rest,
      inside: noFamily,
      outside,
    })),
    {
      name: "open a raw socket",
      kind: "socket",
      arguments: [afInet, raw, 1],
      inside: { fails: ["EPERM"] },
      outside: "any",
    },
  ];
}

/** Address families that no network namespace closes, or that have no use in a cell: number, type and protocol. */
const openFamilies: readonly (readonly [string, Act["outside"], ...number[]])[] = [
  ["unix", "works", afUnix, stream],
  ["unix datagram", "works", afUnix, datagram],
  ["unix packet", "works", afUnix, packets],
  ["vsock", "any", 40, stream],
  ["kernel crypto", "any", 38, packets],
  ["packet", "any", 17, raw],
  ["key management", "any", 15, raw],
  ["netlink audit", "any", 16, raw, 9],
  ["netlink uevent", "any", 16, datagram, 15],
  ["bluetooth", "any", 31, raw, 1],
  ["CAN", "any", 29, raw, 1],
  ["TIPC", "any", 30, packets],
];

/**
 * With arguments that change nothing where the call is let through; those that would change the caller, or cost the host
 * something, are not tried on the host.
 */
const calls: readonly (readonly [string, Act["outside"], ...number[]])[] = [
  ["keyctl", "any", 0, -3, 0],
  ["add_key", "any", 0, 0, 0, 0, 0],
  ["request_key", "any", 0, 0, 0, 0],
  ["io_uring_setup", "any", 0, 0],
  ["io_uring_enter", "any", -1, 0, 0, 0, 0, 0],
  ["io_uring_register", "any", -1, 0, 0, 0],
  ["bpf", "any", 0, 0, 0],
  ["perf_event_open", "any", 0, 0, -1, -1, 0],
  ["userfaultfd", "skip", 0],
  ["ptrace", "any", 0, 0, 0, 0],
  ["process_vm_readv", "any", 0, 0, 0, 0, 0, 0],
  ["process_vm_writev", "any", 0, 0, 0, 0, 0, 0],
  ["pidfd_getfd", "any", -1, 0, 0],
  ["kcmp", "any", 0, 0, -1, 0, 0],
  ["mount", "skip", 0, 0, 0, 0, 0],
  ["umount2", "skip", 0, 0],
  ["pivot_root", "skip", 0, 0],
  ["chroot", "skip", 0],
  ["open_tree", "any", -1, 0, 0],
  ["move_mount", "any", -1, 0, -1, 0, 0],
  ["fsopen", "any", 0, 0],
  ["mount_setattr", "any", -1, 0, 0, 0, 0],
  ["open_by_handle_at", "any", -1, 0, 0],
  ["name_to_handle_at", "any", -1, 0, 0, 0, 0],
  ["init_module", "skip", 0, 0, 0],
  ["finit_module", "skip", -1, 0, 0],
  ["kexec_load", "skip", 0, 0, 0, 0],
  ["reboot", "skip", 0, 0, 0, 0],
  ["swapon", "skip", 0, 0],
  ["settimeofday", "skip", 0, 0],
  ["clock_settime", "skip", -1, 0],
  ["syslog", "any", 10, 0, 0],
  ["fanotify_init", "any", 0, 0],
  ["memfd_secret", "any", 0],
  ["setns", "any", -1, 0],
  ["unshare", "any", newUserNamespace],
];

function kernelActs(architecture: string): readonly Act[] {
  const refused = calls.map(([name, outside, ...rest]): Act => ({
    name: `call ${name}`,
    kind: "syscall",
    arguments: [syscallNumber(architecture, name), ...rest],
    inside: { fails: ["EPERM"] },
    outside,
  }));
  return [...refused, ...oddCalls(architecture)];
}

/** A service of systemd ends whoever uses it (`SystemCallArchitectures`), before the cell's own filter answers. */
const otherTable: Act = {
  name: "use the x32 table of calls",
  kind: "apart",
  arguments: [0x40000000 + 39],
  inside: { fails: ["ENOSYS", "SIGSYS"] },
  outside: "skip",
};

/** Calls that are refused for one argument of theirs, or for the table that they belong to. */
function oddCalls(architecture: string): readonly Act[] {
  const { clone, ioctl, personality } = callNumbers(architecture);
  const [terminalInput, terminalSelection, readImpliesExecute, childSignal] = [0x5412, 0x541c, 0x400000, 17];
  const refused = { fails: ["EPERM"] };
  const unknown = { fails: ["ENOSYS"] };
  const odd: readonly (readonly [string, readonly number[], Act["inside"]])[] = [
    ["start a process in a user namespace", [clone, newUserNamespace + childSignal, 0, 0, 0, 0], refused],
    ["call clone3", [435, 0, 0], unknown],
    ["type into the terminal", [ioctl, 0, terminalInput, 0], refused],
    ["paste into the terminal", [ioctl, 0, terminalSelection, 0], refused],
    ["make all memory executable", [personality, readImpliesExecute], refused],
  ];
  const acts = odd.map(([name, rest, inside]): Act => ({
    name,
    kind: "syscall",
    arguments: rest,
    inside,
    outside: "skip",
  }));
  return architecture === "x64" ? [...acts, otherTable] : acts;
}

export function encodeActs(acts: readonly Act[]): string {
  return acts.map((act) => `${[act.name, act.kind, ...act.arguments].join("\t")}\n`).join("");
}

/** What the interpreter printed, by the name of the act. */
export function parseOutcomes(text: string): Parsed<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [name = "", kind, value] = line.split("\t");
    if (value === undefined || (kind !== "worked" && kind !== "failed"))
      return rejected(`not an outcome: ${line.slice(0, 200)}`);
    outcomes.set(name, kind === "worked" ? { kind, value } : { kind, errno: value });
  }
  return parsed(outcomes);
}
