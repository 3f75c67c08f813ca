// Commands in the session's cell: exec runs one, process looks after those in the background.
import { z } from "zod";
import type { Action, ProcessControl } from "../../src/base/action.ts";
import { limits } from "../../src/base/limits.ts";
import { definePlugin } from "../../src/plugin/plugin.ts";
import type { PluginDefinition } from "../../src/plugin/plugin.ts";
import { defineTool } from "../../src/tool/tool.ts";
import type { Tool } from "../../src/tool/tool.ts";
import { renderReports, renderRun } from "./render.ts";

const execInput = z.object({
  command: z.string().min(1),
  workdir: z.string().min(1).optional(),
  timeoutSeconds: z
    .number()
    .positive()
    .max(limits.execTimeoutMaxMs / 1_000)
    .optional(),
  background: z.boolean().optional().describe("returns a processId at once"),
  pty: z.boolean().optional(),
});

const execTool: Tool = defineTool({
  name: "exec",
  description: "Run a bash command in the workspace. No network; nothing persists outside the workspace.",
  input: execInput,
  sideEffect: "exec",
  output: "own",
  timeoutMs: limits.toolTimeoutMs,
  propose: (input, caller): Action<"process.run"> => ({
    ...caller,
    verb: "process.run",
    resource: {
      command: input.command,
      cwd: input.workdir ?? ".",
      timeoutMs: timeLimit(input),
      terminal: input.pty === true ? "pty" : "none",
      mode: input.background === true ? "background" : "foreground",
    },
  }),
  perform: async (grant, run) => renderRun(await run.effects.sandbox.run(grant, run.onProgress, run.signal)),
});

const processInput = z
  .object({
    action: z.enum(["list", "poll", "write", "kill"]),
    processId: z.string().min(1).optional(),
    data: z.string().optional().describe("for write, sent as it is"),
    waitSeconds: z
      .number()
      .min(0)
      .max(limits.execPollWaitMaxMs / 1_000)
      .optional(),
  })
  // Said here, so that the model hears it instead of an answer about nothing.
  .refine((input) => input.action === "list" || input.processId !== undefined, {
    message: "processId is missing",
    path: ["processId"],
  });

const processTool: Tool = defineTool({
  name: "process",
  description: "Background processes: poll for new output (waiting up to waitSeconds), write to stdin, kill.",
  input: processInput,
  sideEffect: "exec",
  output: "own",
  timeoutMs: limits.execPollWaitMaxMs + limits.cellStartTimeoutMs,
  propose: (input, caller): Action<"process.control"> => ({
    ...caller,
    verb: "process.control",
    resource: toControl(input),
  }),
  perform: async (grant, run) => renderReports(await run.effects.sandbox.control(grant, run.signal)),
});

export const shell: PluginDefinition = definePlugin({ id: "shell", tools: [execTool, processTool] });

/** A foreground command must end before its tool call does; what takes longer belongs in the background. */
function timeLimit(input: z.infer<typeof execInput>): number {
  const wanted = input.timeoutSeconds === undefined ? undefined : Math.max(1, Math.round(input.timeoutSeconds * 1_000));
  if (input.background === true) return wanted ?? limits.execBackgroundMs;
  return Math.min(wanted ?? limits.execForegroundMs, limits.execForegroundMaxMs);
}

function toControl(input: z.infer<typeof processInput>): ProcessControl {
  const processId = input.processId ?? "";
  switch (input.action) {
    case "list":
      return { operation: "list" };
    case "kill":
      return { operation: "kill", processId };
    case "write":
      return { operation: "write", processId, data: input.data ?? "" };
    case "poll":
      return { operation: "poll", processId, waitMs: Math.round((input.waitSeconds ?? 0) * 1_000) };
  }
}
