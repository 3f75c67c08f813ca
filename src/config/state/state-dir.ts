// The state directory: made so that nobody else can look into it, and checked at each start. What another program
// wrote there is recognised and never touched.
import type { Stats } from "node:fs";
import { chmod, lstat, mkdir, readdir, realpath } from "node:fs/promises";
import { userInfo } from "node:os";
import { join, sep } from "node:path";
import { errnoOf, isMissing, LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { freeBytes, requireDisk } from "../keep/atomic.ts";
import type { StatePaths } from "../paths.ts";
import type { Notice } from "../read/issue.ts";

const socketPathMaxBytes = 107;
const diskLowFactor = 8;

/** Folders whose content is copied to somebody else's machine, by the names that their programs give them. */
const syncedFolders =
  /^(dropbox|onedrive.*|google ?drive.*|my drive|icloud.*|mobile documents|cloudstorage|box|box sync|pcloud ?drive|nextcloud|owncloud|mega|syncthing)$/i;

/** What the other program leaves behind, at the places where it does. */
const foreignFiles = [
  "state/openclaw.sqlite",
  "devices/paired.json",
  "devices/pending.json",
  "identity/device-auth.json",
  "nodes/paired.json",
  "cron/jobs.json",
  "config-journal-fingerprint.key",
] as const;
const foreignAgentFiles = ["agent/openclaw-agent.sqlite", "agent/auth-profiles.json"] as const;
/** Lorica's own mirror writes this too, so it says something only where Lorica has never been. */
const foreignUnlessOurs = ["sessions/sessions.json"] as const;

/** Makes the layout, tightens what is too open, and throws for a directory that Lorica must not use. */
export async function prepareStateDir(paths: StatePaths): Promise<readonly Notice[]> {
  const notices: Notice[] = [];
  await refuseUnsafePlace(paths);
  await refuseForeignState(paths);
  const folders = [
    paths.stateDir,
    paths.credentials,
    paths.state,
    paths.agents,
    paths.workspace,
    paths.media,
    paths.logs,
    paths.run,
    paths.watchdog,
    paths.incident,
    paths.cache,
  ];
  for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const folder of folders) await tighten(folder, 0o700, notices);
  for (const file of await privateFiles(paths)) await tighten(file, 0o600, notices);
  await requireDisk(paths.stateDir);
  if ((await freeBytes(paths.stateDir)) < limits.diskFreeMinBytes * diskLowFactor)
    notices.push({ path: paths.stateDir, message: "the disk is nearly full; old logs and sessions are worth a look" });
  return notices;
}

async function refuseUnsafePlace({ stateDir, gatewaySocket }: StatePaths): Promise<void> {
  if (Buffer.byteLength(gatewaySocket) > socketPathMaxBytes)
    throw new LoricaError(
      "invalid_request",
      `${gatewaySocket} is too long for a socket. Set OPENCLAW_STATE_DIR to a shorter path.`,
    );
  const stat = await statOf(stateDir);
  if (stat?.isSymbolicLink() === true)
    throw new LoricaError(
      "forbidden",
      `${stateDir} is a symbolic link. Put the directory itself there, or set OPENCLAW_STATE_DIR to where it is.`,
    );
  if (stat !== undefined && !stat.isDirectory()) throw new LoricaError("conflict", `${stateDir} is not a directory.`);
  if (stat !== undefined && stat.uid !== userInfo().uid)
    throw new LoricaError(
      "forbidden",
      `${stateDir} belongs to another user. Run lorica as that user, or set OPENCLAW_STATE_DIR.`,
    );
  const synced = (await nearestRealPath(stateDir)).split(sep).find((part) => syncedFolders.test(part));
  if (synced !== undefined)
    throw new LoricaError(
      "forbidden",
      `${stateDir} is inside ${synced}, which copies it to other machines: keys and messages would leave this one, and the database would break. Set OPENCLAW_STATE_DIR to a local directory.`,
    );
}

/** The real path of what exists of it: the rest is still to be made. */
async function nearestRealPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (!isMissing(cause))
      throw new LoricaError("internal", `cannot look at ${path}: ${errnoOf(cause) ?? "unknown error"}`, { cause });
    return join(await nearestRealPath(join(path, "..")), path.slice(path.lastIndexOf(sep) + 1));
  }
}

/** Reads nothing and changes nothing: names are enough to know whose directory it is. */
export async function findForeignState(paths: StatePaths): Promise<readonly string[]> {
  const ours = (await statOf(paths.database)) !== undefined;
  const agents = await namesIn(join(paths.stateDir, "agents"));
  const inAgents = [...foreignAgentFiles, ...(ours ? [] : foreignUnlessOurs)];
  const wanted = [...foreignFiles, ...agents.flatMap((agent) => inAgents.map((file) => `agents/${agent}/${file}`))];
  const found: string[] = [];
  for (const file of wanted) if ((await statOf(join(paths.stateDir, file))) !== undefined) found.push(file);
  return found;
}

async function refuseForeignState(paths: StatePaths): Promise<void> {
  const found = await findForeignState(paths);
  if (found.length === 0) return;
  const hasConfig = (await statOf(paths.configPath)) !== undefined;
  const lines = [
    `${paths.stateDir} holds the state of another program of this name (${found.slice(0, 3).join(", ")}). Lorica leaves it as it is. Give Lorica a directory of its own, then bring over what you want to keep:`,
    `  export OPENCLAW_STATE_DIR="${paths.stateDir}-lorica"`,
    `  mkdir -m 700 "$OPENCLAW_STATE_DIR"`,
    ...(hasConfig ? [`  install -m 600 "${paths.configPath}" "$OPENCLAW_STATE_DIR/openclaw.json"`] : []),
    ...(hasConfig ? ["  lorica config validate"] : []),
    "  lorica up",
    `  for file in "${paths.agents}"/*/sessions/*.jsonl; do lorica sessions import "$file"; done`,
  ];
  throw new LoricaError("conflict", lines.join("\n"), { details: { found } });
}

async function privateFiles(paths: StatePaths): Promise<readonly string[]> {
  const names = await namesIn(paths.stateDir);
  const top = names.filter((name) => name.startsWith("openclaw.json") || name === ".env" || name.endsWith(".json"));
  const inside = await Promise.all(
    [paths.credentials, paths.state].map(async (folder) => (await namesIn(folder)).map((name) => join(folder, name))),
  );
  return [paths.configPath, ...top.map((name) => join(paths.stateDir, name)), ...inside.flat()];
}

/** Takes away what others may do with a path. A link is left alone: what it points to is not ours to change. */
async function tighten(path: string, mode: number, notices: Notice[]): Promise<void> {
  const stat = await statOf(path);
  if (stat === undefined || stat.isSymbolicLink() || (mode === 0o600) !== stat.isFile()) return;
  if ((stat.mode & 0o777 & ~mode) === 0) return;
  await chmod(path, mode);
  const [was, is] = [(stat.mode & 0o777).toString(8), mode.toString(8)];
  notices.push({ path, message: `could be reached by other users (mode ${was}); it is ${is} now` });
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (isMissing(cause) || errnoOf(cause) === "ENOTDIR") return undefined;
    throw new LoricaError("internal", `cannot look at ${path}: ${errnoOf(cause) ?? "unknown error"}`, { cause });
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).slice(0, limits.stateDirEntriesMax);
  } catch (cause) {
    if (isMissing(cause) || errnoOf(cause) === "ENOTDIR") return [];
    throw new LoricaError("internal", `cannot read ${folder}: ${errnoOf(cause) ?? "unknown error"}`, { cause });
  }
}
