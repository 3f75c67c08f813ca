// Where somebody who was in would leave a way back: read, dated and hashed, never changed. What a file holds is not copied.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../base/errors.ts";
import { limits } from "../base/limits.ts";

export type Found = {
  readonly path: string;
  readonly why: string;
  readonly changedAt: number;
  readonly bytes: number;
  /** Null where this user may not read it. */
  readonly sha256: string | null;
};

const ofHome: readonly (readonly [path: string, why: string])[] = [
  [".ssh/authorized_keys", "keys that may sign in as this user"],
  [".ssh/authorized_keys2", "keys that may sign in as this user"],
  [".ssh/rc", "runs at each sign-in by ssh"],
  [".bashrc", "runs in each shell"],
  [".bash_profile", "runs at each sign-in"],
  [".bash_login", "runs at each sign-in"],
  [".bash_logout", "runs at each sign-out"],
  [".profile", "runs at each sign-in"],
  [".zshrc", "runs in each shell"],
  [".zshenv", "runs in each shell"],
  [".zprofile", "runs at each sign-in"],
  [".config/fish/config.fish", "runs in each shell"],
  [".config/systemd/user", "units of this user"],
  [".config/autostart", "runs at each desktop session"],
  [".config/environment.d", "the environment of this user's units"],
  [".pam_environment", "the environment of each session"],
  [".gitconfig", "may run programs"],
  ["Library/LaunchAgents", "runs at each sign-in"],
];

const ofSystem: readonly (readonly [path: string, why: string])[] = [
  ["/etc/crontab", "runs on a schedule"],
  ["/etc/cron.d", "runs on a schedule"],
  ["/etc/cron.hourly", "runs on a schedule"],
  ["/etc/cron.daily", "runs on a schedule"],
  ["/var/spool/cron", "runs on a schedule"],
  ["/var/spool/cron/crontabs", "runs on a schedule"],
  ["/etc/systemd/system", "units of the system"],
  ["/etc/rc.local", "runs at each start"],
  ["/etc/profile", "runs at each sign-in"],
  ["/etc/profile.d", "runs at each sign-in"],
  ["/etc/ld.so.preload", "is loaded into every program"],
  ["/etc/sudoers.d", "who may become root"],
  ["/root/.ssh/authorized_keys", "keys that may sign in as root"],
  ["/Library/LaunchDaemons", "runs at each start"],
];

/** Newest first. Places that are not there are left out; what may not be read is named without its hash. */
export function huntPersistence(home: string): readonly Found[] {
  const places = [...ofHome.map(([path, why]) => [join(home, path), why] as const), ...ofSystem];
  const found = places.flatMap(([path, why]) => look(path, why));
  return found.toSorted((one, other) => other.changedAt - one.changedAt).slice(0, limits.incidentFilesMax);
}

/** A file, or the files of a folder. */
export function look(path: string, why: string): readonly Found[] {
  const about = unlessRefused(() => statSync(path, { throwIfNoEntry: false }));
  if (about === undefined) return [];
  if (!about.isDirectory()) return [describe(path, why)].flat();
  const names = unlessRefused(() => readdirSync(path)) ?? [];
  return names.slice(0, limits.incidentFilesMax).flatMap((name) => describe(join(path, name), why));
}

function describe(path: string, why: string): readonly Found[] {
  const about = unlessRefused(() => statSync(path, { throwIfNoEntry: false }));
  if (about?.isFile() !== true) return [];
  const isSmall = about.size <= limits.incidentFileMaxBytes;
  const bytes = isSmall ? unlessRefused(() => readFileSync(path)) : undefined;
  const sha256 = bytes === undefined ? null : createHash("sha256").update(bytes).digest("hex");
  return [{ path, why, changedAt: Math.round(about.mtimeMs), bytes: about.size, sha256 }];
}

const refusals = new Set(["EACCES", "EPERM", "ENOENT", "ENOTDIR", "ELOOP"]);

function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (cause) {
    if (refusals.has(errnoOf(cause) ?? "")) return undefined;
    throw cause;
  }
}
