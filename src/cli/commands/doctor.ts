// `doctor`: looks at everything that a person would be asked about in a report, and says what to do about what is wrong.
// It changes nothing.
import { access, constants, stat, statfs } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { errnoOf, LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Invocation } from "../context.ts";
import { diagnose } from "../diagnosis.ts";
import { commandLine, withOwner, withRunningOwner } from "../reach.ts";
import { renderBytes, renderTable } from "../text.ts";

type Check = {
  readonly name: string;
  readonly verdict: "ok" | "note" | "wrong";
  readonly what: string;
  readonly fix?: string;
};

export async function doctor(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const checks = await io.progress("looking", examine(invocation));
  io.result(checks, () => {
    const signs = { ok: io.style("green", "✓"), note: io.style("yellow", "–"), wrong: io.style("red", "✗") };
    const rows = checks.map((check) => [signs[check.verdict], check.name, advised(check)]);
    for (const line of renderTable(rows, { width: Infinity })) io.line(line);
  });
  const wrong = checks.filter((check) => check.verdict === "wrong").length;
  if (wrong > 0) throw new LoricaError("unavailable", `${wrong} of ${checks.length} checks found something wrong`);
}

function advised({ what, fix }: Check): string {
  return fix === undefined ? what : `${what}${what.includes("\n") ? "\n" : ". "}${fix}`;
}

async function examine(invocation: Invocation): Promise<readonly Check[]> {
  return [
    checkNode(),
    ...(await checkPrograms(invocation)),
    await checkStateDir(invocation),
    await checkDisk(invocation),
    ...(await checkDatabase(invocation)),
    await checkConfig(invocation),
    await checkGateway(invocation),
    ...(await checkSandbox(invocation)),
  ];
}

function checkNode(): Check {
  return { name: "node", verdict: "ok", what: process.versions.node };
}

/** What the sandbox needs, and what most people expect an agent's commands to find. */
async function checkPrograms({ context }: Invocation): Promise<Check[]> {
  const wanted = [
    { program: "bwrap", packageName: "bubblewrap", needed: true },
    { program: "git", packageName: "git", needed: false },
    { program: "python3", packageName: "python3", needed: false },
    { program: "make", packageName: "make", needed: false },
  ];
  const folders = (context.env["PATH"] ?? "/usr/bin:/bin").split(delimiter);
  return Promise.all(
    wanted.map(async ({ program, packageName, needed }): Promise<Check> => {
      const found = await findProgram(program, folders);
      if (found !== undefined) return { name: program, verdict: "ok", what: found };
      const what = needed
        ? "not installed, so commands and file tools are off"
        : "not installed; the agent's commands will miss it";
      const fix = `To install it: sudo apt-get install -y --no-install-recommends ${packageName}`;
      return { name: program, verdict: needed ? "wrong" : "note", what, fix };
    }),
  );
}

async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not here; perhaps in the next folder.
    }
  }
  return undefined;
}

async function checkStateDir({ paths }: Invocation): Promise<Check> {
  const name = "state";
  try {
    const { mode, uid } = await stat(paths.stateDir);
    if (uid !== process.getuid?.())
      return {
        name,
        verdict: "wrong",
        what: `${paths.stateDir} belongs to another user`,
        fix: "chown it to the user who runs Lorica",
      };
    if ((mode & 0o077) !== 0)
      return {
        name,
        verdict: "wrong",
        what: `${paths.stateDir} is open to other users`,
        fix: `chmod 700 ${paths.stateDir}`,
      };
    return { name, verdict: "ok", what: paths.stateDir };
  } catch (error) {
    if (errnoOf(error) === "ENOENT")
      return { name, verdict: "note", what: `${paths.stateDir} does not exist yet; the first start makes it` };
    return { name, verdict: "wrong", what: `${paths.stateDir} cannot be read (${errnoOf(error)})` };
  }
}

/** Opens everything that is sealed once; where no gateway runs there is nobody who could. */
async function checkDatabase(invocation: Invocation): Promise<readonly Check[]> {
  const name = "database";
  const found = await withRunningOwner(invocation, (owner) =>
    owner === undefined ? Promise.resolve(undefined) : owner.call("state.check", {}, limits.stateCheckTimeoutMs),
  ).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  if (found === undefined) return [];
  if (found instanceof Error) return [{ name, verdict: "note", what: `could not be looked at: ${found.message}` }];
  if (found.damage.length === 0) return [{ name, verdict: "ok", what: "every sealed part of it opens" }];
  const lines = found.damage.map(({ what, sessionKey }) => (sessionKey === null ? what : `${what} (${sessionKey})`));
  const fix = `The rest is in use. To get them back: ${commandLine(invocation, "backup restore")}`;
  return [{ name, verdict: "wrong", what: [`${lines.length} parts are damaged:`, ...lines].join("\n"), fix }];
}

async function checkDisk({ paths }: Invocation): Promise<Check> {
  const name = "disk";
  try {
    const { bavail, bsize } = await statfs(paths.stateDir).catch(() => statfs(paths.home));
    const free = bavail * bsize;
    const what = `${renderBytes(free)} free`;
    return free < limits.diskFreeMinBytes
      ? { name, verdict: "wrong", what, fix: "make room: nothing can be stored" }
      : { name, verdict: "ok", what };
  } catch (error) {
    return { name, verdict: "note", what: `the free space is not known (${errnoOf(error)})` };
  }
}

async function checkConfig(invocation: Invocation): Promise<Check> {
  const name = "config";
  try {
    const view = await withOwner(invocation, (owner) => owner.call("config.get", {}));
    if (!view.valid)
      return {
        name,
        verdict: "wrong",
        what: [`${view.path} is not valid:`, ...view.issues].join("\n"),
        fix: `To go back to the last good one: ${commandLine(invocation, "config rollback")}`,
      };
    const there = view.exists ? view.path : `${view.path} does not exist, and the defaults hold`;
    return { name, verdict: view.notices.length === 0 ? "ok" : "note", what: [there, ...view.notices].join("\n") };
  } catch (error) {
    return { name, verdict: "wrong", what: error instanceof Error ? error.message : String(error) };
  }
}

async function checkGateway(invocation: Invocation): Promise<Check> {
  const { state, summary, advice } = await diagnose(invocation);
  const verdict = state === "running" ? "ok" : state === "not_running" ? "note" : "wrong";
  return { name: "gateway", verdict, what: summary, ...(advice === undefined ? {} : { fix: `To do: ${advice}` }) };
}

async function checkSandbox(invocation: Invocation): Promise<Check[]> {
  const status = await withRunningOwner(invocation, async (owner) => owner?.call("owner.status", {})).catch(
    () => undefined,
  );
  if (status === undefined) return [];
  const { sandbox, listen } = status;
  const exposed = listen !== null && !["127.0.0.1", "::1", "localhost"].includes(listen.host);
  const verified = sandbox.state === "verified";
  return [
    verified
      ? { name: "sandbox", verdict: "ok", what: `verified: ${sandbox.walls.length} walls held` }
      : {
          name: "sandbox",
          verdict: "wrong",
          what: `off: ${sandbox.reason ?? "not verified"}`,
          ...(sandbox.fix === null ? {} : { fix: sandbox.fix }),
        },
    exposed
      ? {
          name: "exposure",
          verdict: "wrong",
          what: `it listens on ${listen.host}, where others can reach it`,
          fix: `${commandLine(invocation, "config set gateway.bind loopback")}`,
        }
      : { name: "exposure", verdict: "ok", what: "it listens on this machine only" },
  ];
}
