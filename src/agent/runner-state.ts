// What a turn runner keeps between turns: created with it, shared by all its turns.
import type { LanguageModelV4FunctionTool } from "@ai-sdk/provider";
import { z } from "zod";
import { limits } from "../base/limits.ts";
import type { Tool } from "../tool/tool.ts";
import { createSlots } from "./calls/slots.ts";
import type { Slots } from "./calls/slots.ts";
import { createRenderer } from "./context/envelope.ts";
import type { Renderer } from "./context/envelope.ts";
import { createEstimator } from "./context/tokens.ts";
import type { Estimator } from "./context/tokens.ts";
import { createWindows } from "./context/window.ts";
import type { Windows } from "./context/window.ts";
import type { TurnRunnerOptions } from "./runner.ts";

type JSONSchema = LanguageModelV4FunctionTool["inputSchema"];

/** What a runner keeps between turns. */
export type RunnerState = {
  readonly windows: Windows;
  readonly estimator: Estimator;
  readonly renderer: Renderer;
  /** Tool calls of all turns together (TOOL-028). */
  readonly slots: Slots;
  readonly schemas: ReadonlyMap<string, LanguageModelV4FunctionTool>;
};

export function createRunnerState(options: TurnRunnerOptions): RunnerState {
  const estimator = createEstimator();
  return {
    estimator,
    renderer: createRenderer(),
    windows: createWindows(options.store.transcript, estimator),
    slots: createSlots(limits.toolCallsGatewayMax),
    schemas: new Map(options.tools.map((tool) => [tool.name, describeTool(tool)])),
  };
}

/** A schema costs tokens in every call: what only a validator needs stays out, zod checks the input anyway. */
function describeTool(tool: Tool): LanguageModelV4FunctionTool {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(tool.input, { io: "input" });
  return { type: "function", name: tool.name, description: tool.description, inputSchema: inputSchema as JSONSchema };
}
