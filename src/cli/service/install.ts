// Makes the gateway a service of the user's own systemd, and takes it away again.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { LoricaError } from "../../base/errors.ts";
import { listAgents, loadConfig, lockMeetingDir } from "../../config/config.ts";
import type { Invocation } from "../context.ts";
import { commandLine } from "../reach.ts";
import { announce } from "./announce.ts";
import { installBinary, programPath, readIfThere } from "./binary.ts";
import { findService, orderService, userUnitPath } from "./service.ts";
import type { InstalledService } from "./service.ts";
import { createTools } from "./tools.ts";
import { renderUnit, unitMark } from "./unit.ts";

export type Installed = {
  readonly unit: string;
  readonly file: string;
  /** `yes`: it runs without a login. Else what has to be done, and by whom. */
  readonly linger: "yes" | { readonly advice: string };
  readonly warnings: readonly string[];
};

export type InstallOptions = {
  readonly port: number | undefined;
  /** A unit that somebody wrote by hand is replaced only then. */
  readonly replace: "only our own" | "any unit";
};

/** Writes the unit and has systemd know and start it with every login, or with the machine. Does not start it yet. */
export async function installService(invocation: Invocation, options: InstallOptions): Promise<Installed> {
  refuseWithoutSystemd(invocation, await findService(invocation));
  const file = userUnitPath(invocation);
  const unit = basename(file);
  const before = await readIfThere(file);
  if (before !== undefined && !before.startsWith(unitMark) && options.replace === "only our own")
    throw new LoricaError(
      "conflict",
      `${file} was not written by Lorica, so it was left alone. It is used as it is by \`gateway start\`; --force replaces it`,
    );
  await installBinary(invocation);
  const writable = await prepareFolders(invocation);
  const text = renderUnit({
    scope: "user",
    profile: invocation.paths.profile,
    command: commandOf(invocation, invocation.paths.binary, options.port),
    writable,
    environment: placesOf(invocation),
  });
  await announce(invocation, [{ path: file, text }]);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, text, { mode: 0o644 });
  const order = (words: readonly string[]) => orderService(invocation, { scope: "user", unit }, words);
  try {
    await order(["daemon-reload"]);
    await order(["enable"]);
  } catch (error) {
    // Half a service would be found at the next command, and none could start it.
    await announce(invocation, [{ path: file, text: before ?? null }]);
    if (before === undefined) await rm(file, { force: true });
    else await writeFile(file, before);
    throw error;
  }
  return { unit, file, linger: await letLinger(invocation), warnings: warningsOf(invocation) };
}

function refuseWithoutSystemd({ context }: Invocation, service: Awaited<ReturnType<typeof findService>>): void {
  if (process.platform !== "linux")
    throw new LoricaError("not_built", "services are built for systemd; on this system `up` starts the gateway");
  if (service.state === "installed" && service.scope === "system")
    throw new LoricaError(
      "conflict",
      `the gateway is a service of the system already (${service.file}). As root: ${context.program} gateway uninstall`,
    );
}

/** The unit by which the system's own systemd runs the gateway as this user. Only root can put it where it belongs. */
export async function renderSystemUnit(invocation: Invocation, port: number | undefined): Promise<string> {
  return renderUnit({
    scope: "system",
    profile: invocation.paths.profile,
    command: commandOf(invocation, await programPath(invocation.context), port),
    writable: await prepareFolders(invocation),
    environment: placesOf(invocation),
    user: userInfo().username,
  });
}

function commandOf({ paths }: Invocation, program: string, port: number | undefined): readonly string[] {
  return [
    program,
    "gateway",
    "run",
    ...(paths.profile === undefined ? [] : ["--profile", paths.profile]),
    ...(port === undefined ? [] : ["--port", String(port)]),
  ];
}

/** Variables that say where this gateway's things are. A service starts without those of a login. */
const placeVariables = ["OPENCLAW_HOME", "OPENCLAW_STATE_DIR", "OPENCLAW_CONFIG_PATH", "OPENCLAW_AGENT_DIR"];

