// The command where printed service units expect it: `bin/openclaw` in the state directory.
import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMissing } from "../../base/errors.ts";
import type { Invocation } from "../context.ts";
import { announce } from "./announce.ts";

/** A script, so that moving the checkout breaks nothing but this. */
export async function installBinary(invocation: Invocation): Promise<void> {
  const { context, paths } = invocation;
  const target = (await programPath(context)).replaceAll("'", String.raw`'\''`);
  const text = `#!/bin/sh\nexec '${target}' "$@"\n`;
  if ((await readIfThere(paths.binary)) === text) return;
  await announce(invocation, [{ path: paths.binary, text }]);
  await mkdir(dirname(paths.binary), { recursive: true, mode: 0o700 });
  await writeFile(paths.binary, text, { mode: 0o700 });
}

/** Undefined where there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
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
