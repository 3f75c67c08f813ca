// Files in the session's cell: the same room, the same walls and the same names as for commands.
import { z } from "zod";
import type { Action, FileRead, FileWrite } from "../../src/base/action.ts";
import { limits } from "../../src/base/limits.ts";
import { definePlugin } from "../../src/plugin/plugin.ts";
import type { PluginDefinition } from "../../src/plugin/plugin.ts";
import { defineTool } from "../../src/tool/tool.ts";
import type { Tool } from "../../src/tool/tool.ts";
import { renderRead, renderWrite } from "./render.ts";

const path = z.string().min(1);
const timeoutMs = limits.cellFileTimeoutMs + limits.cellStartTimeoutMs;

const read = reading({
  name: "read",
  description: "Read a text file or look at an image.",
  input: z.object({
    path,
    offset: z.int().min(1).max(1e9).optional().describe("first line"),
    limit: z.int().min(1).max(1e9).optional().describe("lines"),
  }),
  toResource: (input) => ({
    operation: "read",
    path: input.path,
    offset: input.offset ?? 1,
    lines: input.limit ?? limits.fileReadLines,
  }),
});

const glob = reading({
  name: "glob",
  description: "Find files by name, as **/*.ts.",
  input: z.object({ pattern: z.string().min(1), path: path.optional() }),
  toResource: (input) => ({ operation: "glob", pattern: input.pattern, path: input.path ?? "." }),
});

const grep = reading({
  name: "grep",
  description: "Find lines by JavaScript regular expression.",
  input: z.object({
    pattern: z.string().min(1),
    path: path.optional(),
    include: z.string().optional().describe("glob"),
    ignoreCase: z.boolean().optional(),
  }),
  toResource: (input) => ({
    operation: "grep",
    pattern: input.pattern,
    path: input.path ?? ".",
    include: input.include ?? "",
    ignoreCase: input.ignoreCase ?? false,
  }),
});

const write = writing({
  name: "write",
  description: "Create or replace a whole file.",
  input: z.object({ path, content: z.string() }),
  toResource: (input) => ({ operation: "write", path: input.path, content: input.content }),
});

const edit = writing({
  name: "edit",
  description: "Replace exact text in a file. It must occur once, unless all is set.",
  input: z.object({ path, oldText: z.string().min(1), newText: z.string(), all: z.boolean().optional() }),
  toResource: (input) => ({
    operation: "edit",
    path: input.path,
    before: input.oldText,
    after: input.newText,
    occurrences: input.all === true ? "all" : "one",
  }),
});

const applyPatch = writing({
  name: "apply_patch",
  description:
    "Change files all at once or not at all. Lines: *** Begin Patch, *** Add File: P | *** Delete File: P | *** Update File: P, @@ anchor, then context (space), - and + lines, *** End Patch.",
  input: z.object({ input: z.string().min(1) }),
  toResource: (input) => ({ operation: "apply_patch", patch: input.input }),
});

export const files: PluginDefinition = definePlugin({
  id: "files",
  tools: [read, write, edit, applyPatch, glob, grep],
});

type Described<I, R> = {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType<I>;
  readonly toResource: (input: I) => R;
};

function reading<I>({ toResource, ...described }: Described<I, FileRead>): Tool {
  return defineTool({
    ...described,
    sideEffect: "read",
    output: "own",
    timeoutMs,
    propose: (input, caller): Action<"file.read"> => ({ ...caller, verb: "file.read", resource: toResource(input) }),
    perform: async (grant, run) => renderRead(await run.effects.sandbox.read(grant, run.signal)),
  });
}

function writing<I>({ toResource, ...described }: Described<I, FileWrite>): Tool {
  return defineTool({
    ...described,
    sideEffect: "write",
    output: "own",
    timeoutMs,
    propose: (input, caller): Action<"file.write"> => ({ ...caller, verb: "file.write", resource: toResource(input) }),
    perform: async (grant, run) => renderWrite(await run.effects.sandbox.write(grant, run.signal)),
  });
}
