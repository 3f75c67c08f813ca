// The core's production install, without Node itself.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { figure, root } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "lorica-size-"));
for (const name of ["package.json", "package-lock.json", ".npmrc", "src", "plugins"]) {
  cpSync(join(root, name), join(folder, name), { recursive: true });
}
execFileSync("npm", ["ci", "--omit=dev", "--omit=optional", "--loglevel=error"], { cwd: folder, stdio: "inherit" });
const kib = Number(execFileSync("du", ["-sk", folder], { encoding: "utf8" }).split("\t")[0]);
figure("production install without Node", [(kib * 1024) / 1e6, "MB"], { atMost: 60 });
rmSync(folder, { recursive: true });
