// The disk is full: nothing is accepted that cannot be kept, whoever waits is told, and what was accepted is answered once
// there is room again. The disk is a small one in memory that only this gateway sees.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { checkDatabase } from "../../src/store/store.ts";
import { freePort } from "../faux/installation.ts";
import { whyNoSandbox } from "../faux/outside/host.ts";
import { processesBelow } from "../faux/outside/processes.ts";
import { until } from "../faux/outside/until.ts";
import { startFauxProvider } from "../faux/provider.ts";

const entry = resolve(import.meta.dirname, "../../lorica.mjs");
const token = randomBytes(32).toString("hex");
const diskBytes = 160 * 1_048_576;
const says = /"code":"unavailable"/;

test(
  "a full disk is told in time, and what was accepted is answered when there is room",
  { skip: whyNoSandbox() ?? false },
  async () => {
    const provider = await startFauxProvider({ script: [{ text: "Fine." }] });
    const home = mkdtempSync(join(tmpdir(), "lorica-disk-"));
    const port = await freePort();
    const outer = startOnSmallDisk(home, port, provider.url);
    const ended = new Promise((done) => outer.once("close", done));
    try {
      const url = `http://127.0.0.1:${port}`;
      await until("it is healthy", () =>
        fetch(`${url}/health`).then(
          (response) => response.ok,
          () => false,
        ),
      );
      // What it sees under this path, others do not.
      const [inside = 0] = processesBelow(outer.pid ?? 0, `${entry}\0gateway\0run`);
      const disk = `/proc/${inside}/root${home}`;
      const ask = async (session: string): Promise<string> => {
        const response = await fetch(`${url}/v1/chat/completions`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "x-openclaw-session-key": session },
          body: JSON.stringify({ messages: [{ role: "user", content: "hi" }] }),
        });
        return `${response.status} ${await response.text()}`;
      };
      assert.match(await ask("one"), /^200 .*Fine\./);

      fill(join(disk, "filling"));
      const refused = await ask("one");
      assert.match(refused, /^503 .*cannot grow, the disk is full; free some space/);
      assert.match(refused, says);
      assert.equal((await fetch(`${url}/health`)).status, 200);
      rmSync(join(disk, "filling"));
      assert.match(await ask("one"), /^200 .*Fine\./);

      const held = Promise.withResolvers<void>();
      provider.play([{ text: "Late.", until: held.promise }]);
      const before = provider.requests.length;
      const waiting = ask("two");
      await until("the model is asked", async () => provider.requests.length > before);
      fill(join(disk, "filling"));
      held.resolve();
      const told = await waiting;
      assert.match(told, /^503 .*the answer cannot be stored yet: .*the disk is full.*Your message is kept/);
      assert.match(told, says);
      provider.play([{ text: "Fine." }]);
      rmSync(join(disk, "filling"));
      assert.match(await ask("two"), /^200 .*Fine\./);
      for (const name of ["lorica.sqlite", "lorica.sqlite-wal"])
        copyFileSync(join(disk, ".openclaw/state", name), join(home, name));
      assert.deepEqual(checkDatabase(join(home, "lorica.sqlite")), []);
    } finally {
      outer.kill("SIGKILL");
      await ended;
      rmSync(home, { recursive: true, force: true });
      await provider.close();
    }
  },
);

function startOnSmallDisk(home: string, port: number, providerUrl: string): ChildProcess {
  const config = {
    models: {
      providers: { faux: { baseUrl: `${providerUrl}/v1`, api: "openai-completions", models: [{ id: "m" }] } },
    },
    agents: { defaults: { model: { primary: "faux/m" } } },
    gateway: { http: { endpoints: { chatCompletions: { enabled: true } } } },
  };
  const setUp = 'umask 077; mkdir ~/.openclaw; cat > ~/.openclaw/openclaw.json; exec "$@"';
  const disk = ["--dev-bind", "/", "/", "--size", String(diskBytes), "--tmpfs", home, "--die-with-parent"];
  const run = [process.execPath, entry, "gateway", "run", "--port", String(port)];
  const outer = spawn("bwrap", [...disk, "--", "/bin/sh", "-c", setUp, "sh", ...run], {
    env: { HOME: home, PATH: process.env["PATH"] ?? "/usr/bin:/bin", OPENCLAW_GATEWAY_TOKEN: token },
    stdio: ["pipe", "ignore", "ignore"],
  });
  outer.stdin?.end(JSON.stringify(config));
  return outer;
}

/** To the last byte. */
function fill(path: string): void {
  const file = openSync(path, "a");
  for (const size of [1_048_576, 4_096, 1]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    }
  }
  closeSync(file);
}
