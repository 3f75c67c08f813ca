// Stands in for a whole gateway where the command line starts one: serves both sockets of the state directory that its
// environment names, writes down how it was started, and ends when it is told to.
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { resolvePaths } from "../../src/config/config.ts";
import { serveFrames } from "./command-line.ts";

export async function runFauxGateway(): Promise<void> {
  const paths = resolvePaths({ env: process.env, home: homedir() });
  if (process.env["FAUX_FAILS"] !== undefined) {
    process.stderr.write("lorica: /c:3:1: no key gatway; did you mean gateway?\n");
    process.exit(78);
  }
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  const started = { argv: process.argv.slice(2), cwd: process.cwd(), env: Object.keys(process.env).toSorted() };
  writeFileSync(join(paths.stateDir, "started.json"), JSON.stringify(started));
  const status = {
    version: "1",
    pid: process.pid,
    uptimeMs: process.uptime() * 1_000,
    profile: null,
    paths: { state: paths.stateDir, config: paths.configPath, workspace: paths.workspace, log: paths.logPath },
    config: { hashOnDisk: null, hashRunning: null, restartNeeded: [] },
    gateway: { state: "running", pid: 1, restarts: 0, confinement: "none", confinementReason: "a test" },
    listen: null,
    sandbox: { state: "off", reason: "bubblewrap is not installed", fix: "sudo apt-get install bubblewrap", walls: [] },
    notices: ["a notice"],
  };
  await serveFrames(paths.ownerSocket, {
    "owner.status": () => status,
    "config.get": () => ({ valid: true, issues: [] }),
    "gateway.stop": () => {
      setTimeout(() => process.exit(0), 50);
      return { stopping: true, pid: process.pid };
    },
  });
  await serveFrames(paths.gatewaySocket, {
    health: () => ({ ok: true }),
    status: () => ({ sessions: { count: 0, defaults: { modelProvider: null, model: null, contextTokens: null } } }),
  });
}
