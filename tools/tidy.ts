// Holds a tree (this one, or the folder named on the command line) to its ARCHITECTURE.md and to STYLE.md: layers, front
// doors, privileges, sizes. There is no baseline file.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { uses } from "./tidy/uses.ts";

const root = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
const linesMax = 300;
const functionLinesMax = 70;
const filesPerFolderMax = 15;
const importsMax = 12;
const parametersMax = 3;

type Source = { readonly path: string; readonly text: string; readonly lines: readonly string[] };
type Privilege = { readonly name: string; readonly markers: readonly string[]; readonly files: readonly string[] };

const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
const layers = block("layers")
  .split("<")
  .map((name) => name.trim());
const outsiders = parsePairs(block("outsiders"));
const openFolders = new Set(block("open-folders").split(/\s+/));
const privileges = parsePrivileges(block("privileges"));
const problems: string[] = [];

const sources = ["src", "plugins", "web", "test", "tools", "bench"].flatMap((folder) =>
  readSources(join(root, folder)),
);
for (const source of sources) {
  checkSize(source);
  checkFunctions(source);
  checkImports(source);
  if (!isProduct(source.path)) continue;
  checkPrivileges(source);
  checkGrants(source);
}
checkFolders(sources);
checkPrivilegeList();

for (const problem of problems) process.stdout.write(`${problem}\n`);
process.stdout.write(problems.length === 0 ? `tidy: ${sources.length} files\n` : `tidy: ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function block(name: string): string {
  const match = new RegExp(`\`\`\`${name}\\n([\\s\\S]*?)\`\`\``).exec(architecture);
  if (match?.[1] === undefined) throw new Error(`ARCHITECTURE.md has no block named ${name}`);
  return match[1].trim();
}

function parsePairs(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    text.split("\n").map((line) => {
      const [name = "", rest = ""] = line.split(":");
      return [name.trim(), new Set(rest.trim().split(/\s+/))];
    }),
  );
}

function parsePrivileges(text: string): readonly Privilege[] {
  const found: { name: string; markers: readonly string[]; files: string[] }[] = [];
  for (const line of text.split("\n")) {
    const head = /^(\S.*?) \((.*)\):$/.exec(line);
    if (head !== null) found.push({ name: head[1] ?? "", markers: (head[2] ?? "").split(", "), files: [] });
    else if (line.startsWith("  ")) found.at(-1)?.files.push(line.trim());
  }
  return found;
}

function readSources(folder: string): Source[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (["node_modules", "vectors", "dist"].includes(entry.name)) return [];
    if (entry.isDirectory()) return readSources(path);
    if (!/\.(ts|tsx|js|mjs)$/.test(entry.name)) return [];
    const text = readFileSync(path, "utf8");
    return [{ path: relative(root, path), text, lines: text.split("\n") }];
  });
}

function isProduct(path: string): boolean {
  return /^(?:src|plugins|web)\//.test(path);
}

function checkSize(source: Source): void {
  if (source.lines[0]?.trim() === "// catalogue") return;
  if (source.lines.length > linesMax) report(source, 1, `${source.lines.length} lines; the limit is ${linesMax}`);
  if (isProduct(source.path) && !source.lines[0]?.startsWith("//") && !source.lines[0]?.startsWith("#!"))
    report(source, 1, "the first line says what the file is for");
}

/** Functions and methods as the formatter writes them: from the line that opens one to the brace at its own indent. */
function checkFunctions(source: Source): void {
  const opening =
    /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\*? \w+|(?:const|let) \w+ = (?:async )?\(|(?:async )?\*?\w+(?:<[^>]*>)?\()/;
  source.lines.forEach((line, index) => {
    const match = opening.exec(line);
    if (match === null || /^\s*(if|for|while|switch|return|catch|super|describe|test|suite)\b/.test(line)) return;
    const indent = match[1] ?? "";
    const end = functionEnd(source.lines, index, indent);
    if (end === undefined) return;
    if (end - index + 1 > functionLinesMax && source.lines[0] !== "// catalogue")
      report(source, index + 1, `a function of ${end - index + 1} lines; the limit is ${functionLinesMax}`);
    const parameters = parameterCount(source.lines.slice(index, end + 1).join("\n"));
    if (isProduct(source.path) && /function/.test(line) && parameters > parametersMax)
      report(source, index + 1, `${parameters} parameters; past ${parametersMax} they become an options object`);
  });
}

function functionEnd(lines: readonly string[], start: number, indent: string): number | undefined {
  const first = lines[start] ?? "";
  if (!first.trimEnd().endsWith("{") && !first.trimEnd().endsWith("(")) return undefined;
  for (let at = start + 1; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line.startsWith(`${indent}}`)) return at;
    const dedented = line.trim() !== "" && !line.startsWith(`${indent} `) && !line.startsWith(`${indent})`);
    if (dedented) return undefined;
  }
  return undefined;
}

