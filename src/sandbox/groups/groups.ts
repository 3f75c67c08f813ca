// A control group for each cell: memory, processes and processors of everything in it, taken together. Limits of single
// processes cannot bound memory, so where there is no group the status says that nothing does.
import { mkdirSync, readdirSync, rmdirSync, existsSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { errnoOf } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { CellLimits } from "../sandbox.ts";
import { findGroupPlace } from "./find.ts";
import type { GroupFiles, GroupPlace, Together } from "./find.ts";

export type CellGroup = {
  /** What comes before a program on its command line, so that it begins in the group. */
  readonly prefix: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Once every process of it is gone. */
  readonly close: () => void;
};

export type CellGroups = {
  readonly kind: "control group v2" | "control group v1" | "systemd scope" | "none";
  /** What holds, in one line. */
  readonly detail: string;
  open(bounds: CellLimits | undefined): CellGroup;
};

export type GroupsOptions = {
  readonly files: GroupFiles;
  /** The user's own systemd, where one runs. */
  readonly systemdRun: string | undefined;
  readonly runtimeDir: string;
};

/** In words of the kernel: bytes, a count, and microseconds of a tenth of a second. */
type Amounts = { readonly memory: number; readonly swap: number; readonly pids: number; readonly quota: number };

const period = 100_000;
const namePrefix = "lorica-cell-";
const withoutGroup: CellGroup = { prefix: [], environment: {}, close: () => undefined };

export function hostGroups(user: number): GroupsOptions {
  const runtimeDir = `/run/user/${user}`;
  const systemdRun = "/usr/bin/systemd-run";
  return {
    files: { cgroup: "/proc/self/cgroup", mountinfo: "/proc/self/mountinfo" },
    systemdRun: existsSync(`${runtimeDir}/systemd/private`) && existsSync(systemdRun) ? systemdRun : undefined,
    runtimeDir,
  };
}

export function openGroups(options: GroupsOptions): CellGroups {
  const place = findGroupPlace(options.files);
  if (place !== undefined) return groupsAt(place);
  if (options.systemdRun !== undefined) return scopes(options.systemdRun, options.runtimeDir);
  return noGroups("there is no control group that lorica may divide");
}

export function noGroups(reason: string): CellGroups {
  const detail = `processes, open files and file sizes are bounded; memory and processors are not: ${reason}`;
  return { kind: "none", detail, open: () => withoutGroup };
}

function groupsAt(place: GroupPlace): CellGroups {
  const bases = place.kind === "v2" ? [place.base] : [...new Set(place.bases.values())];
  const left = new Set<string>();
  let count = 0;

  /** A group goes only once the kernel has forgotten its last process, a moment after everybody else has. */
  function sweep(): void {
    for (const folder of left) if (remove(folder)) left.delete(folder);
  }

  for (const base of bases)
    for (const name of readdirSync(base)) if (name.startsWith(namePrefix)) remove(join(base, name));
  return {
    kind: `control group ${place.kind}`,
    detail: `memory, processes and processors of each cell are bounded together${place.kind === "v2" ? renderTogether(place.together) : ""}`,
    open(bounds) {
      sweep();
      const name = `${namePrefix}${process.pid}-${(count += 1)}`;
      const folders = bases.map((base) => join(base, name));
      for (const folder of folders) mkdirSync(folder, { mode: 0o700 });
      const amounts = amountsOf(bounds);
      for (const [file, value] of place.kind === "v2" ? unified(amounts) : separate(amounts))
        for (const folder of folders) setWhereThere(join(folder, file), value);
      return {
        prefix: joining(folders.map((folder) => join(folder, "cgroup.procs"))),
        environment: {},
        close() {
          for (const folder of folders) left.add(folder);
          sweep();
        },
      };
    },
  };
}

function renderTogether({ memory, pids }: Together): string {
  const bounds = [
    ...(memory === undefined ? [] : [`${Math.floor(memory / 1_048_576)} MiB`]),
    ...(pids === undefined ? [] : [`${pids} processes`]),
  ];
  return bounds.length === 0 ? "" : `, and all cells by ${bounds.join(" and ")}`;
}

/** A shell that enters the groups and becomes the program: nothing can have been started before. */
function joining(files: readonly string[]): readonly string[] {
  const enter = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 71; shift; done; shift; exec "$@"';
  return ["/bin/sh", "-c", enter, "sh", ...files, "--"];
}

function amountsOf(bounds: CellLimits | undefined): Amounts {
  const memory = bounds?.memoryBytes ?? limits.cellMemoryBytes;
  const pids =
    bounds?.processes === undefined ? limits.cellProcessesMax : bounds.processes + limits.cellOwnProcessesMax;
  // A tenth of the machine stays for the gateway and its owner.
  const processors = bounds?.processors ?? availableParallelism() * 0.9;
  return {
    memory,
    swap: Math.max(0, (bounds?.swapBytes ?? memory) - memory),
    pids,
    quota: Math.max(1_000, Math.round(processors * period)),
  };
}

function unified({ memory, swap, pids, quota }: Amounts): readonly (readonly [string, string])[] {
  return [
    ["memory.max", String(memory)],
    ["memory.swap.max", String(swap)],
    ["pids.max", String(pids)],
    ["cpu.max", `${quota} ${period}`],
  ];
}

function separate({ memory, swap, pids, quota }: Amounts): readonly (readonly [string, string])[] {
  return [
    ["memory.limit_in_bytes", String(memory)],
    ["memory.memsw.limit_in_bytes", String(memory + swap)],
    ["pids.max", String(pids)],
    ["cpu.cfs_period_us", String(period)],
    ["cpu.cfs_quota_us", String(quota)],
  ];
}

/** Each controller has its own files, and a kernel without accounting of swap has none for that. */
function setWhereThere(file: string, value: string): void {
  if (existsSync(file)) writeFileSync(file, value);
}

function remove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT") return true;
    if (errno === "EBUSY" || errno === "EPERM" || errno === "EACCES") return false;
    throw error;
  }
}

/** Each cell as a scope of the user's own systemd. The program then begins with an empty environment again. */
function scopes(systemdRun: string, runtimeDir: string): CellGroups {
  return {
    kind: "systemd scope",
    detail: "each cell is a scope of the user's systemd, which bounds its memory, processes and processors",
    open(bounds) {
      const { memory, swap, pids, quota } = amountsOf(bounds);
      const properties = [
        `MemoryMax=${memory}`,
        `MemorySwapMax=${swap}`,
        `TasksMax=${pids}`,
        `CPUQuota=${Math.max(1, Math.round((quota / period) * 100))}%`,
        // Otherwise systemd ends the whole cell where the kernel has ended the one command that took too much.
        "Delegate=yes",
      ];
      return {
        prefix: [
          systemdRun,
          "--user",
          "--scope",
          "--quiet",
          "--collect",
          ...properties.flatMap((property) => ["-p", property]),
          "--",
          "/usr/bin/env",
          "-i",
        ],
        environment: { XDG_RUNTIME_DIR: runtimeDir },
        close: () => undefined,
      };
    },
  };
}
