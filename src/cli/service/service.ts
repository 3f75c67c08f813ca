// The gateway as a service of systemd: whether it is one, how it is doing, and starting and stopping it.
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { LoricaError } from "../../base/errors.ts";
import type { Invocation } from "../context.ts";
import { createTools } from "./tools.ts";
import type { Said, Tools } from "./tools.ts";
import { systemUnitFolder, unitName, userUnitFolder } from "../../protocol/known/service-unit.ts";
import type { Scope } from "./unit.ts";

export type InstalledService = {
  readonly state: "installed";
  readonly scope: Scope;
  readonly unit: string;
  readonly file: string;
  /** As systemd says it: `active`, `inactive`, `failed`, `activating`, `deactivating`. */
  readonly active: string;
  readonly enabled: boolean;
  /** Why it is not running: `success`, `exit-code`, `signal`, `oom-kill`, `start-limit-hit`. */
  readonly result: string;
  readonly exitStatus: number | null;
  readonly restarts: number;
  readonly pid: number | null;
};

export type Service =
  | InstalledService
  | { readonly state: "absent" }
  /** A unit is there, and systemd cannot be asked about it. */
  | { readonly state: "unknown"; readonly unit: string; readonly file: string; readonly reason: string };

const systemFolders = [systemUnitFolder, "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/** Where the unit of the user's own service lies, as systemd reads it. */
export function userUnitPath({ context, paths }: Invocation): string {
  return join(userUnitFolder(context.env, context.env["HOME"] ?? paths.home), unitName(paths.profile));
}

/** Asks nothing where there is no unit, so that a machine without systemd notices nothing of this. */
export async function findService(invocation: Invocation): Promise<Service> {
  const { context, paths, signal } = invocation;
  const tools = createTools(context.env, signal);
  const unit = unitName(paths.profile);
  const own = userUnitPath(invocation);
  if (existsSync(own)) return askAbout(tools, { scope: "user", unit, file: own });
  const folder = systemFolders.find((path) => existsSync(join(path, unit)));
  if (folder === undefined) return { state: "absent" };
  return askAbout(tools, { scope: "system", unit, file: join(folder, unit) });
}

type Place = { readonly scope: Scope; readonly unit: string; readonly file: string };

const asked = ["LoadState", "ActiveState", "UnitFileState", "Result", "ExecMainStatus", "NRestarts", "MainPID", "User"];

async function askAbout(tools: Tools, place: Place): Promise<Service> {
  const said = await tools("systemctl", [
    ...scopeWords(place.scope),
    "show",
    place.unit,
    `--property=${asked.join(",")}`,
  ]);
  const { unit, file, scope } = place;
  if (said === undefined) return { state: "unknown", unit, file, reason: "there is no systemctl on this machine" };
  if (said.exit !== 0) return { state: "unknown", unit, file, reason: reasonOf(said) };
  const values = new Map(said.stdout.split("\n").map((text) => splitOnce(text)));
  const value = (name: string): string => values.get(name) ?? "";
  // The system's service of another user is not this user's gateway.
  if (scope === "system" && value("User") !== userInfo().username) return { state: "absent" };
  const number = (name: string): number => Number(value(name)) || 0;
  return {
    state: "installed",
    scope,
    unit,
    file,
    active: value("ActiveState") || "unknown",
    enabled: value("UnitFileState").startsWith("enabled"),
    result: value("Result") || "success",
    exitStatus: number("ExecMainStatus") === 0 ? null : number("ExecMainStatus"),
    restarts: number("NRestarts"),
    pid: number("MainPID") === 0 ? null : number("MainPID"),
  };
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** True while systemd starts it, runs it or is about to start it again. */
export function isActive(service: Service): boolean {
  return service.state === "installed" && ["active", "activating", "reloading"].includes(service.active);
}

/** What systemd does for this service; throws what it says instead. */
export async function orderService(
  { context, signal }: Invocation,
  { scope, unit }: Pick<InstalledService, "scope" | "unit">,
  order: readonly string[],
): Promise<void> {
  const words = [...scopeWords(scope), ...order, ...(order[0] === "daemon-reload" ? [] : [unit])];
  const said = await createTools(context.env, signal)("systemctl", words);
  if (said === undefined)
    throw new LoricaError("unavailable", "there is no systemctl on this machine, so no service can be managed here");
  if (said.exit === 0) return;
  const denied = /authentication|access denied|permission|not permitted/i.test(said.stderr);
  const advice =
    scope === "system" && denied ? `. It is the system's service; as root: systemctl ${order.join(" ")} ${unit}` : "";
  throw new LoricaError(
    denied ? "forbidden" : "unavailable",
    `systemctl ${words.join(" ")}: ${reasonOf(said)}${advice}`,
  );
}

function reasonOf({ stderr, stdout, exit }: Said): string {
  const words = stderr === "" ? stdout.trim() : stderr;
  if (/Failed to connect to bus/i.test(words))
    return "the user's systemd cannot be reached from here (is this a real login? `su` and `sudo -u` are none)";
  return words === "" ? `exit status ${exit}` : words.slice(0, 500);
}

export function scopeWords(scope: Scope): readonly string[] {
  return scope === "user" ? ["--user"] : [];
}

/** For a person: how the service is doing. */
export function describeService(service: Service): string {
  if (service.state === "absent") return "not installed";
  if (service.state === "unknown") return `${service.unit}: ${service.reason}`;
  const failed = service.result === "success" ? "" : `, last end: ${service.result}`;
  const status = service.exitStatus === null || failed === "" ? "" : ` (exit status ${service.exitStatus})`;
  const boot = service.enabled ? "starts with the machine" : "does not start by itself";
  const restarts = service.restarts === 0 ? "" : `, started again ${service.restarts} times`;
  return `${service.unit} (${service.scope}): ${service.active}${failed}${status}${restarts}; ${boot}`;
}
