import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { createCommandLine } from "../faux/command-line.ts";
import { until } from "../faux/outside/until.ts";

const root = resolve(import.meta.dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "lorica-start-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

type Ran = { readonly exit: number | null; readonly stdout: string; readonly stderr: string };

function runEntry(words: readonly string[], before = ""): Ran {
  const first = before === "" ? [] : ["--import", `data:text/javascript,${encodeURIComponent(before)}`];
  const ran = spawnSync(process.execPath, [...first, join(root, "lorica.mjs"), ...words], {
    env: { HOME: scratch, PATH: "/usr/bin:/bin", OPENCLAW_ALLOW_ROOT: "1" },
    encoding: "utf8",
  });
  return { exit: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

test("CLI-001 the entry prints its version and passes a command's exit status on", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.deepEqual(runEntry(["--version"]), { exit: 0, stdout: `lorica ${version}\n`, stderr: "" });
  assert.equal(runEntry(["health"]).exit, 7);
  assert.equal(runEntry(["security", "audit"]).exit, 3);
});

test("GW-050 a Node that is too old is refused with what to do, before anything else is loaded", () => {
  const old = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.11.0" } })';
  assert.deepEqual(runEntry(["status"], old), {
    exit: 1,
    stdout: "",
    stderr: "lorica: Node.js 24.12 or newer is needed; this is 22.11.0. Start ./lorica, which brings its own.\n",
  });
});

test("GW-045 root is refused by the program itself, however it was started", () => {
  const asRoot = 'process.getuid = () => 0; delete process.env["OPENCLAW_ALLOW_ROOT"]';
  assert.deepEqual(runEntry(["gateway", "run"], asRoot), {
    exit: 4,
    stdout: "",
    stderr: `lorica: this does not run as root. Start it as ${join(root, "lorica")}, which becomes the system user lorica\n`,
  });
});

test("CLI-025 CLI-084 up starts a gateway in the background once, restart starts another, stop ends it", async (context) => {
  const line = createCommandLine();
  context.after(() => line.close());
  writeEntry(line.home);
  Object.assign(line.env, { HOME: line.home, PATH: "/usr/bin:/bin", NODE_OPTIONS: "--trace-warnings", LANG: "C" });
  const first = await line.run(["up", "--port", "19555"]);
  assert.equal(first.exit, 0, first.stderr);
  assert.match(first.stdout, /^Lorica 0\.0\.0-test is running \(pid \d+\)\n/);
  assert.match(first.stdout, new RegExp(`workspace {3}${line.stateDir}/workspace\n`));
  assert.match(first.stdout, /model {7}none is configured; to use one: lorica onboard --help\n/);
  assert.match(
    first.stdout,
    /sandbox {5}off, so commands and file tools are off: bubblewrap is not installed\n +sudo apt-get.*\n +then: lorica gateway restart\n/,
  );
  assert.equal(first.stderr, "note: a notice\n");
  const how = JSON.parse(readFileSync(join(line.stateDir, "started.json"), "utf8")) as Record<string, unknown>;
  assert.deepEqual(how, {
    argv: ["gateway", "run", "--port", "19555"],
    cwd: "/",
    env: ["HOME", "LANG", "MALLOC_ARENA_MAX", "PATH"],
  });
  const second = await line.run(["up", "--json"]);
  const facts = JSON.parse(second.stdout) as { started: boolean; olderCode: boolean; owner: { pid: number } };
  assert.deepEqual([facts.started, facts.olderCode], [false, false]);
  writeFileSync(join(line.home, "src/new.ts"), "");
  assert.equal(
    (await line.run(["up"])).stderr,
    "note: a notice\nnote: this gateway runs the code from before an update; lorica gateway restart starts the new one\n",
  );
  assert.equal(
    readFileSync(join(line.stateDir, "bin/openclaw"), "utf8"),
    `#!/bin/sh\nexec '${join(line.home, "lorica")}' "$@"\n`,
  );
  const again = { exit: 0, stdout: "running again, with the config as it is now\n", stderr: "" };
  assert.deepEqual(await line.run(["gateway", "restart"]), again);
  const third = JSON.parse((await line.run(["up", "--json"])).stdout) as { owner: { pid: number } };
  assert.notEqual(third.owner.pid, facts.owner.pid);
  assert.deepEqual(await line.run(["gateway", "stop"]), { exit: 0, stdout: "stopped\n", stderr: "" });
  assert.throws(() => process.kill(third.owner.pid, 0), { code: "ESRCH" });
});

test("up whose gateway finds the state directory taken waits for the one that took it", async (context) => {
  const line = createCommandLine();
  context.after(() => line.close());
  const refused = join(line.home, "refused");
  writeFileSync(
    join(line.home, "lorica.mjs"),
    `import { writeFileSync } from "node:fs";
     writeFileSync(${JSON.stringify(refused)}, String(process.pid));
     process.stderr.write("lorica: another gateway is using the state directory\\n");
     process.exit(6);`,
  );
  const started = line.run(["up", "--json"]);
  const hasEnded = (): boolean => {
    const pid = existsSync(refused) ? readFileSync(refused, "utf8") : "";
    return pid !== "" && !existsSync(`/proc/${pid}`);
  };
  while (!hasEnded()) await new Promise((done) => setTimeout(done, 5));
  await line.serve("owner.sock", { "owner.status": () => ({ uptimeMs: 0, pid: 4711 }) });
  await line.serve("gateway.sock", { health: () => ({ ok: true }), status: () => ({}) });
  const { exit, stdout, stderr } = await started;
  const { started: itself, owner } = JSON.parse(stdout) as { started: boolean; owner: { pid: number } };
  assert.deepEqual([exit, stderr, itself, owner.pid], [0, "", false, 4711]);
});

test("a gateway that cannot start says why through up, with its own exit status", async (context) => {
  const line = createCommandLine();
  context.after(() => line.close());
  writeEntry(line.home);
  Object.assign(line.env, { HOME: line.home, FAUX_FAILS: "1" });
  assert.deepEqual(await line.run(["up"]), {
    exit: 78,
    stdout: "",
    stderr: "lorica: /c:3:1: no key gatway; did you mean gateway?\n",
  });
});

test("a gateway that neither starts nor stops is killed, and up ends", async (context) => {
  const stop = new AbortController();
  const line = createCommandLine();
  context.after(() => line.close());
  const pidPath = join(line.home, "pid");
  const stuck = `import { writeFileSync } from "node:fs";
    process.on("SIGTERM", () => undefined);
    setInterval(() => undefined, 1_000);
    writeFileSync(${JSON.stringify(pidPath)}, String(process.pid));`;
  writeFileSync(join(line.home, "lorica.mjs"), stuck);
  const up = line.run(["up"], { signal: stop.signal });
  await until("it runs", async () => existsSync(pidPath));
  stop.abort();
  assert.equal((await up).exit, 130);
  assert.throws(() => process.kill(Number(readFileSync(pidPath, "utf8")), 0), { code: "ESRCH" });
});

function writeEntry(codeRoot: string): void {
  const faux = JSON.stringify(join(root, "test/faux/gateway-process.ts"));
  writeFileSync(join(codeRoot, "lorica.mjs"), `import { runFauxGateway } from ${faux};\nawait runFauxGateway();\n`);
}
