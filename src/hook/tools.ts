// Our tools as foreign hooks know them: their names, their fields, and the way back. Hooks are written for Bash, Read,
// Write, Edit, Glob and Grep; whatever of ours does the same thing is shown to them under that name, so that none of our
// tools is a way around a hook on theirs.
import { isAbsolute, join, resolve } from "node:path";
import type { Action, FileRead, FileWrite, ProcessControl, ProcessRun } from "../base/action.ts";
import type { Json } from "../base/json.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

export type HookInput = Readonly<Record<string, Json>>;

/** One thing that hooks are asked about. A call is one, a patch is one for each file that it touches. */
export type ToolEvent = {
  /** The foreign name first, then ours; a matcher may name either. */
  readonly names: readonly [string, ...string[]];
  readonly input: HookInput;
};

export type CellVerb = "process.run" | "process.control" | "file.read" | "file.write";
export type CellAction = Action<CellVerb>;

/** Where a relative path leads, and `~`. */
export type Place = { readonly workspace: string; readonly home: string };

const cellVerbs: ReadonlySet<string> = new Set<CellVerb>(["process.run", "process.control", "file.read", "file.write"]);

export function isCellAction(action: Action): action is CellAction {
  return cellVerbs.has(action.verb);
}

const toolNames: readonly (readonly [string, string])[] = [
  ["Bash", "exec"],
  ["Read", "read"],
  ["Write", "write"],
  ["Edit", "edit"],
  ["Glob", "glob"],
  ["Grep", "grep"],
];

/** Both names of a tool that has two. */
export function namesOf(tool: string): ToolEvent["names"] {
  return toolNames.find((names) => names.includes(tool)) ?? [tool];
}

export function toolEvents(action: CellAction, place: Place): readonly ToolEvent[] {
  switch (action.verb) {
    case "process.run":
      return [runEvent(action.resource)];
    case "process.control":
      return [controlEvent(action.resource)];
    case "file.read":
      return [readEvent(action.resource, place)];
    case "file.write":
      return writeEvents(action.resource, place);
  }
}

/** The action with what a hook made of its input. Whatever it cannot express in ours is refused, never dropped. */
export function withInput(action: CellAction, before: HookInput, after: HookInput): Parsed<CellAction> {
  const names = Object.keys(after).filter((name) => !same(before[name], after[name]) && !isNote(name));
  if (names.length === 0) return parsed(action);
  let resource: Record<string, unknown> = { ...action.resource };
  const fields = fieldsOf(action);
  for (const name of names) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const value = after[name];
    if (field === undefined)
      return rejected(`it sets ${JSON.stringify(name.slice(0, 64))}, which cannot be changed here`);
    const converted = field(value ?? null);
    if (converted === undefined) return rejected(`it sets ${name} to what that cannot be`);
    resource = { ...resource, ...converted };
  }
  return parsed({ ...action, resource } as CellAction);
}

export function sameInput(one: HookInput, other: HookInput): boolean {
  return same(one, other);
}

function runEvent({ command, cwd, timeoutMs, mode }: ProcessRun): ToolEvent {
  const more = {
    ...(mode === "background" ? { run_in_background: true } : {}),
    ...(cwd === "." ? {} : { workdir: cwd }),
  };
  return { names: ["Bash", "exec"], input: { command, timeout: timeoutMs, ...more } };
}

/** What is typed into a running shell is a command like any other, and a hook on commands gets to see it. */
function controlEvent(control: ProcessControl): ToolEvent {
  if (control.operation === "list") return { names: ["BashOutput", "process"], input: {} };
  const { operation, processId } = control;
  if (operation === "poll") return { names: ["BashOutput", "process"], input: { bash_id: processId } };
  if (operation === "kill") return { names: ["KillShell", "process"], input: { shell_id: processId } };
  return { names: ["Bash", "process"], input: { command: control.data, bash_id: processId } };
}

function readEvent(read: FileRead, place: Place): ToolEvent {
  const path = absolute(read.path, place);
  if (read.operation === "glob") return { names: ["Glob", "glob"], input: { pattern: read.pattern, path } };
  if (read.operation === "grep") {
    const { pattern, include, ignoreCase } = read;
    return { names: ["Grep", "grep"], input: { pattern, path, glob: include, "-i": ignoreCase } };
  }
  return { names: ["Read", "read"], input: { file_path: path, offset: read.offset, limit: read.lines } };
}

function writeEvents(write: FileWrite, place: Place): readonly ToolEvent[] {
  if (write.operation === "apply_patch") return patchEvents(write.patch, place);
  const file_path = absolute(write.path, place);
  if (write.operation === "write" || write.operation === "instruct")
    return [{ names: ["Write", "write"], input: { file_path, content: write.content } }];
  const { before: old_string, after: new_string, occurrences } = write;
  return [
    { names: ["Edit", "edit"], input: { file_path, old_string, new_string, replace_all: occurrences === "all" } },
  ];
}

/** Headers as the file worker reads them. A line that only looks like one asks a hook too often, which is harmless. */
function patchEvents(patch: string, place: Place): readonly ToolEvent[] {
  const header = /^\*\*\* (Add File|Update File|Delete File|Move to): (.*)$/gm;
  const events = [...patch.matchAll(header)].map(([, kind = "", path = ""]): ToolEvent => {
    const file_path = absolute(path.trim(), place);
    const isNew = kind === "Add File" || kind === "Move to";
    return isNew
      ? { names: ["Write", "apply_patch"], input: { file_path, content: patch } }
      : { names: ["Edit", "apply_patch"], input: { file_path, old_string: "", new_string: patch, replace_all: false } };
  });
  if (events.length > 0) return events;
  return [{ names: ["Edit", "apply_patch"], input: { file_path: place.workspace, old_string: "", new_string: patch } }];
}

function absolute(path: string, { workspace, home }: Place): string {
  if (path === "~" || path.startsWith("~/")) return join(home, path.slice(1));
  return isAbsolute(path) ? resolve(path) : resolve(workspace, path);
}

type Field = (value: Json) => Readonly<Record<string, unknown>> | undefined;

const text =
  (name: string): Field =>
  (value) =>
    typeof value === "string" ? { [name]: value } : undefined;
const whole =
  (name: string): Field =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) > 0 ? { [name]: value } : undefined;
const yesNo =
  (name: string, no: unknown, yes: unknown): Field =>
  (value) =>
    typeof value === "boolean" ? { [name]: value ? yes : no } : undefined;

/** Foreign field → what it changes in ours. */
function fieldsOf({ verb, resource }: CellAction): Readonly<Record<string, Field>> {
  if (verb === "process.run")
    return {
      command: text("command"),
      timeout: whole("timeoutMs"),
      workdir: text("cwd"),
      run_in_background: yesNo("mode", "foreground", "background"),
    };
  if (verb === "process.control") return {};
  const file = { file_path: text("path") };
  switch (resource.operation) {
    case "read":
      return { ...file, offset: whole("offset"), limit: whole("lines") };
    case "glob":
      return { pattern: text("pattern"), path: text("path") };
    case "grep":
      return {
        pattern: text("pattern"),
        path: text("path"),
        glob: text("include"),
        "-i": yesNo("ignoreCase", false, true),
      };
    case "write":
    case "instruct":
      return { ...file, content: text("content") };
    case "edit":
      return {
        ...file,
        old_string: text("before"),
        new_string: text("after"),
        replace_all: yesNo("occurrences", "one", "all"),
      };
    case "apply_patch":
      return {};
  }
}

/** What a caller writes for people to read has no meaning for us, and so none that could be lost. */
function isNote(name: string): boolean {
  return name === "description";
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}
