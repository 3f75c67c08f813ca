// What a text in the config file stands for, so that an edit can tell a reference from a new value.
import type { Environment } from "../environment.ts";
import { readEnvironment } from "../read/dot-env.ts";
import { createFindings } from "../read/issue.ts";
import { substitute } from "../read/substitute.ts";
import { scalar, toJson } from "../read/tree.ts";
import type { Editing } from "./edit.ts";

export async function createEditing(dotEnvPath: string, env: Environment): Promise<Editing> {
  const { env: variables } = await readEnvironment(dotEnvPath, env, { findings: createFindings() });
  return {
    resolveText(text) {
      const findings = createFindings();
      const place = { file: "", line: 1, column: 1 };
      const value = toJson(substitute(scalar(text, place), { get: (name) => variables[name] }, findings));
      return findings.issues.length === 0 && typeof value === "string" ? value : undefined;
    },
  };
}
