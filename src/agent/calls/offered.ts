// Which tools somebody may call on an agent now.
import type { PrincipalKind } from "../../base/principal.ts";
import { needsCell, toolsOfPrincipal } from "../../policy/policy.ts";
import type { Tool } from "../../tool/tool.ts";
import type { TurnRunnerOptions } from "../runner.ts";
import type { TurnScope } from "../scope.ts";
import type { AgentProfile } from "../settings.ts";

/** Only what this principal may call is offered (TOOL-007), and of that only what works on this host now. */
export function offeredTools(
  options: TurnRunnerOptions,
  profile: AgentProfile,
  kind: PrincipalKind,
): Pick<TurnScope, "tools" | "unavailable"> {
  const allowed = toolsOfPrincipal(profile.tools, kind);
  const status = options.effects.sandbox.status();
  const tools = new Map<string, Tool>();
  const off: string[] = [];
  for (const tool of options.tools) {
    if (!allowed.has(tool.name)) continue;
    if (status.kind === "off" && needsCell(tool.name)) off.push(tool.name);
    else tools.set(tool.name, tool);
  }
  return {
    tools,
    unavailable: { tools: off, reason: status.kind === "off" ? `the sandbox is off: ${status.reason}` : "" },
  };
}
