// `$include`: a config split over several files. They stay inside the config folder, for whoever can name a file
// elsewhere could make any file of this user part of the config.
import { realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { isMissing } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { readOwnFile } from "./file.ts";
import { renderPath } from "./issue.ts";
import type { Findings, Path } from "./issue.ts";
import { parseTree } from "./tree.ts";
import type { Branch, Tree } from "./tree.ts";

export type Including = {
  /** The folder that holds the config file. */
  readonly root: string;
  readonly findings: Findings;
  /** The bytes of every included file, for the hash of the whole. */
  readonly contents: Map<string, Uint8Array>;
  /** Included files that are to be read as they were, by their real path, whatever lies there now. */
  readonly held?: ReadonlyMap<string, Uint8Array> | undefined;
};

type Here = { readonly path: Path; readonly chain: readonly string[] };

/** The tree with every `$include` replaced by what it names. Keys beside an `$include` come before included ones. */
export async function resolveIncludes(tree: Tree, file: string, including: Including): Promise<Tree> {
  return expand(tree, { path: [], chain: [file] }, including);
}

async function expand(tree: Tree, here: Here, including: Including): Promise<Tree> {
  if (tree.kind === "scalar") return tree;
  if (tree.kind === "array") {
    const items: Tree[] = [];
    for (const [at, item] of tree.items.entries())
      items.push(await expand(item, { ...here, path: [...here.path, at] }, including));
    return { ...tree, items };
  }
  const members = new Map<string, Tree>();
  for (const [name, part] of tree.members) {
    if (name === "$include") continue;
    members.set(name, await expand(part, { ...here, path: [...here.path, name] }, including));
  }
  const own: Branch = { ...tree, members };
  const include = tree.members.get("$include");
  return include === undefined ? own : overlay(await included(include, here, including), own);
}

/** The files of one `$include`, laid over each other in the order in which they are named. */
async function included(include: Tree, here: Here, including: Including): Promise<Branch> {
  const base: Branch = { kind: "object", place: include.place, members: new Map() };
  const named = include.kind === "array" ? include.items : [include];
  let merged = base;
  for (const item of named) {
    const tree = await includeOne(item, here, including);
    if (tree !== undefined) merged = overlay(merged, tree);
  }
  return merged;
}

async function includeOne(item: Tree, here: Here, including: Including): Promise<Branch | undefined> {
  const { findings } = including;
  const refuse = (message: string): undefined => {
    findings.refuse(renderPath([...here.path, "$include"]), message, item.place);
    return undefined;
  };
  if (item.kind !== "scalar" || typeof item.value !== "string")
    return refuse("takes a file name or a list of file names");
  if (here.chain.length > limits.configIncludeDepthMax)
    return refuse(`includes are nested deeper than ${limits.configIncludeDepthMax} files`);
  const held = heldFile(item.value, here.chain.at(-1) ?? including.root, including);
  const file = held ?? (await confine(item.value, here.chain.at(-1) ?? including.root, including));
  if ("reason" in file) return refuse(`${item.value} ${file.reason}`);
  if (here.chain.includes(file.path)) return refuse(`${item.value} includes itself`);
  if (including.contents.size >= limits.configIncludesMax && !including.contents.has(file.path))
    return refuse(`more than ${limits.configIncludesMax} files are included`);
  const read = held === undefined ? await readIncluded(file.path) : parsed(held.bytes);
  if (!read.ok) return refuse(`${item.value} ${read.reason}`);
  including.contents.set(file.path, read.value);
  const tree = parseTree(new TextDecoder().decode(read.value), file.path, findings);
  if (tree === undefined) return undefined;
  if (tree.kind !== "object") return refuse(`${item.value} holds no object`);
  const expanded = await expand(tree, { path: here.path, chain: [...here.chain, file.path] }, including);
  return expanded.kind === "object" ? expanded : undefined;
}

async function readIncluded(path: string): Promise<Parsed<Uint8Array>> {
  const read = await readOwnFile(path, limits.configFileMaxBytes);
  if (read === undefined) return rejected("does not exist");
  if (!read.ok) return read;
  if ((read.value.mode & 0o077) !== 0) return rejected(`can be read by other users; run: chmod 600 ${path}`);
  return parsed(read.value.bytes);
}

function heldFile(name: string, from: string, { held }: Including) {
  const path = isAbsolute(name) ? name : join(dirname(from), name);
  const bytes = held?.get(path);
  return bytes === undefined ? undefined : { path, bytes };
}

/** The real path of an included file, as long as it is inside the config folder after every link is followed. */
async function confine(
  name: string,
  from: string,
  including: Including,
): Promise<{ readonly path: string } | { readonly reason: string }> {
  if (name.includes("\0")) return { reason: "holds a NUL" };
  const wanted = isAbsolute(name) ? name : join(dirname(from), name);
  try {
    const [root, path] = [await realpath(including.root), await realpath(wanted)];
    const inside = relative(root, path);
    if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside))
      return { reason: `is outside ${including.root}; an included file stays in the folder of the config file` };
    return { path };
  } catch (cause) {
    if (isMissing(cause)) return { reason: "does not exist" };
    return { reason: `cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
}

/** Objects are merged key by key; a list or a plain value replaces what was there. */
export function overlay(below: Branch, above: Branch): Branch {
  const members = new Map(below.members);
  for (const [name, part] of above.members) {
    const under = members.get(name);
    members.set(name, under?.kind === "object" && part.kind === "object" ? overlay(under, part) : part);
  }
  return { ...above, members };
}
