// The command where printed service units expect it: `bin/openclaw` in the state directory.
import { mkdir, realpath, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMissing } from "../../base/errors.ts";
import type { Invocation } from "../context.ts";

/** A script, so that moving the checkout breaks nothing but this. */
export async function installBinary({ context, paths }: Invocation): Promise<void> {
  await mkdir(dirname(paths.binary), { recursive: true, mode: 0o700 });
  const target = (await programPath(context)).replaceAll("'", String.raw`'\''`);
  await writeFile(paths.binary, `#!/bin/sh\nexec '${target}' "$@"\n`, { mode: 0o700 });
}

/** The program itself, where it stays when a newer release comes. */
export async function programPath({ codeRoot }: Pick<Invocation["context"], "codeRoot">): Promise<string> {
  return join(await lastingRoot(codeRoot), "lorica");
}

/** Root's releases come and go; the link beside them stays, and follows the newest. */
async function lastingRoot(codeRoot: string): Promise<string> {
  const current = join(dirname(codeRoot), "current");
  try {
    return (await realpath(current)) === codeRoot ? current : codeRoot;
  } catch (error) {
    if (isMissing(error)) return codeRoot;
    throw error;
  }
}
