// Tells the watchdog what an installer is about to write. Said before it is written, so that nobody takes it for a stranger's.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Invocation } from "../context.ts";
import { withOwner } from "../reach.ts";

/** A text of null is a file that is about to be removed. */
export async function announce(
  invocation: Invocation,
  files: readonly { readonly path: string; readonly text: string | null }[],
): Promise<void> {
  // Where nothing has ever been watched, the first look takes what it finds.
  if (!existsSync(join(invocation.paths.watchdog, "units"))) return;
  await withOwner(invocation, (owner) => owner.call("watchdog.expect", { files: [...files] }));
}
