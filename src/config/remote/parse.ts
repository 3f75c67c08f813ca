// The JSON5 that a client sends as config. It may name values and nothing else: a reference to the environment, to a
// file or to a secret would be resolved by a process that knows more than the client may.
import { LoricaError } from "../../base/errors.ts";
import type { Json } from "../../base/json.ts";
import { createFindings, renderIssues } from "../read/issue.ts";
import { holdsReference } from "../read/substitute.ts";
import { parseTree, toJson } from "../read/tree.ts";
import type { Tree } from "../read/tree.ts";

export function parseRemote(raw: string): Json {
  const findings = createFindings();
  const tree = parseTree(raw, "raw", findings);
  if (findings.issues.length > 0 || tree === undefined)
    throw new LoricaError("invalid_request", `raw is not a config:\n${renderIssues(findings.issues)}`);
  if (tree.kind !== "object") throw new LoricaError("invalid_request", "raw must hold one object { … }");
  refuseReferences(tree);
  return toJson(tree);
}

function refuseReferences(tree: Tree): void {
  if (tree.kind === "array") return tree.items.forEach(refuseReferences);
  if (tree.kind === "object") {
    for (const [name, part] of tree.members) {
      if (name.startsWith("$")) throw forbidden(`the key ${JSON.stringify(name.slice(0, 32))}`);
      refuseReferences(part);
    }
    return;
  }
  if (typeof tree.value === "string" && holdsReference(tree.value)) throw forbidden("a reference to a variable");
}

function forbidden(what: string): LoricaError {
  return new LoricaError("forbidden", `${what} can only be set on the machine itself, in the config file`);
}
