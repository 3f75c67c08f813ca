// The hooks as the gateway has them: the broker is asked, and only where there is a hook to ask.
import type { Link } from "../../broker/client.ts";
import type { AfterAnswer, BeforeAnswer, HookWants, ToolCallToJudge, ToolHooks } from "../../hook/hook.ts";

export function createHookClient(link: Link, wants: () => HookWants): ToolHooks {
  const ask = async (method: string, params: ToolCallToJudge & object, signal: AbortSignal): Promise<unknown> =>
    (await link.call({ method, params }, signal)).result;
  return {
    before: async (call, signal) =>
      wants().before ? ((await ask("hooks.before", call, signal)) as BeforeAnswer) : undefined,
    after: async (call, output, signal) =>
      wants().after ? ((await ask("hooks.after", { ...call, ...output }, signal)) as AfterAnswer) : undefined,
  };
}
