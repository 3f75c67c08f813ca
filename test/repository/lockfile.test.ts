// What may enter the tree, and in what state: every dependency is pinned, hashed, licensed and quiet at install.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

type LockEntry = {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
};

const root = resolve(import.meta.dirname, "../..");
const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  packages: Record<string, LockEntry>;
};
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  workspaces: readonly string[];
};
const packages = Object.entries(lock.packages).filter(([path]) => path.includes("node_modules/") && !isWorkspace(path));

/** Licences that ask for nothing but a notice. Anything else is looked at by a person before it is added here. */
const licences = new Set([
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "BlueOak-1.0.0",
  "(AFL-2.1 OR BSD-3-Clause)",
  "(MPL-2.0 OR Apache-2.0)",
]);
/** Used by tests as it is, and never shipped: what it asks for falls on whoever changes and distributes it. */
const testOnly = new Set(["node_modules/axe-core", "node_modules/tweetnacl"]);
/** `npm ci --ignore-scripts` is the only way packages are installed; these are known to work without theirs. */
const scriptsNeverRun = new Set(["node_modules/esbuild"]);
// Six of them are age, which seals backups as they are written.
const productionPackagesMax = 70;
const directDependenciesMax = 15;

test("every package in the lockfile has a hash and comes from a registry", () => {
  const wrong = packages.filter(
    ([, entry]) => entry.integrity === undefined || /^(git|http:|file:)/.test(entry.resolved ?? ""),
  );
  assert.deepEqual(
    wrong.map(([path]) => path),
    [],
  );
});

test("every package has a licence that only asks for a notice", () => {
  const wrong = packages.filter(([path, entry]) => !licences.has(entry.license ?? "none") && !testOnly.has(path));
  assert.deepEqual(
    wrong.map(([path, entry]) => `${path}: ${entry.license ?? "none"}`),
    [],
  );
});

test("no package runs a script when it is installed", () => {
  assert.deepEqual(
    packages
      .filter(([path, entry]) => entry.hasInstallScript === true && !scriptsNeverRun.has(path))
      .map(([path]) => path),
    [],
  );
});

test("the core stays small", () => {
  const production = packages.filter(([, entry]) => entry.dev !== true);
  assert.ok(production.length <= productionPackagesMax, `${production.length} production packages`);
  const direct = Object.keys(manifest.dependencies);
  assert.ok(direct.length <= directDependenciesMax, `${direct.length} direct dependencies`);
});

test("what the product imports is installed where only the product is", () => {
  const files = globSync("src/**/*.ts", { cwd: root });
  const imported = files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/^(?!import type).*(?:from |import\()"([a-z@][\w@./:-]*)"/gm)]
      .map(([, name = ""]) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? "")
      .filter((name) => !name.startsWith("node:")),
  );
  assert.ok(imported.includes("zod"));
  assert.deepEqual(
    [...new Set(imported)].filter((name) => !(name in manifest.dependencies)),
    [],
  );
});

test("every direct dependency is pinned to one version and explained in ARCHITECTURE.md", () => {
  const pins = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
  assert.deepEqual(
    Object.entries(pins).filter(([, version]) => !/^\d+\.\d+\.\d+/.test(version)),
    [],
  );
  const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  const unexplained = Object.keys(manifest.dependencies).filter((name) => !architecture.includes(`| ${name} |`));
  assert.deepEqual(unexplained, []);
});

function isWorkspace(path: string): boolean {
  return lock.packages[path]?.link === true || manifest.workspaces.includes(path);
}