function placesOf({ context }: Invocation): Readonly<Record<string, string>> {
  const given = placeVariables.flatMap((name) => {
    const value = context.env[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}

/** Whatever the gateway writes. A folder that is missing when the service starts would keep it from starting. */
async function prepareFolders({ context, paths }: Invocation): Promise<readonly string[]> {
  const home = context.env["HOME"] ?? paths.home;
  const loaded = await loadConfig({ paths, env: context.env });
  if (loaded.kind !== "loaded")
    throw new LoricaError(
      "config_invalid",
      "the config is not valid, so no service was installed; `config validate` says where",
    );
  const workspaces = listAgents(loaded.config, paths).map((agent) => agent.workspace);
  const log = loaded.config.logging.file;
  const folders = [
    paths.stateDir,
    dirname(paths.configPath),
    lockMeetingDir(paths.home),
    // Compiled code; without it every start is slower.
    join(home, ".cache", "lorica"),
    // The vault's key, which a new one takes the place of.
    join(context.env["XDG_CONFIG_HOME"] ?? join(home, ".config"), "lorica"),
    paths.agents,
    ...workspaces,
    ...(log === undefined ? [] : [dirname(log)]),
  ];
  for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o700 });
  return outermost(folders);
}

function outermost(folders: readonly string[]): readonly string[] {
  const all = [...new Set(folders)];
  return all.filter((folder) => !all.some((other) => other !== folder && folder.startsWith(`${other}/`))).toSorted();
}

/** Without it the user's systemd, and the gateway with it, ends with the last login. */
async function letLinger({ context, signal }: Invocation): Promise<Installed["linger"]> {
  const tools = createTools(context.env, signal);
  const { username } = userInfo();
  const before = await tools("loginctl", ["show-user", username, "--property=Linger"]);
  if (before?.stdout.trim() === "Linger=yes") return "yes";
  const done = await tools("loginctl", ["enable-linger", username]);
  if (done?.exit === 0) return "yes";
  return {
    advice: `the gateway ends when you log out, unless root allows more: sudo loginctl enable-linger ${username}`,
  };
}

/** What works in this shell and will not in the service. */
function warningsOf(invocation: Invocation): readonly string[] {
  const { context } = invocation;
  const names = Object.keys(context.env).filter(
    (name) =>
      /(_API_KEY|_TOKEN|_PASSWORD)$/.test(name) &&
      /^(OPENCLAW|CLAWDBOT|MOLTBOT|GATEWAY|TELEGRAM|[A-Z]+_API_KEY)/.test(name),
  );
  if (names.length === 0) return [];
  return [
    `the service does not see this shell's variables (${names.join(", ")}). Keep such values with: ${commandLine(invocation, "secret set NAME")}, or in ${invocation.paths.dotEnvPath}`,
  ];
}

/** False where there was none. The gateway has been stopped with it. */
export async function uninstallService(invocation: Invocation): Promise<string | undefined> {
  const service = await findService(invocation);
  if (service.state === "absent") return undefined;
  if (service.state === "unknown")
    throw new LoricaError("unavailable", `${service.reason}, so ${service.file} was left alone`);
  if (service.scope === "system") throw rootsOwn(service);
  const before = await readFile(service.file, "utf8");
  await orderService(invocation, service, ["disable", "--now"]);
  // Somebody's own unit is switched off and stays theirs.
  if (before.startsWith(unitMark)) {
    await announce(invocation, [{ path: service.file, text: null }]);
    await rm(service.file, { force: true });
  }
  await orderService(invocation, service, ["daemon-reload"]);
  return service.file;
}

function rootsOwn({ file }: InstalledService): LoricaError {
  return new LoricaError(
    "forbidden",
    `${file} is the system's service; only root can remove it: lorica gateway uninstall, as root`,
  );
}
