// Finding files by name and by content: one walk for both, bounded in entries, results and time, and able to stop.
import { readdirSync, statSync } from "node:fs";
import type { Dirent } from "node:fs";
import { join, relative } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { FileFailure, failureOf } from "./failure.ts";
import { compileGlob } from "./glob.ts";
import { readWhole } from "./read.ts";
import type { FileBounds } from "../settings.ts";

export type Search = {
  readonly root: string;
  /** How the root is written in answers; empty where it is the workspace. */
  readonly shown: string;
  readonly bounds: FileBounds;
  readonly isCancelled: () => boolean;
};

export type Matches = { readonly lines: readonly string[]; readonly truncated: boolean };

/** Folders that no search means, unless the pattern names them. */
const passedOver = [".git", "node_modules"];
const pathsBetweenYields = 200;

export async function findPaths(pattern: string, search: Search): Promise<Matches> {
  const matcher = compileGlob(pattern);
  const results = createResults(search.bounds);
  let truncated = false;
  const walked = await walk(
    search,
    passedOver.filter((name) => !pattern.includes(name)),
    (path) => {
      if (!matcher.test(path)) return "go on";
      truncated = !results.add(shownPath(search, path), search.bounds.globResultsMax);
      return truncated ? "stop" : "go on";
    },
  );
  return { lines: results.lines.toSorted(), truncated: truncated || walked === "cut short" };
}

export async function findLines(
  wanted: { readonly pattern: string; readonly include: string; readonly ignoreCase: boolean },
  search: Search,
): Promise<Matches> {
  const expression = compileExpression(wanted.pattern, wanted.ignoreCase);
  const matcher =
    wanted.include === ""
      ? undefined
      : compileGlob(wanted.include.includes("/") ? wanted.include : `**/${wanted.include}`);
  const results = createResults(search.bounds);
  const { lines } = results;
  let truncated = false;
  const visit = (path: string): "go on" | "stop" => {
    if (matcher !== undefined && path !== "" && !matcher.test(path)) return "go on";
    truncated = !addMatches(results, expression, { path, search });
    return truncated ? "stop" : "go on";
  };
  if (!isFolder(search.root)) {
    visit("");
    return { lines, truncated };
  }
  const walked = await walk(
    search,
    passedOver.filter((name) => !wanted.include.includes(name)),
    visit,
  );
  return { lines, truncated: truncated || walked === "cut short" };
}

type Results = {
  readonly lines: readonly string[];
  /** False where there is no room for it: an answer is bounded in lines and in size. */
  add(line: string, linesMax: number): boolean;
};

function createResults({ matchesMaxChars }: FileBounds): Results {
  const lines: string[] = [];
  let chars = 0;
  return {
    lines,
    add(line, linesMax) {
      chars += line.length + 1;
      if (lines.length >= linesMax || chars > matchesMaxChars) return false;
      lines.push(line);
      return true;
    },
  };
}

function compileExpression(pattern: string, ignoreCase: boolean): RegExp {
  try {
    return new RegExp(pattern, ignoreCase ? "i" : "");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FileFailure("invalid_request", `not a regular expression: ${reason}`);
  }
}

/** False once there is no room for more. A file that cannot be read as text has no lines. */
function addMatches(
  results: Results,
  expression: RegExp,
  { path, search }: { readonly path: string; readonly search: Search },
): boolean {
  const { bounds } = search;
  const text = textOf(join(search.root, path), bounds);
  if (text === undefined || text === "") return true;
  let number = 0;
  // What follows the last newline is no line.
  for (const line of (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n")) {
    number += 1;
    if (!expression.test(line)) continue;
    const match = `${shownPath(search, path)}:${number}: ${line.slice(0, bounds.grepLineMaxChars).trimEnd()}`;
    if (!results.add(match, bounds.grepResultsMax)) return false;
  }
  return true;
}

function textOf(path: string, bounds: FileBounds): string | undefined {
  try {
    const file = readWhole(path, bounds.grepFileMaxBytes);
    if (file === undefined || file.bytes.subarray(0, 8_192).includes(0)) return undefined;
    return file.bytes.toString("utf8");
  } catch (error) {
    // Unreadable, gone since it was listed, or not a regular file: a search goes on without it.
    if (failureOf(error, path) === undefined) throw error;
    return undefined;
  }
}

/** Files below the root, parents first, names in order. A link is a name like any other and is never followed. */
async function walk(
  { root, bounds, isCancelled }: Search,
  skipped: readonly string[],
  visit: (path: string) => "go on" | "stop",
): Promise<"complete" | "cut short"> {
  const deadline = performance.now() + bounds.walkTimeMs;
  const folders = [""];
  let entries = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const below: string[] = [];
    for (const entry of list(join(root, folder), folder === "")) {
      entries += 1;
      if (entries % pathsBetweenYields === 0) await yieldToEvents();
      if (entries > bounds.walkEntriesMax || performance.now() > deadline || isCancelled()) return "cut short";
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!skipped.includes(entry.name)) below.push(path);
        continue;
      }
      if (visit(path) === "stop") return "cut short";
    }
    folders.push(...below.toReversed());
  }
  return "complete";
}

function list(path: string, isRoot: boolean): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const failure = failureOf(error, path);
    // Where the search was told to start must be there; a folder below that cannot be opened is passed over.
    if (isRoot || failure === undefined) throw error;
    return [];
  }
}

function isFolder(path: string): boolean {
  return statSync(path).isDirectory();
}

function shownPath(search: Search, path: string): string {
  if (path === "") return search.shown === "" ? relative(".", search.root) : search.shown;
  return search.shown === "" ? path : join(search.shown, path);
}