function parameterCount(text: string): number {
  const open = text.indexOf("(");
  if (open < 0) return 0;
  let depth = 0;
  let count = 0;
  let seen = false;
  for (const character of text.slice(open)) {
    if ("([{<".includes(character)) depth += 1;
    else if (")]}>".includes(character)) depth -= 1;
    else if (character === "," && depth === 1) count += 1;
    else if (depth === 1 && /\S/.test(character)) seen = true;
    if (depth === 0) break;
  }
  const trailing = /,\s*\)/.test(text.slice(open, open + 400)) ? 0 : 1;
  return seen ? count + trailing : 0;
}

function checkImports(source: Source): void {
  const imports = [...source.text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)"/gm)].map(
    (match) => match[1] ?? "",
  );
  const dynamic = [...source.text.matchAll(/\bimport\("([^"]+)"\)/g)].map((match) => match[1] ?? "");
  const files = new Set(imports);
  // Whoever puts everything together names everything.
  const composes = (isProduct(source.path) && placeOf(source.path).folder === "") || source.path.startsWith("test/");
  if (files.size > importsMax && !composes)
    report(source, 1, `imports from ${files.size} files; the limit is ${importsMax}`);
  if (/^export \*/m.test(source.text)) report(source, 1, "`export *` makes a barrel");
  if (basename(source.path).startsWith("index.")) report(source, 1, "a file is named after its main export, not index");
  if (!isProduct(source.path)) return;
  for (const specifier of new Set([...imports, ...dynamic])) {
    if (specifier.startsWith(".")) checkEdge(source, join(dirname(source.path), specifier));
  }
}

/** One import of the product's own code: layer order, front doors, and what outsiders may see. */
function checkEdge(source: Source, target: string): void {
  const from = placeOf(source.path);
  const to = placeOf(target);
  if (from.folder === to.folder || from.folder === "") return;
  if (to.folder === "") return report(source, 1, `${target} builds everything; nothing imports it`);
  const allowed = outsiders.get(from.folder);
  if (allowed === undefined && layers.indexOf(from.folder) < layers.indexOf(to.folder))
    report(source, 1, `${from.folder} is left of ${to.folder}, so it may not import ${target}`);
  if (allowed !== undefined && !allowed.has(to.folder)) report(source, 1, `${from.folder} may not import ${target}`);
  if (!openFolders.has(to.folder) && to.rest !== `${to.folder}.ts`)
    report(source, 1, `${target} is behind the front door ${to.folder}/${to.folder}.ts`);
}

function placeOf(path: string): { readonly folder: string; readonly rest: string } {
  const parts = path.split("/");
  if (parts[0] === "plugins" || parts[0] === "web") return { folder: parts[0], rest: parts.slice(1).join("/") };
  if (parts.length === 2 || parts[1] === "assembly") return { folder: "", rest: parts.slice(1).join("/") };
  return { folder: parts[1] ?? "", rest: parts.slice(2).join("/") };
}

function checkPrivileges(source: Source): void {
  for (const privilege of privileges) {
    if (privilege.files.includes(source.path)) continue;
    for (const marker of privilege.markers) {
      if (uses(source.text, marker)) report(source, 1, `uses ${marker}; ${privilege.name} is for named files only`);
    }
  }
}

/** `policy/` is the only place where a grant is made, and nowhere is anything asserted to be one. */
function checkGrants(source: Source): void {
  source.lines.forEach((line, index) => {
    if (/\bas (unknown as )?Grant\b|<Grant\b[^>]*>\s*\(/.test(line)) report(source, index + 1, "`as Grant` is nowhere");
    if (/\bcreateMint\(/.test(line) && !source.path.startsWith("src/policy/"))
      report(source, index + 1, "only policy/ makes grants");
    if (/@ts-(ignore|nocheck)|oxlint-disable(?!-next-line)/.test(line))
      report(source, index + 1, "checks are not switched off");
  });
}

function checkFolders(all: readonly Source[]): void {
  const counts = new Map<string, number>();
  for (const source of all) counts.set(dirname(source.path), (counts.get(dirname(source.path)) ?? 0) + 1);
  for (const [folder, count] of counts) {
    if (count > filesPerFolderMax) problems.push(`${folder}: ${count} files; the limit is ${filesPerFolderMax}`);
  }
  const folders = new Set(
    all.filter((source) => source.path.startsWith("src/")).map((source) => placeOf(source.path).folder),
  );
  for (const folder of folders) {
    if (folder !== "" && !layers.includes(folder) && !outsiders.has(folder))
      problems.push(`src/${folder}: ARCHITECTURE.md does not place it`);
  }
}

function checkPrivilegeList(): void {
  const known = new Set(sources.map((source) => source.path));
  for (const privilege of privileges) {
    for (const file of privilege.files) if (!known.has(file)) problems.push(`ARCHITECTURE.md: ${file} does not exist`);
  }
}

function report(source: Source, line: number, what: string): void {
  problems.push(`${source.path}:${line}: ${what}`);
}
