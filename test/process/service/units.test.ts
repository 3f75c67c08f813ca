// Our units as systemd's own tools judge them, and the walls that a unit puts up, built by hand around a whole gateway:
// no systemd runs where the tests do.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { renderUnit } from "../../../src/cli/service/unit.ts";
import type { Scope } from "../../../src/cli/service/unit.ts";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";

const root = resolve(import.meta.dirname, "../../..");
const noSystemd = spawnSync("systemd-analyze", ["--version"]).status !== 0 && "systemd-analyze is not installed";
const noSandbox = whyNoSandbox() ?? false;

let scratch: string;
let lorica: Installation;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "lorica-unit-"));
  lorica = await createInstallation();
});
after(async () => {
  await lorica.remove();
  rmSync(scratch, { recursive: true, force: true });
});

function writeUnit(scope: Scope): string {
  const folder = join(scratch, scope);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "openclaw-gateway.service");
  const text = renderUnit({
    scope,
    profile: undefined,
    command: ["/bin/sh", "gateway", "run"],
    writable: [scratch],
    environment: { OPENCLAW_STATE_DIR: "/srv/with space/50%" },
    ...(scope === "system" ? { user: userInfo().username } : {}),
  });
  writeFileSync(file, text);
  return file;
}

function analyze(...words: readonly string[]): { readonly status: number | null; readonly said: string } {
  const ran = spawnSync("systemd-analyze", words, {
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", HOME: scratch, XDG_RUNTIME_DIR: scratch, LC_ALL: "C" },
  });
  return { status: ran.status, said: `${ran.stdout}${ran.stderr}` };
}

for (const [scope, id] of [
  ["user", "DEP-006"],
  ["system", "DEP-008"],
] as const) {
  test(`${id} systemd understands every line of the ${scope} unit`, { skip: noSystemd }, () => {
    const file = writeUnit(scope);
    const words = ["verify", "--man=no", "--recursive-errors=no", file];
    assert.deepEqual(analyze(...(scope === "user" ? ["--user", ...words] : words)), { status: 0, said: "" });
    // It would say so if it did not.
    writeFileSync(file, "[Service]\nExecStart=/bin/sh\nProtectSystm=strict\n");
    assert.match(analyze(...words).said, /ProtectSystm/);
  });
}

test(
  "systemd's own measure of exposure, of ten: what is left is what the sandboxes are made of",
  { skip: noSystemd },
  (context) => {
    const exposure = (scope: Scope): number => {
      const { said } = analyze("security", "--offline=true", "--no-pager", writeUnit(scope));
      return Number(/Overall exposure level for .*: ([\d.]+)/.exec(said)?.[1]);
    };
    const [user, system] = [exposure("user"), exposure("system")];
    context.diagnostic(`exposure: user unit ${user}, system unit ${system}`);
    // Three tenths of it are the delegated group, which bounds each sandbox and is worth more than they say.
    assert.ok(user <= 7 && system <= 3.8, `${user} ${system}`);
  },
);

/** ProtectSystem=strict, ProtectHome=read-only, NoNewPrivileges: everything read-only but /dev, /proc, /sys and these. */
function walls(...writable: readonly string[]): readonly string[] {
  const live = ["/dev", "/proc", "/sys"].flatMap((path) => ["--dev-bind", path, path]);
  return ["--ro-bind", "/", "/", ...live, ...writable.flatMap((path) => ["--bind", path, path]), "--die-with-parent"];
}

/**
 * SystemCallArchitectures=native: who calls by another table of calls than the machine's own is ended. `nr >= the first of x32
 * ? kill : allow`, as the kernel reads it.
 */
function ownTableOnly(file: string): void {
  const program = [
    [0x20, 0, 0, 0],
    [0x35, 0, 1, 0x40000000],
    [0x06, 0, 0, 0x80000000],
    [0x06, 0, 0, 0x7fff0000],
  ] as const;
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, met, unmet, value]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(met, index * 8 + 2);
    bytes.writeUInt8(unmet, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  writeFileSync(file, bytes);
}

test(
  "DEP-006 the guides' printed unit starts unchanged: only ~/.openclaw to write, and the sandbox holds",
  { skip: noSandbox },
  async () => {
    const binary = join(lorica.stateDir, "bin/openclaw");
    mkdirSync(join(lorica.stateDir, "bin"));
    writeFileSync(binary, `#!/bin/sh\nexec '${join(root, "lorica")}' "$@"\n`);
    chmodSync(binary, 0o700);
    lorica.writeConfig({ gateway: { port: lorica.port } });
    // A user's systemd gives a service hardly more than this.
    const env = { HOME: lorica.home, PATH: "/usr/local/bin:/usr/bin:/bin", NODE_ENV: "production" };
    const filter = join(scratch, "own-table");
    ownTableOnly(filter);
    const command = [...walls(lorica.stateDir), "--seccomp", "3", "--", binary, "gateway", "--foreground"];
    const opened = openSync(filter, "r");
    const gateway = spawn("bwrap", command, { env, stdio: ["ignore", "ignore", "pipe", opened] });
    closeSync(opened);
    let said = "";
    gateway.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    const ended = new Promise<number | null>((done) => gateway.once("close", done));
    try {
      await untilHealthy(() => said);
      const tool = await lorica.run(["agent", "--json", "--message", '!call exec {"command":"echo made by a tool"}']);
      assert.equal(tool.code, 0, tool.stderr);
      const { owner } = JSON.parse((await lorica.run(["status", "--json"])).stdout) as {
        owner: { gateway: { confinement: string }; sandbox: { state: string; reason: unknown } };
      };
      assert.deepEqual(
        [owner.gateway.confinement, owner.sandbox.state, owner.sandbox.reason],
        ["bwrap", "verified", null],
      );
      assert.equal(existsSync(join(lorica.home, ".cache/lorica/locks")), false);
    } finally {
      gateway.kill("SIGTERM");
      await ended;
    }
  },
);

async function untilHealthy(said: () => string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const response = await fetch(`http://127.0.0.1:${lorica.port}/health`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok === true) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`the gateway does not answer: ${said()}`);
}
