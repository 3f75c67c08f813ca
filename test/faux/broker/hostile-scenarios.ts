// A gateway under somebody else's full control: his code runs in it, with a program of his own beside it that makes any
// system call he likes. What a cell refuses, this refuses as well.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { judge } from "../../../src/broker/cell/probe.ts";
import { encodeActs, forbiddenActs, interpreter, parseOutcomes } from "../../../src/sandbox/sandbox.ts";
import type { Act, Outcome } from "../../../src/sandbox/sandbox.ts";
import { createTestBroker } from "./test-broker.ts";

/** What a cell has and a gateway has not, or the other way round: where it works, and which programs it finds. */
const cellsOwn = /^(work in the workspace|read the home folder|write \/opt\/lorica\/bin\/node)$/;

export async function everyActIsRefused(): Promise<void> {
  const test = await createTestBroker();
  try {
    await test.broker.start();
    // The attacker brings his tools in by the one way that he has: a folder of the gateway's own.
    const tools = join(test.stateDir, "state");
    copyFileSync("/usr/bin/perl", join(tools, "tool"));
    chmodSync(join(tools, "tool"), 0o755);
    writeFileSync(join(tools, "acts.pl"), interpreter);
    const canary = join(test.stateDir, "openclaw.json");
    const cellVariables = ["TZ", "PWD", "MALLOC_ARENA_MAX", "NODE_COMPILE_CACHE", "NODE_OPTIONS"];
    const places = { canary, home: test.stateDir, port: test.provider.port, cellVariables };
    const acts = forbiddenActs(places, process.arch).filter(({ name }) => !cellsOwn.test(name));
    const outside = outcomesOf(
      spawnSync("/usr/bin/perl", [join(tools, "acts.pl")], {
        input: encodeActs(acts.filter((act) => act.outside !== "skip")),
        encoding: "utf8",
        env: {},
      }).stdout,
    );
    const said = await test.inGateway(`
      const { spawnSync } = await import("node:child_process");
      const tool = ${JSON.stringify(join(tools, "tool"))};
      const ran = spawnSync(tool, [${JSON.stringify(join(tools, "acts.pl"))}], { input: ${JSON.stringify(encodeActs(acts))}, encoding: "utf8" });
      return ran.stdout + (ran.error?.message ?? "") + ran.stderr;`);
    const inside = outcomesOf(String(said));
    const walls = acts.map((act) => judge(act, inside.get(act.name), outside.get(act.name)));
    assert.deepEqual(
      walls.filter((wall) => !wall.held),
      [],
    );
    assert.ok(walls.length > 80, String(walls.length));
  } catch (error) {
    process.stderr.write(existsSync(test.logPath) ? readFileSync(test.logPath, "utf8").slice(-2_000) : "");
    throw error;
  } finally {
    await test.close();
  }
}

function outcomesOf(text: string): ReadonlyMap<Act["name"], Outcome> {
  const outcomes = parseOutcomes(text);
  assert.ok(outcomes.ok, text.slice(0, 500));
  return outcomes.value;
}
