// From a file to a Config, in one order: read, parse, include, substitute, migrate, take the secrets out, validate,
// settle, check. Whatever is wrong is collected, so that a person sees all of it at once; nothing falls back to less.
import { basename, dirname, join } from "node:path";
import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import { sha256 } from "../base/ids.ts";
import { limits } from "../base/limits.ts";
import type { Environment } from "./environment.ts";
import { interpret } from "./interpret.ts";
import type { Interpreted, Overrides } from "./interpret.ts";
import type { StatePaths } from "./paths.ts";
import { readEnvironment } from "./read/dot-env.ts";
import { decodeText, readOwnFile } from "./read/file.ts";
import { resolveIncludes } from "./read/include.ts";
import { createFindings } from "./read/issue.ts";
import type { Findings, Issue, Notice } from "./read/issue.ts";
import { emptyBranch, parseTree } from "./read/tree.ts";
import type { Tree } from "./read/tree.ts";

export type LoadOptions = {
  readonly paths: StatePaths;
  readonly env: Environment;
  readonly overrides?: Overrides | undefined;
  /** What time it is for what ends; the system's where left out. */
  readonly clock?: Clock | undefined;
  /** Included files and `.env` as they were, by their path, in the place of what lies there now. */
  readonly held?: ReadonlyMap<string, Uint8Array> | undefined;
};

export type Loaded = LoadedConfig | InvalidConfig;

export type LoadedConfig = {
  readonly kind: "loaded";
  readonly config: Interpreted["config"];
  readonly lapsed: Interpreted["lapsed"];
  /** What the file says, before the environment and the command line have their say; what changes are told by. */
  readonly written: Interpreted["written"];
  /** Name → value. For the broker and nobody else. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly plain: Interpreted["plain"];
  readonly notices: readonly Notice[];
  /** Of the file as it is; the base of an edit, and what `status` compares. */
  readonly hash: string;
  /** `defaults` where there is no file. */
  readonly origin: "file" | "defaults";
  /** The config file and everything it includes. */
  readonly files: readonly string[];
  /** What was read, by path, `.env` among it: nothing for what is not there. */
  readonly sources: ReadonlyMap<string, Uint8Array>;
};

export type InvalidConfig = {
  readonly kind: "invalid";
  readonly issues: readonly Issue[];
  readonly notices: readonly Notice[];
  readonly hash: string;
  /** What it would be, where it is whole and only what it asks for is refused. */
  readonly meant?: LoadedConfig;
};

/** The hash of a config file that is not there. */
export const missingHash = sha256("");

export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const { configPath } = options.paths;
  const read = await readOwnFile(configPath, limits.configFileMaxBytes);
  if (read === undefined) return (await refuseEarlierName(configPath)) ?? loadBytes(undefined, options);
  if (read.ok) return loadBytes(read.value.bytes, options);
  const issues = [{ path: "", message: `the file ${read.reason}`, place: { file: configPath, line: 1, column: 1 } }];
  return { kind: "invalid", issues, notices: [], hash: missingHash };
}

const earlierNames = ["moltbot.json", "clawdbot.json"];

/** A file under an earlier name is somebody's config: starting with defaults beside it would lose what it says. */
async function refuseEarlierName(configPath: string): Promise<InvalidConfig | undefined> {
  for (const name of earlierNames) {
    const file = join(dirname(configPath), name);
    if ((await readOwnFile(file, limits.configFileMaxBytes)) === undefined) continue;
    const message = `this file is now called ${basename(configPath)}; run: mv ${file} ${configPath}`;
    return {
      kind: "invalid",
      issues: [{ path: "", message, place: { file, line: 1, column: 1 } }],
      notices: [],
      hash: missingHash,
    };
  }
  return undefined;
}

/** The same for content that is not in the file yet, or not any more. Undefined stands for no file. */
export async function loadBytes(bytes: Uint8Array | undefined, options: LoadOptions): Promise<Loaded> {
  const findings = createFindings();
  const { configPath } = options.paths;
  const contents = new Map<string, Uint8Array>();
  const tree = parseBytes(bytes, configPath, findings);
  const whole =
    tree === undefined
      ? undefined
      : await resolveIncludes(tree, configPath, { root: dirname(configPath), findings, contents, held: options.held });
  const { dotEnvPath } = options.paths;
  const heldEnv = options.held === undefined ? undefined : { content: options.held.get(dotEnvPath) };
  const { env, content: dotEnv } = await readEnvironment(dotEnvPath, options.env, { findings, held: heldEnv });
  const hash = hashOf(bytes);
  const made =
    whole === undefined
      ? undefined
      : interpret(whole, {
          paths: options.paths,
          overrides: options.overrides ?? {},
          env,
          now: (options.clock ?? systemClock).now(),
          findings,
        });
  const { issues, notices } = findings;
  if (made === undefined) return { kind: "invalid", issues, notices, hash };
  const loaded: LoadedConfig = {
    kind: "loaded",
    ...made,
    notices,
    hash,
    origin: bytes === undefined ? "defaults" : "file",
    files: [configPath, ...contents.keys()],
    sources: new Map([
      ...(bytes === undefined ? [] : [[configPath, bytes] as const]),
      ...contents,
      ...(dotEnv === undefined ? [] : [[dotEnvPath, dotEnv] as const]),
    ]),
  };
  return issues.length === 0 ? loaded : { kind: "invalid", issues, notices, hash, meant: loaded };
}

export function hashOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? missingHash : sha256(bytes);
}

function parseBytes(bytes: Uint8Array | undefined, file: string, findings: Findings): Tree | undefined {
  const place = { file, line: 1, column: 1 };
  if (bytes === undefined) return emptyBranch(place);
  const text = decodeText(bytes);
  if (!text.ok) {
    findings.refuse("", `the file ${text.reason}`, place);
    return undefined;
  }
  // Nothing but space and comments is a config without settings, as a new file is.
  if (text.value.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, "").trim() === "") return emptyBranch(place);
  const tree = parseTree(text.value, file, findings);
  if (tree === undefined || tree.kind === "object") return tree;
  findings.refuse("", "the file must hold one object { … }", place);
  return undefined;
}
