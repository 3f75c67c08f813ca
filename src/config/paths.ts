// Where everything is. Pure and light: every command needs it, so nothing heavy is imported here.
import { isAbsolute, join, resolve } from "node:path";
import { LoricaError } from "../base/errors.ts";
import { readVariable } from "./environment.ts";
import type { Environment, Variable } from "./environment.ts";

export type { Environment } from "./environment.ts";

export type StatePaths = {
  readonly home: string;
  readonly profile: string | undefined;
  readonly stateDir: string;
  readonly configPath: string;
  readonly lastGoodPath: string;
  readonly dotEnvPath: string;
  readonly settingsPath: string;
  readonly execApprovalsPath: string;
  readonly restartSentinelPath: string;
  readonly credentials: string;
  /** The broker's own file of secrets; nothing else opens it. */
  readonly secretsPath: string;
  readonly state: string;
  readonly database: string;
  readonly agents: string;
  readonly workspace: string;
  readonly media: string;
  readonly logs: string;
  readonly configAuditPath: string;
  readonly logPath: string;
  readonly run: string;
  readonly ownerSocket: string;
  readonly gatewaySocket: string;
  /** What the watchdog keeps: approved versions, what it put aside, what the owner has not read yet. */
  readonly watchdog: string;
  /** What the owner has stopped, and what belongs to incidents. */
  readonly incident: string;
  readonly cache: string;
  readonly skills: string;
  readonly memory: string;
  readonly identity: string;
  readonly deviceKeyPath: string;
  /** Where the printed service unit expects the command. */
  readonly binary: string;
};

export type PathInputs = {
  readonly env: Environment;
  /** The real home directory of the user. */
  readonly home: string;
  /** From `--profile`; comes before OPENCLAW_PROFILE. */
  readonly profile?: string | undefined;
};

const profilePattern = /^[a-z0-9][a-z0-9_-]{0,31}$/i;

/** OPENCLAW_STATE_DIR, else `.openclaw` or `.openclaw-<profile>` in OPENCLAW_HOME or the real home directory (CFG-027). */
export function resolvePaths(inputs: PathInputs): StatePaths {
  const home = absolute(inputs.env, "HOME") ?? inputs.home;
  const profile = parseProfile(inputs.profile ?? readVariable(inputs.env, "PROFILE"));
  const folder = profile === undefined ? ".openclaw" : `.openclaw-${profile}`;
  const stateDir = absolute(inputs.env, "STATE_DIR", home) ?? join(home, folder);
  const configPath = absolute(inputs.env, "CONFIG_PATH") ?? join(stateDir, "openclaw.json");
  const logs = join(stateDir, "logs");
  const run = join(stateDir, "run");
  const credentials = join(stateDir, "credentials");
  const identity = join(stateDir, "identity");
  return {
    home,
    profile,
    stateDir,
    configPath,
    lastGoodPath: `${configPath}.last-good`,
    dotEnvPath: join(stateDir, ".env"),
    settingsPath: join(stateDir, "settings.json"),
    execApprovalsPath: join(stateDir, "exec-approvals.json"),
    restartSentinelPath: join(stateDir, "restart-sentinel.json"),
    credentials,
    secretsPath: join(credentials, "secrets.json"),
    state: join(stateDir, "state"),
    database: join(stateDir, "state", "lorica.sqlite"),
    agents: absolute(inputs.env, "AGENT_DIR", home) ?? join(stateDir, "agents"),
    workspace: join(stateDir, "workspace"),
    media: join(stateDir, "media"),
    logs,
    configAuditPath: join(logs, "config-audit.jsonl"),
    logPath: join(logs, "gateway.jsonl"),
    run,
    ownerSocket: join(run, "owner.sock"),
    gatewaySocket: join(run, "gateway.sock"),
    watchdog: join(stateDir, "watchdog"),
    incident: join(stateDir, "incident"),
    cache: join(stateDir, "cache"),
    skills: join(stateDir, "skills"),
    memory: join(stateDir, "memory"),
    identity,
    deviceKeyPath: join(identity, "device.json"),
    binary: join(stateDir, "bin", "openclaw"),
  };
}

/** `~` and `~/…` in a configured path. */
export function expandHome(path: string, home: string): string {
  if (path === "~") return home;
  return path.startsWith("~/") ? join(home, path.slice(2)) : path;
}

/** The workspace of an agent that has none configured: the default agent's own, or one beside it. */
export function defaultWorkspace(paths: StatePaths, agentId: string, isDefault: boolean): string {
  return isDefault ? paths.workspace : `${paths.workspace}-${agentId}`;
}

/**
 * Where the gateways of a user meet, whatever their state directories are (GW-043). A service may write little of a home
 * directory, and this much it may always.
 */
export function lockMeetingDir(home: string): string {
  return join(home, ".openclaw", "run", "locks");
}

function parseProfile(name: string | undefined): string | undefined {
  if (name === undefined || name === "default") return undefined;
  if (profilePattern.test(name)) return name;
  throw new LoricaError(
    "invalid_request",
    `not a profile name: ${JSON.stringify(name)}. Use letters, digits, - and _, at most 32.`,
  );
}

/** A relative path would mean something else in every directory that a command is typed in, so it is refused. */
function absolute(env: Environment, variable: Variable, home?: string): string | undefined {
  const value = readVariable(env, variable);
  if (value === undefined) return undefined;
  const path = home === undefined ? value : expandHome(value, home);
  if (path.includes("\0") || !isAbsolute(path))
    throw new LoricaError(
      "invalid_request",
      `OPENCLAW_${variable} must be an absolute path; it is ${JSON.stringify(value)}.`,
    );
  return resolve(path);
}
