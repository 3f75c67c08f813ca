// Bundles the page into web/dist (or the folder named on the command line): one script and one style sheet, named after
// what is in them, and an index that names both. The same sources give the same files, byte for byte.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What the whole page may weigh on its way to a browser, so that it opens at once over a thin tunnel. */
export const budgetBytes = 60 * 1024;

export type BuiltPage = { readonly files: readonly string[]; readonly gzipBytes: number };

const web = resolve(import.meta.dirname, "../web");

export async function buildWeb(target: string): Promise<BuiltPage> {
  const bundled = await build({
    entryPoints: [
      { in: join(web, "src/main.tsx"), out: "app" },
      { in: join(web, "style/page.css"), out: "app" },
    ],
    absWorkingDir: web,
    outdir: "out",
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2023", "chrome137", "firefox130", "safari17.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { LORICA_VERSION: JSON.stringify(version()) },
    legalComments: "none",
    charset: "utf8",
    entryNames: "[name].[hash]",
    logLevel: "warning",
  });
  const outputs = bundled.outputFiles.map(({ path, contents }) => ({ name: path.split("/").at(-1) ?? path, contents }));
  const index = readFileSync(join(web, "index.html"), "utf8")
    .replace("app.css", nameOf(outputs, ".css"))
    .replace("app.js", nameOf(outputs, ".js"));
  const copied = ["icon.svg", "plain.css"].map((name) => ({ name, contents: readFileSync(join(web, name)) }));
  mkdirSync(target, { recursive: true, mode: 0o755 });
  // The index comes last: whoever reads meanwhile finds the old page or the new one, and never half of one.
  for (const { name, contents } of [...outputs, ...copied, { name: "index.html", contents: index }]) {
    const fresh = join(target, `.${name}.${process.pid}`);
    writeFileSync(fresh, contents, { mode: 0o644 });
    renameSync(fresh, join(target, name));
  }
  const kept = new Set([...outputs, ...copied].map(({ name }) => name).concat("index.html"));
  for (const name of readdirSync(target)) {
    if (/^app\.\w+\.(?:js|css)$/.test(name) && !kept.has(name)) rmSync(join(target, name), { force: true });
  }
  const gzipBytes = [...outputs.map(({ contents }) => contents), Buffer.from(index)].reduce(
    (sum, contents) => sum + gzipSync(contents, { level: 9 }).length,
    0,
  );
  return { files: outputs.map(({ name }) => name), gzipBytes };
}

function version(): string {
  return (JSON.parse(readFileSync(join(web, "../package.json"), "utf8")) as { readonly version: string }).version;
}

function nameOf(outputs: readonly { readonly name: string }[], ending: string): string {
  const found = outputs.find(({ name }) => name.endsWith(ending));
  if (found === undefined) throw new Error(`the bundle has no ${ending} file`);
  return found.name;
}

if (import.meta.main) {
  const { files, gzipBytes } = await buildWeb(resolve(process.argv[2] ?? join(web, "dist")));
  process.stdout.write(`page: ${files.join(" ")}, ${gzipBytes} of ${budgetBytes} bytes compressed\n`);
  if (gzipBytes > budgetBytes) throw new Error(`the page weighs ${gzipBytes} bytes; the budget is ${budgetBytes}`);
}
