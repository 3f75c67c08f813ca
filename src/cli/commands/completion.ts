// `completion`: a shell script that completes commands and flags, made from the command table.
import { LoricaError } from "../../base/errors.ts";
import { commands, globalOptions } from "../table/commands.ts";
import { renderCompletion, shells } from "../table/completion.ts";
import type { Invocation } from "../context.ts";
import { later } from "../table/later.ts";

export async function completion({ args, io, context }: Invocation): Promise<void> {
  const shell = shells.find((name) => name === args[0]);
  if (shell === undefined)
    throw new LoricaError(
      "invalid_request",
      `completion is made for ${shells.join(", ")}, not for ${JSON.stringify(args[0])}: ${context.program} completion bash`,
    );
  io.write(renderCompletion(shell, { commands, later, globalOptions }));
}
