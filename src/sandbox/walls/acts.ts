// The forbidden acts that the boot probe tries, and what must come of each. One small interpreter performs the same acts
// inside a cell, where each must fail, and outside, where it shows that the act means something.
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { syscallNumber } from "../seccomp.ts";

export type Act = {
  readonly name: string;
  readonly kind:
    | "open"
    | "create"
    | "list"
    | "socket"
    | "connect"
    | "syscall"
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

const [afUnix, afInet, afVsock] = [1, 2, 40];
const [stream, datagram] = [1, 2];
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
  const hidden = ["/etc/shadow", "/etc/hostname", "/etc/machine-id", "/proc/keys"];
  const closed = ["/etc/lorica-probe", "/usr/lorica-probe", "/lorica-probe", "/dev/lorica-probe"];
  const kernel = ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"];
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
    // No capability, no new privilege, a seccomp filter.
    {
      name: "gain privileges",
      kind: "status",
      arguments: [],
      inside: (value) => value === "0000000000000000,1,2",
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
    { name: "open a unix socket", kind: "socket", arguments: [afUnix, stream], inside: noFamily, outside: "works" },
    { name: "open a vsock", kind: "socket", arguments: [afVsock, stream], inside: noFamily, outside: "any" },
  ];
}

/** With arguments that change nothing where the call is let through; the last two change the one who calls. */
function kernelActs(architecture: string): readonly Act[] {
  const calls: readonly (readonly [string, Act["outside"], readonly number[]])[] = [
    ["keyctl", "any", [0, -3, 0]],
    ["io_uring_setup", "any", [0, 0]],
    ["bpf", "any", [0, 0, 0]],
    ["mount", "skip", [0, 0, 0, 0, 0]],
    ["setns", "any", [-1, 0]],
    ["ptrace", "any", [0, 0, 0, 0]],
    ["unshare", "any", [newUserNamespace]],
  ];
  return calls.map(([name, outside, rest]) => ({
    name: `call ${name}`,
    kind: "syscall",
    arguments: [syscallNumber(architecture, name), ...rest],
    inside: { fails: ["EPERM"] },
    outside,
  }));
}

/** Performs acts, one a line: name, kind and arguments between tabs. Core Perl only, because it is on every system. */
export const interpreter = String.raw`
use strict;
use Errno;
use Fcntl;
use Socket ();
my %names = map { Errno->can($_)->() => $_ } grep { Errno->can($_) } keys %!;
while (my $line = <STDIN>) {
  chomp $line;
  my ($name, $kind, @args) = split /\t/, $line, -1;
  my $value = perform($kind, @args);
  my $result = defined $value ? "worked\t$value" : "failed\t" . ($names{ 0 + $! } // 0 + $!);
  syswrite STDOUT, "$name\t$result\n";
}
sub perform {
  my ($kind, @a) = @_;
  if ($kind eq "open") {
    sysopen(my $file, $a[0], O_RDONLY) or return;
    return defined sysread($file, my $byte, 1) ? "" : undef;
  }
  if ($kind eq "create") { return sysopen(my $file, $a[0], O_WRONLY | O_CREAT, 0600) ? "" : undef }
  if ($kind eq "socket") { return socket(my $socket, $a[0], $a[1], 0) ? "" : undef }
  if ($kind eq "link") { return readlink $a[0] }
  if ($kind eq "device") { my @status = stat $a[0]; return @status ? $status[0] : undef }
  if ($kind eq "connect") {
    socket(my $socket, Socket::AF_INET(), $a[2], 0) or return;
    return connect($socket, Socket::pack_sockaddr_in($a[1], Socket::inet_aton($a[0]))) ? "" : undef;
  }
  if ($kind eq "syscall") {
    my ($number, @rest) = map { 0 + $_ } @a;
    return syscall($number, @rest) == -1 ? undef : "";
  }
  if ($kind eq "environ") {
    my %seen;
    for my $path (glob "/proc/[0-9]*/environ") {
      open(my $file, "<", $path) or next;
      local $/ = "\0";
      while (my $entry = <$file>) { $seen{$1} = 1 if $entry =~ /^([^=\s,]+)=/ }
    }
    return join ",", sort keys %seen;
  }
  if ($kind eq "status") {
    open(my $file, "<", "/proc/self/status") or return;
    my %status = map { /^(\w+):\s*(.*)$/ ? ($1, $2) : () } <$file>;
    return join ",", @status{qw(CapEff NoNewPrivs Seccomp)};
  }
  $! = 22;
  return;
}
`;

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
