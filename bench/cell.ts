// The cell: what the walls add to a command and to a file read, and what a session's first use costs. Runs alternate,
// so that a busy machine slows both sides.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Action, Resources, Verb } from "../src/base/action.ts";
import { owner } from "../src/base/principal.ts";
import { createCells } from "../src/broker/broker.ts";
import { hostGroups, openGroups } from "../src/sandbox/sandbox.ts";
import { createHome, figure, percentile, removeHome, root } from "./harness.ts";

const runs = 100;
const reads = 2_000;
const home = createHome();
const workspace = join(home, "workspace");
mkdirSync(workspace);
writeFileSync(join(workspace, "four-kilobytes"), "x".repeat(4_096));

const signal = new AbortController().signal;
const cells = createCells({
  // With what an installation has on: bounds, locked instructions, and a group where this host gives one.
  agents: () => new Map([["main", { workspace, access: "rw", bounds: { processes: 512 } }]]),
  openGroups: () => openGroups(hostGroups(process.getuid?.() ?? 0)),
  node: process.execPath,
  codeDir: join(root, "src/sandbox/cell"),
  cacheDir: join(home, "cache"),
  home,
  protectedPaths: [],
  audit: { record: () => undefined },
});

try {
  const [cold] = await timed(1, () => cells.probe(signal));
  const [warm] = await timed(1, () => cells.probe(signal));
  const status = cells.status();
  if (status.kind === "off") throw new Error(`${status.reason}; ${status.fix}`);
  figure("boot probe, first start of an installation", [cold ?? 0, "ms"]);
  figure("boot probe, later starts", [warm ?? 0, "ms"]);
  await measureCommands();
  await measureFiles();
} finally {
  await cells.close();
  removeHome(home);
}

async function measureCommands(): Promise<void> {
  const first = await timed(5, (index) => exec(`first-${index}`));
  figure("exec, first use of a session's cell, p50", [percentile(first, 0.5), "ms"], { atMost: 150 });
  const plain: number[] = [];
  const walled: number[] = [];
  for (let round = 0; round < runs; round++) {
    plain.push(...(await timed(1, spawnPlain)));
    walled.push(...(await timed(1, () => exec("first-0"))));
  }
  const added = percentile(walled, 0.5) - percentile(plain, 0.5);
  figure("exec in the cell, p50", [percentile(walled, 0.5), "ms"]);
  figure("exec over plain spawn, p50", [added, "ms more"], { atMost: 10 });
}

async function measureFiles(): Promise<void> {
  const [first] = await timed(1, () => read());
  figure("file tool, first use", [first ?? 0, "ms"], { atMost: 150 });
  await timed(reads, () => read());
  const measured = await timed(reads, () => read());
  figure("read of 4 KB, p50", [percentile(measured, 0.5) * 1_000, "µs"], { atMost: 100 });
}

async function exec(session: string): Promise<void> {
  const run = { command: "true", cwd: ".", timeoutMs: 10_000, terminal: "none", mode: "foreground" } as const;
  await cells.run(action("process.run", run, session), () => undefined, signal);
}

async function read(): Promise<void> {
  const resource = { operation: "read", path: "four-kilobytes", offset: 1, lines: 10 } as const;
  await cells.read(action("file.read", resource, "first-0"), signal);
}

async function spawnPlain(): Promise<void> {
  const child = spawn("/bin/bash", ["-c", "true"], { env: {}, stdio: ["ignore", "pipe", "pipe"] });
  await new Promise((resolve) => child.once("close", resolve));
}

function action<V extends Verb>(verb: V, resource: Resources[V], session: string): Action<V> {
  const label = { integrity: "owner", readers: [] };
  return { verb, agentId: "main", sessionKey: session, principal: owner, label, resource } as unknown as Action<V>;
}

async function timed(times: number, run: (index: number) => Promise<unknown>): Promise<number[]> {
  const measured: number[] = [];
  for (let index = 0; index < times; index++) {
    const begun = performance.now();
    await run(index);
    measured.push(performance.now() - begun);
  }
  return measured;
}
