// Tries the walls at start: what the sandbox holds on this host is shown, not assumed. Anything that cannot be shown
// means that there is no sandbox, and with it no exec and no file tools.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { LoricaError } from "../../base/errors.ts";
import { encodeActs, forbiddenActs, homeOf, interpreter, parseOutcomes } from "../../sandbox/sandbox.ts";
import type { Act, CellGroups, CellProfile, Outcome, SandboxStatus, Wall } from "../../sandbox/sandbox.ts";
import { findBwrap, spawnClean } from "../spawn.ts";
import { explainFailure, missingPrograms } from "./diagnosis.ts";
import { prepareCellHost } from "./host.ts";
import type { CellPlace } from "./pool.ts";
import { startCell } from "./process.ts";

export type ProbeOptions = {
  readonly node: string;
  readonly codeDir: string;
  readonly cacheDir: string;
  readonly home: string;
  readonly profile: CellProfile;
  readonly groups?: CellGroups;
};

export type VerifiedHost = Pick<CellPlace, "bwrap" | "host">;

export type ProbeResult = { readonly status: SandboxStatus; readonly host: VerifiedHost | undefined };

const perl = "/usr/bin/perl";
const probeTimeoutMs = 20_000;

export async function probeSandbox(options: ProbeOptions, signal: AbortSignal): Promise<ProbeResult> {
  const bwrap = findBwrap();
  const lack = missingPrograms(bwrap);
  if (lack !== undefined || bwrap === undefined) return off(lack ?? explainFailure("bubblewrap is missing"), []);
  const place = join(options.cacheDir, "probe");
  try {
    // A broker that was killed while it tried has left its own.
    await rm(place, { recursive: true, force: true });
    const host = await prepareCellHost({ ...options, bwrap }, signal);
    const walls = await tryWalls(options, { place, location: { ...options, bwrap, host } }, signal);
    const fallen = walls.filter((wall) => !wall.held);
    if (fallen.length === 0) return { status: { kind: "verified", walls }, host: { bwrap, host } };
    const names = fallen.map((wall) => wall.name).join(", ");
    return off(
      { reason: `on this host a sandboxed command could: ${names}`, fix: "lorica doctor shows each wall" },
      walls,
    );
  } catch (error) {
    if (signal.aborted) throw error;
    return off(explainFailure(error instanceof Error ? error.message : String(error)), []);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

function off(why: { readonly reason: string; readonly fix: string }, walls: readonly Wall[]): ProbeResult {
  return { status: { kind: "off", ...why, walls }, host: undefined };
}

async function tryWalls(
  options: ProbeOptions,
  { place, location }: { readonly place: string; readonly location: CellPlace },
  signal: AbortSignal,
): Promise<readonly Wall[]> {
  const workspace = join(place, "workspace");
  const canary = join(place, "canary");
  await mkdir(workspace, { recursive: true, mode: 0o700 });
  await writeFile(canary, "planted by the boot probe", { mode: 0o600 });
  await writeFile(join(workspace, "acts.pl"), interpreter);
  const listener = await listen();
  try {
    const { port } = listener.address() as AddressInfo;
    const cellVariables = [
      "NODE_COMPILE_CACHE",
      "HOME",
      "PWD",
      "OLDPWD",
      "SHLVL",
      "_",
      ...Object.keys(options.profile.environment),
    ];
    const acts = forbiddenActs({ canary, home: homeOf(options), port, cellVariables }, process.arch);
    const [outside, inside] = await Promise.all([
      performOutside(
        acts.filter((act) => act.outside !== "skip"),
        workspace,
        signal,
      ),
      performInside(acts, { workspace, location }, signal),
    ]);
    return acts.map((act) => judge(act, inside.get(act.name), outside.get(act.name)));
  } finally {
    listener.close();
  }
}

/** With the exact profile, over the exact way that commands take. */
async function performInside(
  acts: readonly Act[],
  { workspace, location }: { readonly workspace: string; readonly location: CellPlace },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Outcome>> {
  await writeFile(join(workspace, "acts.txt"), encodeActs(acts));
  const settings = { workspace, access: "rw" } as const;
  const cell = await startCell({ ...location, settings, onGone: () => undefined }, signal);
  try {
    const result = await cell.commands.run(
      {
        command: `${perl} acts.pl < acts.txt`,
        cwd: ".",
        timeoutMs: probeTimeoutMs,
        terminal: "none",
        mode: "foreground",
      },
      () => undefined,
      signal,
    );
    return outcomesOf(result.kind === "started" ? "" : result.output);
  } finally {
    await cell.close();
  }
}

async function performOutside(
  acts: readonly Act[],
  workspace: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Outcome>> {
  const child = spawnClean({ file: perl, args: [join(workspace, "acts.pl")], stdio: ["pipe", "pipe", "ignore"] });
  const kill = (): void => void child.kill("SIGKILL");
  const timer = setTimeout(kill, probeTimeoutMs);
  signal.addEventListener("abort", kill, { once: true });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  // It may be gone before it has read everything; what it has not answered counts as not shown.
  child.stdin?.on("error", () => undefined).end(encodeActs(acts));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  clearTimeout(timer);
  signal.removeEventListener("abort", kill);
  return outcomesOf(output);
}

function outcomesOf(text: string): ReadonlyMap<string, Outcome> {
  const outcomes = parseOutcomes(text);
  if (!outcomes.ok) throw new LoricaError("unavailable", `the probe could not run: ${outcomes.reason}`);
  return outcomes.value;
}

/** Exported for its vectors. */
export function judge(act: Act, inside: Outcome | undefined, outside: Outcome | undefined): Wall {
  const detail = `inside: ${show(inside)}${act.outside === "skip" ? "" : `; outside: ${show(outside)}`}`;
  const meansSomething = act.outside !== "works" || outside?.kind === "worked";
  return { name: act.name, held: meansSomething && isAsItMustBe(act, inside, outside), detail };
}

function isAsItMustBe({ inside: wanted }: Act, inside: Outcome | undefined, outside: Outcome | undefined): boolean {
  if (inside === undefined) return false;
  if (wanted === "works") return inside.kind === "worked";
  if (wanted === "differs") return show(inside) !== show(outside);
  if (typeof wanted === "function") return inside.kind === "worked" && wanted(inside.value);
  return inside.kind === "failed" && wanted.fails.includes(inside.errno);
}

function show(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "not answered";
  if (outcome.kind === "failed") return outcome.errno;
  return outcome.value === "" ? "worked" : `worked (${outcome.value})`;
}

/** Accepts connections and drops them: that one was made is all that is asked. */
async function listen(): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}
