// What stands in a file of SOPS, in the order in which SOPS counts it: its values with their places, and its own part. Who
// wrote the file is not known before its check sum was, so that reading it has bounds of its own.
import type { ValueNode } from "@humanwhocodes/momoa";
import type { Document, LineCounter, ParsedNode } from "yaml";
import { isRecord, nestsDeeper, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";

type Scalar = string | number | bigint | boolean | null;
type Pairs = readonly (readonly [string, Tree])[];
type Tree =
  | { readonly kind: "value"; readonly value: Scalar }
  | { readonly kind: "list"; readonly items: readonly Tree[] }
  | { readonly kind: "map"; readonly pairs: Pairs };

/** `place` is what SOPS seals a value under: the keys that lead to it, without a number for the items of a list. */
export type Leaf = { readonly place: string; readonly inList: boolean; readonly value: Scalar };

export type SopsFile = {
  readonly leaves: readonly Leaf[];
  /** The key of all values, sealed with age for one recipient each. */
  readonly keys: readonly string[];
  readonly mac: string;
  readonly lastModified: string;
  readonly macOnlyEncrypted: boolean;
};

export async function readSopsFile(text: string): Promise<Parsed<SopsFile>> {
  if (Buffer.byteLength(text) > limits.sopsFileMaxBytes)
    return rejected(`it is longer than ${limits.sopsFileMaxBytes} bytes`);
  if (/^[^\s#:=]+=ENC\[/m.test(text) || /^sops_\w+=/m.test(text)) return readDotEnv(text);
  const root = text.trimStart().startsWith("{") ? await readJson(text) : await readYaml(text);
  if (!root.ok) return root;
  if (root.value.kind !== "map") return rejected("it is no mapping of names to values");
  const { pairs } = root.value;
  const own = pairs.find(([name]) => name === "sops")?.[1];
  const sops = own === undefined ? undefined : plainOf(own);
  if (!isRecord(sops)) return rejected("it has sealed values, but its part “sops” is missing");
  const age = Array.isArray(sops["age"]) ? (sops["age"] as readonly unknown[]) : [];
  const leaves: Leaf[] = [];
  collectLeaves({ kind: "map", pairs: pairs.filter(([name]) => name !== "sops") }, { keys: [], inList: false }, leaves);
  return checked({
    leaves,
    keys: age.flatMap((one) => (isRecord(one) && typeof one["enc"] === "string" ? [one["enc"]] : [])),
    mac: sops["mac"],
    lastModified: sops["lastmodified"],
    macOnlyEncrypted: sops["mac_only_encrypted"] === true,
  });
}

function readDotEnv(text: string): Parsed<SopsFile> {
  const lines = text.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    return at < 1 || line.startsWith("#") ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  const own = new Map(lines.filter(([name]) => name.startsWith("sops_")));
  const values = lines.filter(([name]) => !name.startsWith("sops_"));
  const names = new Set<string>();
  for (const [name] of values) {
    if (names.has(name)) return rejected(`${name} stands in it twice`);
    names.add(name);
  }
  return checked({
    leaves: values.map(([name, value]) => ({ place: `${name}:`, inList: false, value })),
    keys: [...own].flatMap(([name, value]) =>
      /^sops_age__list_\d+__map_enc$/.test(name) ? [value.replaceAll("\\n", "\n")] : [],
    ),
    mac: own.get("sops_mac"),
    lastModified: own.get("sops_lastmodified"),
    macOnlyEncrypted: own.get("sops_mac_only_encrypted") === "true",
  });
}

type Unchecked = Omit<SopsFile, "mac" | "lastModified"> & { readonly mac: unknown; readonly lastModified: unknown };

function checked({ mac, lastModified, ...rest }: Unchecked): Parsed<SopsFile> {
  if (rest.keys.length === 0) return rejected("its key is not sealed with age");
  if (rest.keys.length > limits.sopsKeysMax) return rejected(`it is sealed for more than ${limits.sopsKeysMax} keys`);
  if (typeof mac !== "string" || typeof lastModified !== "string") return rejected("its check sum is missing");
  if (rest.leaves.length > limits.secretsMax) return rejected(`it holds more than ${limits.secretsMax} values`);
  return parsed({ ...rest, mac, lastModified });
}

/** Read a second time for the order: an object of the language puts names that are numbers first. */
async function readJson(text: string): Promise<Parsed<Tree>> {
  const json = parseJson(text);
  if (!json.ok) return rejected(`it is no JSON: ${json.reason}`);
  if (nestsDeeper(json.value, limits.jsonDepthMax)) return rejected("it nests too deeply");
  const { parse } = await import("@humanwhocodes/momoa");
  return treeOfJson(parse(text, { mode: "json" }).body);
}

function treeOfJson(node: ValueNode): Parsed<Tree> {
  if (node.type === "Array") return listOf(node.elements.map(({ value }) => treeOfJson(value)));
  if (node.type === "Object")
    return mapOf(
      node.members.map(({ name, value }) => [name.type === "String" ? name.value : "", treeOfJson(value)] as const),
    );
  if (node.type === "Null") return parsed({ kind: "value", value: null });
  if (node.type === "String" || node.type === "Number" || node.type === "Boolean")
    return parsed({ kind: "value", value: node.value });
  return rejected(`line ${node.loc.start.line}: this is no value of JSON`);
}

async function readYaml(text: string): Promise<Parsed<Tree>> {
  const { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter: Lines, parseDocument } = await import("yaml");
  // Composing costs far more than taking apart: a file that is made to be slow ends here.
  let lexemes = 0;
  for (const _ of new Lexer().lex(text))
    if (++lexemes > limits.sopsLexemesMax) return rejected("it has too many parts for a file of secrets");
  const lineCounter: LineCounter = new Lines();
  const lineOf = (offset: number | undefined) => `line ${lineCounter.linePos(offset ?? 0).line}`;
  const walk = (node: ParsedNode | null, depth: number): Parsed<Tree> => {
    const line = lineOf(node?.range[0]);
    if (depth > limits.jsonDepthMax) return rejected(`${line}: it nests too deeply`);
    if (node === null) return parsed({ kind: "value", value: null });
    if (isAlias(node)) return rejected(`${line}: aliases are not taken in`);
    if (isSeq(node)) return listOf(node.items.map((item) => walk(item, depth + 1)));
    if (isMap(node))
      return mapOf(node.items.map(({ key, value }) => [nameOf(key), walk(value as ParsedNode | null, depth + 1)]));
    return isScalar(node) ? scalarOf(node.value, line) : rejected(`${line}: this is no value of a file of SOPS`);
  };
  const nameOf = (key: unknown) => (isScalar(key) && typeof key.value === "string" ? key.value : undefined);
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { ...yamlOptions, lineCounter });
  } catch (error) {
    // What nests deeper than the reader's stack ends in one of these.
    if (error instanceof RangeError) return rejected("it nests too deeply");
    throw error;
  }
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) return rejected(`it is no YAML that is known here: ${lineOf(fault.pos[0])}: ${fault.code}`);
  return walk(document.contents, 0);
}

