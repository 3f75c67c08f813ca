// A cell that turns on its broker, one too many, one that nobody needs any more, and one whose broker dies.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createPool } from "../../src/broker/cell/pool.ts";
import type { CellPlace } from "../../src/broker/cell/pool.ts";
import { prepareCellHost } from "../../src/broker/cell/host.ts";
import { findBwrap } from "../../src/broker/spawn.ts";
import { commandProfile } from "../../src/sandbox/sandbox.ts";
import type { ProcessRun } from "../../src/base/action.ts";
import {
  action,
  cells,
  cellsOptions,
  leave,
  never,
  ownProcessesWith,
  place,
  processesWith,
  until,
  workspace,
} from "./room.ts";

const bwrap = findBwrap() ?? "bwrap is missing";
const run: ProcessRun = { command: "echo hello", cwd: ".", timeoutMs: 10_000, terminal: "none", mode: "foreground" };
let codes = 0;

before(async () => {
  assert.equal((await cells.probe(never)).kind, "verified");
});
after(leave);

/** A host whose cells run this supervisor instead of the real one. */
async function hostileHost(supervisor: string): Promise<CellPlace> {
  const codeDir = join(place.folder, `hostile-${(codes += 1)}`);
  cpSync(place.codeDir, codeDir, { recursive: true });
  writeFileSync(join(codeDir, "supervisor.ts"), supervisor);
  const cacheDir = join(place.folder, `hostile-cache-${codes}`);
  mkdirSync(cacheDir);
  writeFileSync(join(codeDir, "warm.ts"), "process.exit(0);");
  const host = await prepareCellHost({ ...cellsOptions, bwrap, codeDir, cacheDir }, never);
  return { bwrap, host, profile: commandProfile };
}

const preamble = `
import { Socket } from "node:net";
import { encodeFrame } from "./frames.ts";
const link = new Socket({ fd: 3, readable: true, writable: true });
const send = (head: object, body = "") => link.write(encodeFrame("control", head as {}, Buffer.from(body)));
link.once("data", () => { send({ kind: "ready" }); link.on("data", () => attack()); });
`;
const forged = `{ kind: "ended", call: 1, end: "exited", exitCode: 0, droppedBytes: 0, durationMs: 1 }`;
const attacks: readonly (readonly [string, string, RegExp])[] = [
  ["noise", `link.write(Buffer.alloc(64, 255))`, /broke its protocol/],
  ["a frame without end", `link.write(Buffer.from([0, 0, 0, 2, 255, 255, 255, 255]))`, /broke its protocol/],
  ["a head that is no object", `link.write(Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 49]))`, /broke its protocol/],
  ["a reply of no known shape", `send({ kind: "ended", call: 1, exitCode: 9999 })`, /broke its protocol/],
  [
    "output beyond the bound",
    `for (let n = 0; n < 3; n++) send({ kind: "output", call: 1 }, "x".repeat(1_000_000))`,
    /broke its protocol/,
  ],
  ["output without end, not a byte in it", `send({ kind: "output", call: 1 })`, /nobody asked for: output/],
  ["two ends to one command", `send(${forged}); send(${forged})`, /nobody asked for: ended/],
  ["the end of a command that never was", `send({ ...${forged}, call: 99 })`, /nobody asked for: ended/],
  ["what a command is not asked for", `send({ kind: "started", call: 1 })`, /nobody asked for: started/],
  [
    "the end of a process that never was",
    `send({ kind: "gone", processId: "p1", end: "exited", exitCode: 0, durationMs: 1 })`,
    /nobody asked for: gone/,
  ],
  [
    "the end of a file worker that never was",
    `send({ kind: "files_gone", generation: 0 })`,
    /nobody asked for: files_gone/,
  ],
  ["its beginning, again", `send({ kind: "ready" })`, /nobody asked for: ready/],
  [
    "words of a file worker that never was",
    `link.write(encodeFrame("file", { kind: "matches", call: 1, truncated: false }))`,
    /about files that nobody asked for/,
  ],
  ["its own death", `process.exit(3)`, /the sandbox cell ended/],
];
for (const [name, attack, message] of attacks) {
  test(`a cell that answers with ${name} is ended, with a coded error`, async () => {
    const hostile = await hostileHost(`${preamble}\nfunction attack() { ${attack}; }`);
    const pool = poolOf(8);
    const ended = pool.use({ agentId: "main", sessionKey: "x" }, () => hostile, {
      async use(cell) {
        // A frame too many may come after a right one.
        const first = await cell.commands.run(run, () => undefined, never).catch((error: unknown) => error);
        if (first instanceof Error) throw first;
        await cell.ended;
        await cell.commands.run(run, () => undefined, never);
      },
      signal: never,
    });
    await assert.rejects(ended, { code: "unavailable", message });
    await pool.close();
  });
}

