// Where files lie that start this gateway or say how it is started: its unit, what systemd adds to that, the command that
// the unit names, and tables of cron that name it.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { systemUnitFolder, unitName, userUnitFolder } from "../protocol/known/service-unit.ts";

export type StartPlaces = {
  readonly home: string;
  readonly profile: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The script that a unit of ours starts. */
  readonly binary: string;
  /** Whom the system's service has to run for it to be this gateway's. */
  readonly user: string;
  /** Before `/etc` and `/run`; in tests a folder. */
  readonly root: string;
};

export type StartFiles = {
  readonly files: readonly string[];
  /** Whether a file that is not there any more is one of these. */
  readonly holds: (path: string) => boolean;
  /** A name `*` in a folder stands for whatever appears there. */
  readonly watched: readonly string[];
};

export function listStartFiles(places: StartPlaces): StartFiles {
  const { profile, binary, root } = places;
  const unit = unitName(profile);
  const own = ownFolders(places);
  const system = isForUser(places, unit) ? [systemUnitFolder, "/run/systemd/system"].map((path) => root + path) : [];
  const extras = [...own, ...system].flatMap((folder) =>
    dropInFolders(unit, own.includes(folder)).map((name) => join(folder, name)),
  );
  const units = [...own, ...system].map((folder) => join(folder, unit));
  const inFolders = extras.flatMap((folder) => filesIn(folder, /\.conf$/));
  const tables = [join(root, "/etc/crontab"), ...filesIn(join(root, "/etc/cron.d"), /./)].filter(namesUs);
  const files = [binary, ...units, ...inFolders, ...tables];
  const folders = new Set([...files.map((path) => dirname(path)), ...extras, join(root, "/etc/cron.d")]);
  return {
    files,
    holds: (path) => folders.has(dirname(path)),
    watched: [...files, ...extras.map((folder) => join(folder, "*"))],
  };
}

/** Those that this user may write, so that anything that runs as this user could. */
function ownFolders({ env, home }: StartPlaces): readonly string[] {
  const config = userUnitFolder(env, home);
  const runtime = env["XDG_RUNTIME_DIR"];
  return [
    config,
    `${config}.control`,
    join(home, ".local/share/systemd/user"),
    ...(runtime === undefined ? [] : [join(runtime, "systemd/user"), join(runtime, "systemd/user.control")]),
  ];
}

/** For `a-b.service` systemd reads `a-b.service.d`, `a-.service.d`, and what is for every service of this user. */
function dropInFolders(unit: string, isOwn: boolean): readonly string[] {
  const parts = unit.replace(/\.service$/, "").split("-");
  const prefixes = parts.slice(1).map((_part, at) => `${parts.slice(0, at + 1).join("-")}-.service.d`);
  return [`${unit}.d`, ...prefixes, ...(isOwn ? ["service.d"] : [])];
}

/** The system's service of another user is not this user's gateway. */
function isForUser({ root, user }: StartPlaces, unit: string): boolean {
  return (
    readText(join(root + systemUnitFolder, unit))
      ?.split("\n")
      .includes(`User=${user}`) ?? false
  );
}

function namesUs(path: string): boolean {
  return /\b(lorica|openclaw)\b/.test(readText(path) ?? "");
}

function filesIn(folder: string, name: RegExp): readonly string[] {
  try {
    const names = readdirSync(folder).filter((each) => name.test(each));
    return names.slice(0, limits.unitFilesMax).map((each) => join(folder, each));
  } catch (cause) {
    if (errnoOf(cause) !== undefined) return [];
    throw cause;
  }
}

/** Undefined where it is not there, or not for this user to read. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (errnoOf(cause) !== undefined) return undefined;
    throw cause;
  }
}
