// The text of the systemd unit that runs the gateway: what it may write, use up and call. Pure, so that it can be read,
// compared and verified without a systemd.
import { codes, LoricaError } from "../../base/errors.ts";
import type { Code } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";

export type Scope = "user" | "system";

export type UnitSettings = {
  readonly scope: Scope;
  readonly profile: string | undefined;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Folders that the gateway may write; everything else is read-only to it. */
  readonly writable: readonly string[];
  /** Names and values that say where things are. Never a secret: whoever may ask systemd sees them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whom the system's systemd runs it as. */
  readonly user?: string;
};

/** What our own units begin with, so that a hand-written one is never mistaken for one of them. */
export const unitMark = "# Written by lorica gateway install; changed here, it is written over by the next install.";

/** After these a start without a change would fail in the same way, over and over. */
const hopeless: readonly Code[] = ["config_invalid", "invalid_request", "forbidden", "not_built", "locked"];

export function renderUnit(settings: UnitSettings): string {
  const { scope, profile } = settings;
  return [
    unitMark,
    ...section("Unit", [
      ["Description", profile === undefined ? "Lorica gateway" : `Lorica gateway (profile ${profile})`],
      ["Wants", "network-online.target"],
      ["After", "network-online.target"],
      ["StartLimitIntervalSec", "300"],
      ["StartLimitBurst", "5"],
      ...(scope === "system" ? settings.writable.map((path) => line("RequiresMountsFor", quote(path))) : []),
    ]),
    ...section("Service", [...life(settings), ...bounds, ...walls, ...(scope === "system" ? systemWalls : [])]),
    ...section("Install", [["WantedBy", scope === "system" ? "multi-user.target" : "default.target"]]),
  ].join("\n");
}

type Line = readonly [key: string, value: string];

function life({ command, environment, user, writable }: UnitSettings): readonly Line[] {
  const exits = [...new Set(hopeless.map((code) => codes[code].exit))].toSorted((left, right) => left - right);
  return [
    ["Type", "simple"],
    ...(user === undefined ? [] : [line("User", user), line("Group", user)]),
    ["ExecStart", command.map(quoteArgument).join(" ")],
    ["WorkingDirectory", "/"],
    ["Environment", "NODE_ENV=production"],
    ...Object.entries(environment).map(([name, value]) => line("Environment", quote(`${name}=${value}`))),
    ["Restart", "on-failure"],
    ["RestartSec", "5"],
    ["RestartPreventExitStatus", exits.join(" ")],
    // Only the broker is told to stop. It lets turns end and then ends what it started, in order.
    ["KillMode", "mixed"],
    ["TimeoutStopSec", String(limits.serviceStopTimeoutMs / 1_000)],
    ["UMask", "0077"],
    ...writable.map((path) => line("ReadWritePaths", quote(path))),
  ];
}

const bounds: readonly Line[] = [
  ["MemoryMax", "1G"],
  ["CPUQuota", "80%"],
  ["TasksMax", "512"],
  // The gateway divides its own group, so that each sandbox has bounds within these.
  ["Delegate", "memory pids cpu"],
  ["LimitCORE", "0"],
];

/**
 * What every unit gives up. The sandboxes are namespaces that the gateway makes for itself, so these stay as they are:
 * RestrictNamespaces, ProtectHostname (each sandbox has a name of its own), and whatever mounts over /proc
 * (ProtectKernelTunables, ProtectKernelLogs, ProtectProc), because the kernel then refuses a sandbox its own /proc. Nor is
 * ProtectControlGroups there, because the group that is delegated has to be writable; no other one is.
 * MemoryDenyWriteExecute would end Node's compiler.
 */
const walls: readonly Line[] = [
  ["NoNewPrivileges", "true"],
  ["ProtectSystem", "strict"],
  ["ProtectHome", "read-only"],
  ["PrivateTmp", "true"],
  ["LockPersonality", "true"],
  ["RestrictRealtime", "true"],
  ["RestrictSUIDSGID", "true"],
  ["RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"],
  ["SystemCallArchitectures", "native"],
  // Beyond what services usually need: what bubblewrap builds a sandbox with.
  ["SystemCallFilter", "@system-service @mount sethostname seccomp"],
  ["SystemCallErrorNumber", "EPERM"],
];

/** What only the system's own systemd can take away. */
const systemWalls: readonly Line[] = [
  ["CapabilityBoundingSet", ""],
  ["AmbientCapabilities", ""],
  ["ProtectClock", "true"],
  ["ProtectKernelModules", "true"],
  ["PrivateDevices", "true"],
  ["RemoveIPC", "true"],
  ["KeyringMode", "private"],
];

function line(key: string, value: string): Line {
  return [key, value];
}

function section(name: string, lines: readonly Line[]): readonly string[] {
  return [`[${name}]`, ...lines.map(([key, value]) => `${key}=${value}`), ""];
}

/** `%` begins one of systemd's own names. A line end would begin another setting. */
function quote(value: string): string {
  // oxlint-disable-next-line no-control-regex -- These are what must not get in.
  if (/[\u0000-\u001f\u007f]/.test(value))
    throw new LoricaError(
      "invalid_request",
      `a service cannot be given a path with control characters: ${JSON.stringify(value)}`,
    );
  const escaped = value.replaceAll("%", "%%");
  return /^[\w./:=@%+,-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** In a command `$` begins a variable, too. */
function quoteArgument(value: string): string {
  return quote(value).replaceAll("$", "$$$$");
}
