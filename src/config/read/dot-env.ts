// The environment that a config is read with.
import { limits } from "../../base/limits.ts";
import { deprecatedVariables, parseDotEnv } from "../environment.ts";
import type { Environment } from "../environment.ts";
import { readOwnFile } from "./file.ts";
import type { Findings } from "./issue.ts";

/** The process's environment, and behind it `.env` in the state directory, never in the current one (CFG-026). */
export async function readEnvironment(file: string, env: Environment, findings: Findings): Promise<Environment> {
  const merged = { ...(await readDotEnv(file, findings)), ...env };
  for (const { name, present } of deprecatedVariables(merged))
    findings.note(name, `this variable is now called ${present}`);
  return merged;
}

async function readDotEnv(file: string, findings: Findings): Promise<Environment> {
  const place = { file, line: 1, column: 1 };
  const read = await readOwnFile(file, limits.dotEnvMaxBytes);
  if (read === undefined) return {};
  if (!read.ok) {
    findings.refuse("", `the file ${read.reason}`, place);
    return {};
  }
  if ((read.value.mode & 0o077) !== 0)
    findings.refuse("", `the file can be read by other users; run: chmod 600 ${file}`, place);
  const { values, badLines } = parseDotEnv(read.value.text);
  for (const line of badLines) findings.refuse("", "is not a line NAME=value", { ...place, line });
  return Object.fromEntries(values);
}
