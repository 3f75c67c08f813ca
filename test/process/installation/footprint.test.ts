// What an installation costs while nobody uses it, and what its second start need not do again.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { isInstalledCopy, whyNoSandbox } from "../../faux/outside/host.ts";
import { until } from "../../faux/outside/until.ts";
import { createTrace, whyNotTraced } from "./strace.ts";

const idleMemoryMaxMb = 150;

/** The process and all below it. */
function processTree(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(processTree)];
}

/** What each holds alone, and its share of what it has in common with others. */
function memoryMb(pids: readonly number[]): number {
  const kib = pids.map(shareKib);
  return (kib.reduce((sum, each) => sum + each, 0) * 1_024) / 1e6;
}

function shareKib(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    // The broker's is nobody's to read. What it has in common with others, it has in common with one at least.
    const [, resident = 0, shared = 0] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ").map(Number);
    return (resident - shared / 2) * 4;
  }
}

/** Sources whose compiled form a process looked for in a cache: those that were there, and those that it made itself. */
function lookUps(calls: readonly string[]): { readonly found: number; readonly stripped: readonly string[] } {
  const opened = new Map<string, string>();
  const stripped: string[] = [];
  let found = 0;
  for (const line of calls) {
    const [pid = ""] = line.split(" ");
    const lookedUp = /"[^"]*\/(?:compiled|cell-code)\/[^"]*\/[0-9a-f]{8}"(.*)/.exec(line)?.[1];
    const source = opened.get(pid) ?? "";
    // The first look-up after a source is for what it is without its types, the next ones for machine code.
    opened.set(pid, /= \d+<(\/[^>]*\.[a-z]+)>$/.exec(line)?.[1] ?? "");
    if (lookedUp === undefined || !source.endsWith(".ts")) continue;
    if (lookedUp.includes("ENOENT")) stripped.push(source);
    else found += 1;
  }
  return { found, stripped };
}

suite("an installation that has been started before", { concurrency: false }, () => {
  let lorica: Installation;
  const traced = createTrace("-s", "200", "-e", "trace=openat");
  const cache = (): string => join(lorica.home, ".cache/lorica/compiled");
  const useTool = async (): Promise<void> => {
    const ran = await lorica.run(["agent", "--message", '!call exec {"command":"true"}\n!echo']);
    assert.equal(ran.code, 0, ran.stderr);
  };
  before(async () => {
    lorica = await createInstallation(whyNotTraced() === undefined ? { under: traced.under } : {});
    await lorica.start();
    await useTool();
    // What root has installed was compiled there before; elsewhere this is written once that is done for later starts.
    if (!isInstalledCopy) await until("the code is compiled ahead", async () => existsSync(join(cache(), "warm")));
    await lorica.stop();
  });
  after(async () => {
    await lorica.remove();
    traced.remove();
  });

  test(
    "COST-020 a later start strips no types: all code comes out of the cache",
    { skip: whyNotTraced() ?? false },
    async () => {
      const live = async (): Promise<ReturnType<typeof lookUps>> => {
        traced.look();
        await lorica.start();
        await useTool();
        await lorica.stop();
        return lookUps(traced.look());
      };
      const { found, stripped } = await live();
      assert.deepEqual(stripped, []);
      assert.ok(found > 50, `${found} files came out of the cache`);
      if (isInstalledCopy) return;
      for (const name of readdirSync(cache(), { recursive: true, encoding: "utf8" }))
        if (/\/[0-9a-f]{8}$/.test(name)) rmSync(join(cache(), name));
      assert.ok((await live()).stripped.length > 50, "without the cache each file would be missed");
    },
  );

  const noSandbox = whyNoSandbox() ?? false;
  test(`COST-020 idle, all processes together hold less than ${idleMemoryMaxMb} MB`, { skip: noSandbox }, async () => {
    const gateway = await lorica.start();
    const held = (): number => {
      const tree = processTree(gateway.pid ?? 0);
      assert.ok(tree.length >= 3, "the broker, bubblewrap and the gateway are counted");
      return memoryMb(tree);
    };
    // A turn has run, and the boot probe is over: only then does status answer. What both needed is given back when
    // nothing happens for a while; a cell is not idle, and not counted.
    assert.equal((await lorica.run(["agent", "--message", "hello"])).code, 0);
    assert.equal((await lorica.run(["status"])).code, 0);
    await until(`no more than ${idleMemoryMaxMb} MB are held`, async () => held() < idleMemoryMaxMb);
    assert.ok(held() > 20, "what was read is the memory of running programs");
  });
});
