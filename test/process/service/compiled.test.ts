// Code that was compiled ahead is code: whoever may write it runs what they like in the next start. The script is the real
// one, with its folders moved; root and the system user are played, Node is not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { checkout, createPlace, movedScript, playedRoot } from "../../faux/outside/script.ts";

const played = { ...playedRoot, install: `while [ $# -gt 1 ]; do shift; done; mkdir -p "$1"` };

/** A checkout with a program of one line, and a release of before whose packages are taken over. */
function createMachine() {
  const { folder, write, programs } = createPlace("compiled");
  mkdirSync(join(folder, "home"));
  programs(played);
  write("checkout/lorica", movedScript(folder), 0o755);
  write("checkout/package.json", `{ "type": "module", "version": "0" }`);
  write("checkout/src/bin.ts", `import { say } from "./say.ts";\nsay();\n`);
  write("checkout/src/say.ts", `export function say(): void {\n  console.log("as it was written");\n}\n`);
  write("checkout/tools/build-web.ts", `import { mkdirSync } from "node:fs";\nmkdirSync(process.argv[2] ?? "");\n`);
  mkdirSync(join(folder, "checkout/plugins"));
  mkdirSync(join(folder, "checkout/web"));
  for (const path of ["lorica.mjs", "tools/compile.ts"]) cpSync(join(checkout, path), join(folder, "checkout", path));
  for (const place of ["checkout", "library/1"]) {
    write(`${place}/package-lock.json`, "{}");
    write(`${place}/node_modules/.package-lock.json`, "{}");
    write(`${place}/node_modules/.bin/node`, `#!/bin/sh\nexec ${process.execPath} "$@"\n`, 0o755);
  }
  symlinkSync("1", join(folder, "library/current"));
  const run = (uid: number) => {
    const env = { PATH: `${folder}/programs:/usr/bin:/bin`, HOME: join(folder, "home"), FAUX_UID: String(uid) };
    const { status, stdout, stderr } = spawnSync(join(folder, "checkout/lorica"), ["status"], {
      env,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  return { folder, run };
}

/** Each compiled form of the program's line below this folder says something else, and its checksum is right. */
function poison(folder: string): number {
  let poisoned = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    const at = bytes.indexOf("as it was written");
    if (at < 0) continue;
    bytes.write("as somebody liked", at);
    bytes.writeUInt32LE(crc32(bytes.subarray(20)), 16);
    writeFileSync(path, bytes);
    poisoned += 1;
  }
  return poisoned;
}

test("the control: in a cache of the user's own, whoever was that user once decides what the next start runs", () => {
  const { folder, run } = createMachine();
  assert.equal(run(4711), "as it was written\n");
  assert.equal(poison(join(folder, "home/.cache")), 1);
  assert.equal(run(4711), "as somebody liked\n");
});

test("where root installs the program it is compiled there, and no cache of its user's is looked at", () => {
  const { folder, run } = createMachine();
  assert.equal(run(0), "as it was written\n");
  assert.ok(!existsSync(join(folder, "home/.cache")));
  const release = readdirSync(join(folder, "library")).find((name) => name.startsWith("20")) ?? "";
  const compiled = join(folder, "library", release, "compiled");
  // It is used: what stands there is what runs.
  assert.equal(poison(compiled), 1);
  assert.equal(run(0), "as somebody liked\n");
  assert.ok(!existsSync(join(folder, "checkout/compiled")));
});
