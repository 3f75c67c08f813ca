// What a person gives a command besides its arguments: files, stdin, a hidden answer, a yes.
import { createReadStream } from "node:fs";
import { isAbsolute, join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Readable } from "node:stream";
import { errnoOf, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { AskPassphrase, CliContext } from "./context.ts";

/** The text of a file, or of stdin where the path is `-`. */
export async function readInput(context: CliContext, path: string): Promise<string> {
  return decode(await readBytes(context, path), path === "-" ? "stdin" : path);
}

export async function readBytes(context: CliContext, path: string): Promise<Buffer> {
  if (path === "-") return collect(context.stdin, "stdin", context.signal);
  const from = context.callerDirectory;
  const full = isAbsolute(path) || from === undefined ? path : join(from, path);
  try {
    return await collect(createReadStream(full), path, context.signal);
  } catch (cause) {
    if (cause instanceof LoricaError) throw cause;
    throw unreadable(context, full, cause);
  }
}

function unreadable(context: CliContext, path: string, cause: unknown): LoricaError {
  const errno = errnoOf(cause);
  // Started by root, this runs as the system user, which may not look into root's folders.
  const other =
    context.callerDirectory === undefined ? "" : ". Lorica runs as the user lorica: give it on stdin, with -";
  if (errno === "ENOENT") return new LoricaError("not_found", `there is no file ${path}${other}`, { cause });
  if (errno === "EISDIR") return new LoricaError("invalid_request", `${path} is a folder`, { cause });
  if (errno === "EACCES" || errno === "EPERM")
    return new LoricaError("forbidden", `${path} may not be read${other}`, { cause });
  return new LoricaError("internal", `cannot read ${path}`, { cause });
}

export async function readStdin({ stdin, signal }: CliContext): Promise<string> {
  return decode(await collect(stdin, "stdin", signal), "stdin");
}

/** Stops reading at the bound, because what is named may have no end. */
async function collect(stream: Readable, name: string, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stop = (): void => void stream.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stream) {
      const part = Buffer.from(chunk);
      bytes += part.length;
      if (bytes > limits.cliStdinMaxBytes) throw tooLong(name);
      chunks.push(part);
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new LoricaError("invalid_request", `${name} is not UTF-8 text`, { cause });
  }
}

/** A secret: typed unseen where a person sits there, else all of stdin. Line ends around it are not part of it. */
export async function readSecret(context: CliContext, question: string): Promise<string> {
  const text = context.stdin.isTTY === true ? await askHidden(context, question) : await readStdin(context);
  const value = text.trim();
  if (value === "") throw new LoricaError("invalid_request", "the value is empty; nothing was stored");
  return value;
}

/** The same for what opens the vault, or is to open it. */
export async function readPassphrase(context: CliContext, question: string): Promise<string> {
  const text = context.stdin.isTTY === true ? await askHidden(context, question) : await readStdin(context);
  const passphrase = text.trim();
  if (passphrase !== "") return passphrase;
  throw new LoricaError(
    "invalid_request",
    "the passphrase is empty, so nothing was changed. Type it when it is asked for, or give it on stdin",
  );
}

/** What a gateway in the foreground asks with while it starts. Enter alone leaves its vault locked. */
export function passphraseAsker(context: CliContext): AskPassphrase | undefined {
  if (context.stdin.isTTY !== true || context.stderr.isTTY !== true) return undefined;
  return async (problem) => {
    const question = "The vault's passphrase (empty: it starts locked)";
    const message = problem === undefined ? question : `${problem}. ${question}`;
    const answer = (await askHidden(context, message, "cancelled; the gateway was not started")).trim();
    return answer === "" ? undefined : answer;
  };
}

async function askHidden(
  { stderr, signal }: CliContext,
  message: string,
  cancelled = "cancelled; nothing was stored",
): Promise<string> {
  const { password, isCancel } = await import("@clack/prompts");
  const answer = await password({ message, mask: "•", output: stderr, signal });
  if (isCancel(answer)) throw new LoricaError("cancelled", cancelled);
  return answer ?? "";
}

/** Yes or no where somebody sits there; undefined where nobody does. Enter is no. */
export async function askYes(context: CliContext, question: string): Promise<boolean | undefined> {
  if (context.stdin.isTTY !== true || context.stderr.isTTY !== true) return undefined;
  const asker = createInterface({ input: context.stdin, output: context.stderr });
  try {
    return /^y(es)?$/i.test((await asker.question(`${question} [y/N] `, { signal: context.signal })).trim());
  } finally {
    asker.close();
  }
}

/** Asks yes or no. Without a terminal nobody can be asked, and the answer has to come as a flag. */
export async function confirm(context: CliContext, question: string): Promise<void> {
  const answer = await askYes(context, question);
  if (answer === undefined)
    throw new LoricaError("invalid_request", `${question} Nobody is there to answer: say --yes`);
  if (!answer) throw new LoricaError("cancelled", "not done");
}

function tooLong(name: string): LoricaError {
  return new LoricaError("too_large", `${name} is longer than ${limits.cliStdinMaxBytes} bytes`);
}
