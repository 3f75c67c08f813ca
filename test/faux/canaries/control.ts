// What a scan has to find: one text in every spelling, in the environment, on the command line and in the memory of a
// process, in files, in their names and inside of what is compressed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { coreOf, spellings } from "./canaries.ts";

/** Reads a file and holds on to it: what it says is in no environment and on no command line. */
const holder = `const held = require("node:fs").readFileSync(0); process.stdout.write("ready"); setInterval(() => held.length, 1000);`;

export type Control = { readonly pid: number; readonly end: () => void };

function spelled(value: string): readonly Buffer[] {
  return Object.values(spellings).map((spell) => spell(coreOf(value))[0] ?? Buffer.alloc(0));
}

/** In a text of its own, whatever it is spelled in may be anywhere. */
function strewn(value: string): Buffer {
  return Buffer.concat(spelled(value).flatMap((bytes, at) => [Buffer.from(`${"x".repeat(at)}|`), bytes]));
}

export async function startControl(values: {
  readonly memory: string;
  readonly environment: string;
  readonly line: string;
}): Promise<Control> {
  const child = spawn(process.execPath, ["-e", holder, values.line], {
    env: { GIVEN: values.environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(strewn(values.memory));
  await once(child.stdout, "data");
  return { pid: child.pid ?? 0, end: () => void child.kill("SIGKILL") };
}

export function writeControlFiles(
  folder: string,
  values: { readonly plain: string; readonly packed: string; readonly name: string },
): void {
  mkdirSync(join(folder, "deep"), { recursive: true });
  writeFileSync(join(folder, "deep/spelled.bin"), strewn(values.plain));
  writeFileSync(
    join(folder, "deep/archive.bin"),
    Buffer.concat([Buffer.from("before"), gzipSync(strewn(values.packed))]),
  );
  writeFileSync(join(folder, `report-${values.name}.txt`), "");
}
