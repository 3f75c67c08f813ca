// The environment that a config is read with.
import { limits } from "../../base/limits.ts";
import { deprecatedVariables, parseDotEnv } from "../environment.ts";
import type { Environment } from "../environment.ts";
import { readOwnFile } from "./file.ts";
import type { Findings } from "./issue.ts";

/** `.env` as it was approved, whatever lies there now; undefined content for one that was not there. */
export type HeldDotEnv = { readonly content: Uint8Array | undefined };

type Read = { readonly env: Environment; readonly content: Uint8Array | undefined };

/** The process's environment, and behind it `.env` in the state directory, never in the current one (CFG-026). */
export async function readEnvironment(
  file: string,
  env: Environment,
  { findings, held }: { readonly findings: Findings; readonly held?: HeldDotEnv | undefined },
): Promise<Read> {
  const content = held === undefined ? await readDotEnv(file, findings) : held.content;
  const merged = { ...parse(content, file, findings), ...env };
  for (const { name, present } of deprecatedVariables(merged))
    findings.note(name, `this variable is now called ${present}`);
  return { env: merged, content };
}

async function readDotEnv(file: string, findings: Findings): Promise<Uint8Array | undefined> {
  const place = { file, line: 1, column: 1 };
  const read = await readOwnFile(file, limits.dotEnvMaxBytes);
  if (read === undefined) return undefined;
  if (!read.ok) {
    findings.refuse("", `the file ${read.reason}`, place);
    return undefined;
  }
  if ((read.value.mode & 0o077) !== 0)
    findings.refuse("", `the file can be read by other users; run: chmod 600 ${file}`, place);
  return read.value.bytes;
}

function parse(content: Uint8Array | undefined, file: string, findings: Findings): Environment {
  if (content === undefined) return {};
  const { values, badLines } = parseDotEnv(new TextDecoder().decode(content));
  for (const line of badLines) findings.refuse("", "is not a line NAME=value", { file, line, column: 1 });
  return Object.fromEntries(values);
}
