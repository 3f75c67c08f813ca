// An installation of upstream that somebody else made, run with a home of its own. Nothing of it is changed.
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** They take seconds to begin, and far longer where a machine is busy. */
const commandTimeoutMs = 180_000;

export type Printed = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Peer = {
  readonly version: string;
  /** The folder of its page. */
  readonly page: string;
  /** What one of its programs is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** `openclaw <words>` as a command line. */
  command(...words: readonly string[]): readonly string[];
  /** The same, to its end. */
  run(...words: readonly string[]): Promise<Printed>;
  start(words: readonly string[], extra?: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams;
  writeConfig(config: Readonly<Record<string, unknown>>): void;
  remove(): void;
};

const folder = process.env["OPENCLAW_PEER"];

/** Why upstream's clients cannot be tried here; undefined where they can. */
export const whyNoPeer = whyNot(folder);

function whyNot(named: string | undefined): string | undefined {
  if (named === undefined) return "OPENCLAW_PEER names no folder in which `npm install openclaw` was run";
  const program = join(resolve(named), "node_modules/openclaw/openclaw.mjs");
  return existsSync(program) ? undefined : `${program} is not there, where OPENCLAW_PEER says that upstream is`;
}

export function createPeer(): Peer {
  if (folder === undefined || whyNoPeer !== undefined) throw new Error(whyNoPeer);
  const installed = join(resolve(folder), "node_modules/openclaw");
  const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as { version: string };
  const home = mkdtempSync(join(tmpdir(), "lorica-peer-"));
  const state = join(home, ".openclaw");
  mkdirSync(state, { mode: 0o700 });
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: home,
    TMPDIR: home,
    OPENCLAW_STATE_DIR: state,
    NO_COLOR: "1",
    // Otherwise each start looks for a newer one of itself.
    OPENCLAW_NO_AUTO_UPDATE: "1",
  };
  const command = (...words: readonly string[]): readonly string[] => [
    process.execPath,
    join(installed, "openclaw.mjs"),
    ...words,
  ];
  const start: Peer["start"] = (words, extra = {}) => {
    const [program = process.execPath, ...rest] = command(...words);
    return spawn(program, rest, { env: { ...env, ...extra }, cwd: home, stdio: "pipe" });
  };
  return {
    version,
    page: join(installed, "dist/control-ui"),
    env,
    command,
    start,
    run: (...words) => toEnd(start(words)),
    writeConfig: (config) => writeFileSync(join(state, "openclaw.json"), JSON.stringify(config), { mode: 0o600 }),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

async function toEnd(child: ChildProcessWithoutNullStreams): Promise<Printed> {
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), commandTimeoutMs);
  const code = await new Promise<number | null>((done) => child.once("close", done));
  clearTimeout(timer);
  return { code, stdout, stderr };
}