/** The bare language: no tags, no merging of mappings; names that stand twice are found by `mapOf`, in linear time. */
const yamlOptions = {
  schema: "core",
  intAsBigInt: true,
  merge: false,
  resolveKnownTags: false,
  stringKeys: true,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "error",
} as const;

function scalarOf(value: unknown, line: string): Parsed<Tree> {
  if (value === null || ["string", "number", "bigint", "boolean"].includes(typeof value))
    return parsed({ kind: "value", value: value as Scalar });
  return rejected(`${line}: this is no value of a file of SOPS`);
}

function listOf(items: readonly Parsed<Tree>[]): Parsed<Tree> {
  const taken: Tree[] = [];
  for (const item of items) {
    if (!item.ok) return item;
    taken.push(item.value);
  }
  return parsed({ kind: "list", items: taken });
}

function mapOf(found: readonly (readonly [string | undefined, Parsed<Tree>])[]): Parsed<Tree> {
  const pairs = new Map<string, Tree>();
  for (const [name, tree] of found) {
    if (!tree.ok) return tree;
    if (name === undefined) return rejected("one of its names is no text");
    if (pairs.has(name)) return rejected(`${name} stands in it twice`);
    pairs.set(name, tree.value);
  }
  return parsed({ kind: "map", pairs: [...pairs] });
}

function collectLeaves(
  tree: Tree,
  at: { readonly keys: readonly string[]; readonly inList: boolean },
  into: Leaf[],
): void {
  if (tree.kind === "value") into.push({ place: `${at.keys.join(":")}:`, inList: at.inList, value: tree.value });
  else if (tree.kind === "list") for (const item of tree.items) collectLeaves(item, { ...at, inList: true }, into);
  else for (const [name, part] of tree.pairs) collectLeaves(part, { ...at, keys: [...at.keys, name] }, into);
}

function plainOf(tree: Tree): unknown {
  if (tree.kind === "value") return tree.value;
  if (tree.kind === "list") return tree.items.map(plainOf);
  return Object.fromEntries(tree.pairs.map(([name, part]) => [name, plainOf(part)]));
}
