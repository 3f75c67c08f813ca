// `tui`: the full-screen chat, on a terminal.
import { thinkingLevels } from "../../../base/envelope.ts";
import { LoricaError } from "../../../base/errors.ts";
import type { Invocation } from "../../context.ts";
import { openGateway } from "../../reach.ts";

const needs = { scopes: ["operator.admin"], caps: ["tool-events"] } as const;

export async function tui(invocation: Invocation): Promise<void> {
  const { context, options, signal } = invocation;
  if (context.stdin.isTTY !== true || context.stdout.isTTY !== true)
    throw new LoricaError(
      "invalid_request",
      `the full-screen chat needs a terminal, and there is none here. Line by line: ${context.program} chat`,
    );
  const first = await openGateway(invocation, needs);
  const { runTui } = await import("../../../tui/tui.ts");
  await runTui(
    {
      first,
      // While it is on the screen nothing else may write there.
      open: (opening) =>
        openGateway({ ...invocation, io: { ...invocation.io, note: () => undefined }, signal: opening }, needs),
      sessionKey: options.text("session") ?? "main",
      historyLimit: options.whole("historyLimit", { min: 1, max: 1_000 }) ?? 100,
      message: options.text("message"),
      thinking: options.choice("thinking", thinkingLevels),
      timeoutMs: options.whole("timeoutMs", { min: 1, max: 86_400_000 }),
      color: (context.env["NO_COLOR"] ?? "") === "",
    },
    signal,
  );
}
