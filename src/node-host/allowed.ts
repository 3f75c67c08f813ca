// The commands that whoever owns this machine lets a gateway run on it. Each is the whole line, word by word: one more
// word is another command. The list is a file on this machine, and nothing that comes over the wire changes it.
import { mkdir } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { z } from "zod";
import { LoricaError } from "../base/errors.ts";
import { readPrivateFile, writePrivateFile } from "../base/files/private-file.ts";
import { parseJson } from "../base/json.ts";
import { limits } from "../base/limits.ts";

const word = z
  .string()
  .max(limits.nodeHostWordMaxChars)
  .refine((text) => !text.includes("\0"), "holds a NUL character");

const allowedCommand = z.strictObject({
  /** The first is the program's absolute path. */
  argv: z.tuple([word.refine(isAbsolute, "is not an absolute path")], word).refine(hasFewWords, "has too many words"),
  /** Where it runs; the user's home where left out. */
  cwd: word.refine(isAbsolute, "is not an absolute path").optional(),
});

const allowedFile = z.strictObject({
  version: z.literal(1),
  commands: z.array(allowedCommand).max(limits.nodeHostCommandsMax),
});

export type AllowedCommand = z.infer<typeof allowedCommand>;

function hasFewWords(argv: readonly string[]): boolean {
  return argv.length <= limits.nodeHostWordsMax;
}

/** None where there is no file. One that cannot be read allows nothing, and says so. */
export async function loadAllowed(path: string): Promise<readonly AllowedCommand[]> {
  const text = await readPrivateFile(path, limits.clientFileMaxBytes);
  if (text === undefined) return [];
  const json = parseJson(text);
  const parsed = allowedFile.safeParse(json.ok ? json.value : undefined);
  if (parsed.success) return parsed.data.commands;
  throw new LoricaError(
    "conflict",
    `${path} is not a list of commands, so nothing may be run. Mend it or move it away`,
  );
}

/** False where it stood there already. */
export async function allowCommand(path: string, command: AllowedCommand): Promise<boolean> {
  const commands = await loadAllowed(path);
  if (commands.some((one) => isSame(one, command))) return false;
  if (commands.length >= limits.nodeHostCommandsMax)
    throw new LoricaError("conflict", `${path} holds ${commands.length} commands already; take one away first`);
  await save(path, [...commands, command]);
  return true;
}

/** False where it was not there. */
export async function disallowCommand(path: string, command: AllowedCommand): Promise<boolean> {
  const commands = await loadAllowed(path);
  const left = commands.filter((one) => !isSame(one, command));
  if (left.length < commands.length) await save(path, left);
  return left.length < commands.length;
}

async function save(path: string, commands: readonly AllowedCommand[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePrivateFile(path, `${JSON.stringify({ version: 1, commands }, null, 2)}\n`);
}

export function isSame(left: AllowedCommand, right: AllowedCommand): boolean {
  return JSON.stringify([left.argv, left.cwd ?? null]) === JSON.stringify([right.argv, right.cwd ?? null]);
}
