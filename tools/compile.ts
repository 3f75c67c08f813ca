// Compiles the whole program into the folder `compiled` beside it. `./lorica` does this when it copies the program to where
// its user can run it and not change it: compiled code is code, and has to be as far out of that user's reach.
import { enableCompileCache, flushCompileCache } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
const entry = join(root, "src/bin.ts");
/** Loading these starts something. None of them is loaded by another one. */
const programs = /^src\/(bin\.ts|sandbox\/cell\/|network\/mdns\/(announce|browse)\.ts)/;

enableCompileCache(join(root, "compiled"));
await compile();

async function compile(): Promise<void> {
  const packages = new Set<string>();
  for (const file of sources()) {
    for (const [, name] of readFileSync(file, "utf8").matchAll(/\bimport\("([^."][^"]*)"\)/g))
      if (name !== undefined) packages.add(name);
    if (!programs.test(relative(root, file))) await import(file);
  }
  for (const name of packages) await import(name);
  // The entry is compiled by being called: asked for its version it does nothing else.
  process.argv.splice(2, process.argv.length, "--version");
  await import(entry);
  flushCompileCache();
}

function sources(): readonly string[] {
  return ["src", "plugins"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts"))
      .filter(({ parentPath }) => !parentPath.includes("node_modules"))
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
}
