// Whether cells can be started within a control group here, tried with one harmless program.
import { noGroups } from "../../sandbox/sandbox.ts";
import type { CellGroups } from "../../sandbox/sandbox.ts";
import { spawnClean } from "../spawn.ts";

export const notGrouped = noGroups("they are bounded once the sandbox has been tried");

/** A group that a program cannot be started in would cost the whole sandbox, so one program is started in one. */
export async function provenGroups(open: (() => CellGroups) | undefined): Promise<CellGroups> {
  try {
    const groups = open?.() ?? noGroups("none were asked for");
    const group = groups.open(undefined);
    try {
      const [file = "/bin/true", ...args] = [...group.prefix, "/bin/true"];
      const child = spawnClean({ file, args, stdio: ["ignore", "ignore", "ignore"], environment: group.environment });
      const code = await new Promise((resolve) => child.once("error", resolve).once("close", resolve));
      return code === 0 ? groups : noGroups(`a program cannot be started in a ${groups.kind}`);
    } finally {
      group.close();
    }
  } catch (error) {
    return noGroups(error instanceof Error ? error.message : String(error));
  }
}