test("of too many cells the one that was idle longest is closed, and one that works is not", async () => {
  const real: CellPlace = {
    bwrap,
    host: await prepareCellHost({ ...cellsOptions, bwrap }, never),
    profile: commandProfile,
  };
  const pool = poolOf(2);
  const before = cellCount();
  const inSession = (sessionKey: string, command: string, signal = never) =>
    pool.use({ agentId: "main", sessionKey }, () => real, {
      use: (cell) => cell.commands.run({ ...run, command }, () => undefined, signal),
      signal,
    });
  await inSession("a", "echo a > /tmp/a");
  await inSession("b", "echo b > /tmp/b");
  await inSession("a", "true");
  await inSession("c", "true");
  assert.match(JSON.stringify(await inSession("a", "cat /tmp/a")), /"output":"a\\n"/);
  const busy = new AbortController();
  const working = [inSession("a", "sleep 86888", busy.signal), inSession("c", "sleep 86888", busy.signal)];
  const ended = Promise.allSettled(working);
  await until(() => processesWith("sleep 86888").length >= 2, "both work");
  await assert.rejects(inSession("d", "true"), { code: "overloaded" });
  busy.abort();
  await ended;
  await pool.close();
  assert.equal(cellCount(), before);
});

test("of the cells without work only so many are kept", async () => {
  const real: CellPlace = {
    bwrap,
    host: await prepareCellHost({ ...cellsOptions, bwrap }, never),
    profile: commandProfile,
  };
  const pool = poolOf(8, { idleMax: 2 });
  const inSession = (sessionKey: string, command: string) =>
    pool.use({ agentId: "main", sessionKey }, () => real, {
      use: (cell) => cell.commands.run({ ...run, command }, () => undefined, never),
      signal: never,
    });
  const before = cellCount();
  for (const session of ["a", "b", "c", "d"]) await inSession(session, `echo ${session} > /tmp/mine`);
  await until(() => cellCount() === before + 2, "the surplus is closed");
  assert.match(JSON.stringify(await inSession("d", "cat /tmp/mine")), /"output":"d\\n"/);
  assert.match(JSON.stringify(await inSession("a", "cat /tmp/mine")), /No such file/);
  await pool.close();
});

test("a cell without work is closed by itself, and one with a background process is not", async () => {
  const real: CellPlace = {
    bwrap,
    host: await prepareCellHost({ ...cellsOptions, bwrap }, never),
    profile: commandProfile,
  };
  const pool = poolOf(4, { idleMs: 50 });
  const start = (sessionKey: string, options: Partial<ProcessRun>) =>
    pool.use({ agentId: "main", sessionKey }, () => real, {
      use: (cell) => cell.commands.run({ ...run, ...options }, () => undefined, never),
      signal: never,
    });
  await start("busy", { command: "sleep 86666", mode: "background" });
  await start("idle", { command: "true" });
  const before = cellCount();
  await until(() => cellCount() < before, "the idle one is closed");
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.notDeepEqual(processesWith("sleep 86666"), []);
  await pool.close();
  assert.deepEqual(processesWith("sleep 86666"), []);
});

test("a cell whose agent is gone from the config ends, whatever runs in it", async () => {
  const agents = new Map([["main", { workspace, access: "rw" } as const]]);
  const host = await prepareCellHost({ ...cellsOptions, bwrap }, never);
  const pool = createPool({
    agents: () => agents,
    protectedPaths: [],
    onGone: () => undefined,
    bounds: { cellsMax: 2, idleMax: 2, idleMs: 20 },
  });
  const endless = { ...run, command: "sleep 86124", mode: "background" } as const;
  await pool.use({ agentId: "main", sessionKey: "x" }, () => ({ bwrap, host, profile: commandProfile }), {
    use: (cell) => cell.commands.run(endless, () => undefined, never),
    signal: never,
  });
  assert.notDeepEqual(processesWith("sleep 86124"), []);
  agents.clear();
  await until(() => processesWith("sleep 86124").length === 0, "it has ended");
  await pool.close();
});

test("when the broker is killed, nothing of its cells is left", async () => {
  const script = join(place.folder, "broker.ts");
  const source = join(import.meta.dirname, "../../src");
  writeFileSync(
    script,
    `import { createCells } from ${JSON.stringify(join(source, "broker/cells.ts"))};
     const options = JSON.parse(process.argv[2]);
     const cells = createCells({ ...options, agents: () => new Map([["main", { workspace: options.workspace, access: "rw" }]]), audit: { record() {} } });
     const signal = new AbortController().signal;
     await cells.probe(signal);
     await cells.run(options.action, () => {}, signal);
     console.log("running");
     setInterval(() => {}, 1000);`,
  );
  const started = action("process.run", { ...run, command: "sleep 86777", mode: "background" }, {});
  const options = { ...cellsOptions, workspace, action: started };
  const broker = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => broker.stdout.once("data", resolve));
  assert.notDeepEqual(processesWith("sleep 86777"), []);
  broker.kill("SIGKILL");
  await until(() => processesWith("sleep 86777").length === 0, "the command is gone");
});

/** Each is bubblewrap twice, and the supervisor in it. */
function cellCount(): number {
  return ownProcessesWith("/opt/lorica/cell/supervisor.ts").length / 3;
}

type PoolOptions = { readonly gone?: unknown[]; readonly idleMs?: number; readonly idleMax?: number };

function poolOf(
  cellsMax: number,
  { gone = [], idleMs = 60_000, idleMax = 8 }: PoolOptions = {},
): ReturnType<typeof createPool> {
  return createPool({
    agents: () => new Map([["main", { workspace, access: "rw" } as const]]),
    protectedPaths: [],
    onGone: (_key, end) => void gone.push(end),
    bounds: { cellsMax, idleMax, idleMs },
  });
}
