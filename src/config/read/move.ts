// The moves of which every migration is made: take a key out of the tree, put it where it belongs now. Two spellings
// of one thing that say different things are refused, because nobody could know which one counts.
import { renderPath } from "./issue.ts";
import type { Findings, Path } from "./issue.ts";
import { emptyBranch, partAt, sameValue, scalar } from "./tree.ts";
import type { Branch, Tree } from "./tree.ts";

export type Migrating = { readonly root: Branch; readonly findings: Findings };

/** A path as migrations write it; no name in them needs quoting. */
export function dotted(path: string): Path {
  return path.split(".");
}

export function peek(migrating: Migrating, path: Path): Tree | undefined {
  return partAt(migrating.root, path);
}

/** The objects that stand at a path; `*` is every member or item. */
export function eachObject(migrating: Migrating, pattern: string): readonly { path: Path; branch: Branch }[] {
  let found: { path: Path; tree: Tree }[] = [{ path: [], tree: migrating.root }];
  for (const step of pattern.split(".")) {
    found = found.flatMap(({ path, tree }) => {
      if (step === "*") return childrenOf(tree).map(([name, part]) => ({ path: [...path, name], tree: part }));
      const part = partAt(tree, [step]);
      return part === undefined ? [] : [{ path: [...path, step], tree: part }];
    });
  }
  return found.flatMap(({ path, tree }) => (tree.kind === "object" ? [{ path, branch: tree }] : []));
}

/** Removes what is at a path, and the objects around it that it leaves empty. */
export function take(migrating: Migrating, path: Path): Tree | undefined {
  const taken = partAt(migrating.root, path);
  if (taken === undefined) return undefined;
  for (let length = path.length; length > 0; length--) {
    const parent = partAt(migrating.root, path.slice(0, length - 1));
    if (parent?.kind !== "object") break;
    parent.members.delete(String(path[length - 1]));
    if (parent.members.size > 0) break;
  }
  return taken;
}

/** Puts a value at a path. Objects merge; anything else that is there already and differs is a conflict with `from`. */
export function put(migrating: Migrating, path: Path, placed: { readonly value: Tree; readonly from: Path }): void {
  const { value, from } = placed;
  const parent = branchFor(migrating, path.slice(0, -1), placed);
  if (parent === undefined) return;
  const name = String(path.at(-1));
  const there = parent.members.get(name);
  if (there === undefined) {
    parent.members.set(name, value);
    return;
  }
  if (there.kind === "object" && value.kind === "object") {
    for (const [part, below] of value.members) put(migrating, [...path, part], { value: below, from: [...from, part] });
    return;
  }
  if (!sameValue(there, value)) conflict(migrating, path, placed);
}

/** Moves a key and says so. A key that is not there moves nothing. */
export function move(migrating: Migrating, from: Path, to: Path): void {
  const value = take(migrating, from);
  if (value === undefined) return;
  renamed(migrating, { from, to: renderPath(to), value });
  put(migrating, to, { value, from });
}

export function renamed(migrating: Migrating, what: { from: Path; to: string; value: Tree }): void {
  migrating.findings.note(renderPath(what.from), `is now written ${what.to}`, what.value.place);
}

/** Replaces a scalar by another one; says so, unless both mean the same to a reader. */
export function reword(migrating: Migrating, path: Path, words: ReadonlyMap<unknown, string>): void {
  const there = peek(migrating, path);
  if (there?.kind !== "scalar") return;
  const word = words.get(there.value);
  const parent = partAt(migrating.root, path.slice(0, -1));
  if (word === undefined || parent?.kind !== "object") return;
  parent.members.set(String(path.at(-1)), scalar(word, there.place));
  migrating.findings.note(renderPath(path), `${JSON.stringify(there.value)} is now written "${word}"`, there.place);
}

/** The object at a path, made where it is missing. */
function branchFor(
  migrating: Migrating,
  path: Path,
  placed: { readonly value: Tree; readonly from: Path },
): Branch | undefined {
  let at: Tree = migrating.root;
  for (const [index, step] of path.entries()) {
    const next = partAt(at, [step]);
    if (next === undefined && at.kind === "object") {
      const made = emptyBranch(placed.value.place);
      at.members.set(String(step), made);
      at = made;
    } else if (next === undefined || next.kind === "scalar") {
      conflict(migrating, path.slice(0, index + 1), placed);
      return undefined;
    } else {
      at = next;
    }
  }
  return at.kind === "object" ? at : undefined;
}

function conflict(
  migrating: Migrating,
  path: Path,
  { value, from }: { readonly value: Tree; readonly from: Path },
): void {
  const other = partAt(migrating.root, path);
  const where = other === undefined ? "" : ` (line ${other.place.line})`;
  migrating.findings.refuse(
    renderPath(from),
    `means the same as ${renderPath(path)}${where}, but they say different things; keep one`,
    value.place,
  );
}

function childrenOf(tree: Tree): readonly (readonly [string | number, Tree])[] {
  if (tree.kind === "object") return [...tree.members];
  if (tree.kind === "array") return tree.items.map((item, at) => [at, item] as const);
  return [];
}
