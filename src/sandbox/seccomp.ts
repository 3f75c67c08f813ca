// Builds the seccomp filter of a command as classic BPF, without a compiler. It closes what namespaces leave open: the
// session keyring, AF_VSOCK and AF_UNIX, ptrace, nested namespaces, io_uring, bpf and the rest of the kernel's rare doors.
// Numbers are the kernel's own (asm/unistd_64.h and asm-generic/unistd.h); an architecture not listed gets no cell.
import { LoricaError } from "../base/errors.ts";

export type Architecture = "x64" | "arm64";

type SyscallTable = {
  /** AUDIT_ARCH_*: a call made through another ABI kills the process. */
  readonly audit: number;
  readonly clone: number;
  readonly socket: number;
  readonly ioctl: number;
  readonly personality: number;
  /** Answered with EPERM. */
  readonly denied: Readonly<Record<string, number>>;
};

const clone3 = 435;
const x32Bit = 0x40000000;
/** Every CLONE_NEW* flag of clone(2). */
const cloneNamespaces = 0x7e020000;
const terminalInjections = [0x5412, 0x541c];
const personalities = [0, 0xffffffff, 0x40000];
/** AF_INET, AF_INET6; the cell's network namespace has nothing behind them but its own loopback. */
const openFamilies = [2, 10];
const familyNetlink = 16;
const netlinkRoute = 0;

const eperm = 1;
const enosys = 38;
const eafnosupport = 97;

/** The same number on every architecture since the tables were unified. */
const deniedEverywhere = {
  pidfd_getfd: 438,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  mount_setattr: 442,
  open_tree_attr: 467,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  quotactl_fd: 443,
  memfd_secret: 447,
} as const;

const syscalls: Readonly<Record<Architecture, SyscallTable>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    socket: 41,
    ioctl: 16,
    personality: 135,
    denied: {
      ...deniedEverywhere,
      ptrace: 101,
      process_vm_readv: 310,
      process_vm_writev: 311,
      kcmp: 312,
      mount: 165,
      umount2: 166,
      pivot_root: 155,
      chroot: 161,
      setns: 308,
      unshare: 272,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      bpf: 321,
      perf_event_open: 298,
      userfaultfd: 323,
      init_module: 175,
      finit_module: 313,
      delete_module: 176,
      kexec_load: 246,
      kexec_file_load: 320,
      reboot: 169,
      swapon: 167,
      swapoff: 168,
      acct: 163,
      settimeofday: 164,
      clock_settime: 227,
      clock_adjtime: 305,
      adjtimex: 159,
      open_by_handle_at: 304,
      name_to_handle_at: 303,
      quotactl: 179,
      syslog: 103,
      iopl: 172,
      ioperm: 173,
      modify_ldt: 154,
      fanotify_init: 300,
      move_pages: 279,
      mbind: 237,
      set_mempolicy: 238,
      migrate_pages: 256,
      lookup_dcookie: 212,
      vhangup: 153,
      uselib: 134,
      ustat: 136,
      sysfs: 139,
      _sysctl: 156,
    },
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    socket: 198,
    ioctl: 29,
    personality: 92,
    denied: {
      ...deniedEverywhere,
      ptrace: 117,
      process_vm_readv: 270,
      process_vm_writev: 271,
      kcmp: 272,
      mount: 40,
      umount2: 39,
      pivot_root: 41,
      chroot: 51,
      setns: 268,
      unshare: 97,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      bpf: 280,
      perf_event_open: 241,
      userfaultfd: 282,
      init_module: 105,
      finit_module: 273,
      delete_module: 106,
      kexec_load: 104,
      kexec_file_load: 294,
      reboot: 142,
      swapon: 224,
      swapoff: 225,
      acct: 89,
      settimeofday: 170,
      clock_settime: 112,
      clock_adjtime: 266,
      adjtimex: 171,
      open_by_handle_at: 265,
      name_to_handle_at: 264,
      quotactl: 60,
      syslog: 116,
      fanotify_init: 262,
      move_pages: 239,
      mbind: 235,
      set_mempolicy: 237,
      migrate_pages: 238,
      lookup_dcookie: 18,
      vhangup: 58,
    },
  },
};

