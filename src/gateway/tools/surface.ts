// Which tools `POST /tools/invoke` offers. A turn has a model that weighs what it was asked; a request that somebody slipped
// in has nobody, so what runs programs, changes files or reaches further is off until the config names it.
import { expandTools } from "../../policy/policy.ts";

const offByDefault: ReadonlySet<string> = new Set(
  "exec process spawn shell write edit apply_patch fs_write fs_delete fs_move sessions_spawn sessions_send cron gateway nodes whatsapp_login".split(
    " ",
  ),
);

export type ToolSurface = { readonly allow: readonly string[]; readonly deny: readonly string[] };

/** `named`: off by default and named in the config, so only for whoever holds everything. */
export function offerOf(tool: string, { allow, deny }: ToolSurface): "offered" | "named" | "off" {
  if (namesOf(deny).has(tool)) return "off";
  if (!offByDefault.has(tool)) return "offered";
  return namesOf(allow).has(tool) ? "named" : "off";
}

function namesOf(names: readonly string[]): ReadonlySet<string> {
  const { tools, unknown } = expandTools(names);
  return new Set([...tools, ...unknown]);
}
