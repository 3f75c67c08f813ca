// `${VAR}` in string values. What it stands for is read at load and never written back: the tree remembers which
// values the file does not say itself.
import { renderPath } from "./issue.ts";
import type { Findings, Path } from "./issue.ts";
import { partAt } from "./tree.ts";
import type { Branch, Scalar, Tree } from "./tree.ts";

export type Variables = { readonly get: (name: string) => string | undefined };

type Own = Variables & {
  /** `{ secret: … }` where the config's own variable is one: only its name is known here. */
  readonly kept: (name: string) => Branch | undefined;
};

// `$${X}` stays `${X}`; names in lower case are text, as in templates that messages hold.
const reference = /\$\$\{([A-Z_][A-Z0-9_]*)\}|\$\{([A-Z_][A-Z0-9_]*)\}/g;

export function substitute(tree: Tree, outer: Variables, findings: Findings): Tree {
  // The config's own variables may use the outer ones, and everything else may use both.
  const own = replaceAt(tree, { ...outer, kept: () => undefined }, findings);
  const variables: Own = {
    get: (name) => outer.get(name) ?? ownVariable(own, name),
    kept: (name) => {
      const part = ownPart(own, name);
      return part?.kind === "object" ? part : undefined;
    },
  };
  return replace(own, [], { variables, findings });
}

type Replacing = { readonly variables: Own; readonly findings: Findings };

function replaceAt(tree: Tree, variables: Own, findings: Findings): Tree {
  const env = partAt(tree, ["env"]);
  if (tree.kind !== "object" || env === undefined) return tree;
  return { ...tree, members: new Map(tree.members).set("env", replace(env, ["env"], { variables, findings })) };
}

function ownVariable(tree: Tree, name: string): string | undefined {
  const part = ownPart(tree, name);
  return part?.kind === "scalar" && typeof part.value === "string" ? part.value : undefined;
}

function ownPart(tree: Tree, name: string): Tree | undefined {
  return partAt(tree, ["env", "vars", name]) ?? partAt(tree, ["env", name]);
}

function replace(tree: Tree, path: Path, replacing: Replacing): Tree {
  if (tree.kind === "scalar") return replaceScalar(tree, path, replacing);
  if (tree.kind === "array")
    return { ...tree, items: tree.items.map((item, at) => replace(item, [...path, at], replacing)) };
  const members = new Map([...tree.members].map(([name, part]) => [name, replace(part, [...path, name], replacing)]));
  return { ...tree, members };
}

function replaceScalar(leaf: Scalar, path: Path, { variables, findings }: Replacing): Tree {
  // What was replaced once may hold `${` of its own; it is a value now, not a template.
  if (typeof leaf.value !== "string" || leaf.origin === "reference" || !leaf.value.includes("${")) return leaf;
  const only = /^\$\{([A-Z_][A-Z0-9_]*)\}$/.exec(leaf.value)?.[1];
  const kept = only === undefined || isSet(variables.get(only)) ? undefined : variables.kept(only);
  if (kept !== undefined) return kept;
  let origin: Scalar["origin"] = "written";
  const value = leaf.value.replace(reference, (whole, escaped: string | undefined, name: string | undefined) => {
    if (name === undefined) return escaped === undefined ? whole : `\${${escaped}}`;
    const found = variables.get(name);
    origin = "reference";
    if (!isSet(found)) {
      const message = `\${${name}} is not set. Set it in the environment or in the state directory's .env file`;
      findings.refuse(renderPath(path), message, leaf.place);
      return "";
    }
    return found;
  });
  return { ...leaf, value, origin };
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}

/** Whether a text in the file is a reference: such a value is kept as it is when something else is edited. */
export function holdsReference(text: string): boolean {
  return [...text.matchAll(reference)].some((match) => match[2] !== undefined);
}