/** The number of a call that commands are refused. */
export function syscallNumber(architecture: string, name: string): number {
  const number = architecture === "x64" || architecture === "arm64" ? syscalls[architecture].denied[name] : undefined;
  if (number === undefined) throw new LoricaError("unavailable", `no number is known for ${name} on ${architecture}`);
  return number;
}

/** The calls that are refused for an argument of theirs. */
export function callNumbers(architecture: string): Pick<SyscallTable, "clone" | "ioctl" | "personality"> {
  if (architecture === "x64" || architecture === "arm64") return syscalls[architecture];
  throw new LoricaError("unavailable", `no system call is known on ${architecture}`);
}

/** Offsets in struct seccomp_data; both architectures are little-endian, so these are the low halves. */
const offset = { number: 0, architecture: 4, argument0: 16, argument1: 24, argument2: 32 } as const;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, value: number];

const allow: Instruction = [0x06, 0, 0, 0x7fff0000];
const kill: Instruction = [0x06, 0, 0, 0x80000000];

/**
 * What debuggers and tracers need. It is given back only in a cell whose owner has asked for that, for a while: it reaches
 * nothing but the command's own processes, and leaves more of the kernel to attack.
 */
const relaxedCalls: ReadonlySet<string> = new Set([
  "ptrace",
  "process_vm_readv",
  "process_vm_writev",
  "kcmp",
  "pidfd_getfd",
]);

export type FilterKind = "full" | "relaxed";

export function buildSeccompFilter(architecture: string, kind: FilterKind = "full"): Buffer {
  if (architecture !== "x64" && architecture !== "arm64")
    throw new LoricaError("unavailable", `no seccomp filter is known for the processor architecture ${architecture}`);
  const table = syscalls[architecture];
  const program: Instruction[] = [
    load(offset.architecture),
    // Anything but the native ABI (int 0x80 on x64) has other numbers, so nothing below would mean what it says.
    [0x15, 1, 0, table.audit],
    kill,
    load(offset.number),
  ];
  if (architecture === "x64") program.push([0x35, 0, 1, x32Bit], refuse(enosys));
  // The flags of clone3 lie in memory, where a filter cannot look; libc falls back to clone.
  program.push(...onCall(clone3, [refuse(enosys)]));
  program.push(...onCall(table.clone, [load(offset.argument0), [0x45, 0, 1, cloneNamespaces], refuse(eperm), allow]));
  const denied = Object.entries(table.denied).filter(([name]) => kind === "full" || !relaxedCalls.has(name));
  program.push(...onCall(table.socket, socketRules()));
  program.push(
    ...onCall(table.ioctl, [load(offset.argument1), ...refuseAny(terminalInjections), allow]),
    ...onCall(table.personality, [load(offset.argument0), ...allowAny(personalities), refuse(eperm)]),
    ...refuseAny(denied.map(([, number]) => number)),
    allow,
  );
  return encode(program);
}

/** AF_UNIX is not in the list: a command cannot reach a socket somebody bound into its workspace. socketpair stays. */
function socketRules(): Instruction[] {
  return [
    load(offset.argument0),
    ...allowAny(openFamilies),
    [0x15, 1, 0, familyNetlink],
    refuse(eafnosupport),
    // Programs list their interfaces over the route protocol; no other netlink protocol has a use in a cell.
    load(offset.argument2),
    [0x15, 0, 1, netlinkRoute],
    allow,
    refuse(eafnosupport),
  ];
}

function load(at: number): Instruction {
  return [0x20, 0, 0, at];
}

function refuse(errno: number): Instruction {
  return [0x06, 0, 0, 0x00050000 | errno];
}

/** Runs `body`, which must end the filter, if the call has this number. */
function onCall(number: number, body: readonly Instruction[]): Instruction[] {
  return [[0x15, 0, body.length, number], ...body];
}

/** One pair per value instead of one shared target: a jump reaches 255 instructions, and lists grow. */
function refuseAny(values: readonly number[]): Instruction[] {
  return values.flatMap((value): Instruction[] => [[0x15, 0, 1, value], refuse(eperm)]);
}

function allowAny(values: readonly number[]): Instruction[] {
  return values.flatMap((value): Instruction[] => [[0x15, 0, 1, value], allow]);
}

/** struct sock_filter: u16 code, u8 jt, u8 jf, u32 k. */
function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, jumpTrue, jumpFalse, value], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  });
  return bytes;
}
