// Starts the gateway in the background and waits until it answers. The only place in the command line that starts a
// process.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codes, LoricaError } from "../base/errors.ts";
import type { Code } from "../base/errors.ts";
import { limits, nodeEnvironment, nodeFlags } from "../base/limits.ts";
import { sleep } from "../base/wait.ts";
import { unreachableReason } from "../client/client.ts";
import type { GatewayOverrides, Invocation } from "./context.ts";
import { withGateway } from "./reach.ts";

const pollMs = 30;
const saidMaxBytes = 8_192;

/** Returns once the gateway answers; throws what it said where it ended instead. */
export async function launchGateway(invocation: Invocation, overrides: Partial<GatewayOverrides>): Promise<void> {
  const errors = openScratch();
  try {
    const child = start(invocation, overrides, errors.descriptor);
    try {
      await untilReady(invocation, child, () => errors.read());
    } catch (error) {
      // Nobody would know of a gateway that came up after its start was reported as failed.
      await end(child);
      throw error;
    } finally {
      child.unref();
    }
  } finally {
    errors.close();
  }
}

/** What cannot start may be unable to stop, too, and must not keep whoever asked waiting. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), limits.stopGraceMs + limits.gatewayKillAfterMs);
  await ended;
  clearTimeout(killer);
}

function start(invocation: Invocation, overrides: Partial<GatewayOverrides>, stderr: number): ChildProcess {
  const { context, paths } = invocation;
  const words = ["gateway", "run"];
  if (paths.profile !== undefined) words.push("--profile", paths.profile);
  if (overrides.port !== undefined) words.push("--port", String(overrides.port));
  if (overrides.bind !== undefined) words.push("--bind", overrides.bind);
  return spawn(process.execPath, [...nodeFlags, join(context.codeRoot, "lorica.mjs"), ...words], {
    // A folder that can always be left, so that no mount is kept busy.
    cwd: "/",
    detached: true,
    env: gatewayEnvironment(context.env),
    stdio: ["ignore", "ignore", stderr],
  });
}

/**
 * The same as in the foreground: the config may name any variable. What would change the runtime itself stays out,
 * because a background process is not where somebody debugs their shell's settings.
 */
export function gatewayEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(NODE_OPTIONS|NODE_V8_|NODE_PATH|LD_)/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...nodeEnvironment };
}

/** What a desktop's own opener needs to find the desktop. */
const desktopNames =
  /^(PATH|HOME|LANG|LC_.*|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_.*|DBUS_SESSION_BUS_ADDRESS|DESKTOP_SESSION|BROWSER)$/;

/** Opens a file as a click on it would. False where there is no desktop, and then no file is asked for. */
export async function openWithDesktop({ context }: Invocation, makeFile: () => Promise<string>): Promise<boolean> {
  const { env } = context;
  const isMac = process.platform === "darwin";
  const hasDesktop = isMac || env["DISPLAY"] !== undefined || env["WAYLAND_DISPLAY"] !== undefined;
  // Over SSH a forwarded display would show a browser of this machine to somebody who sits at another.
  if (!hasDesktop || env["SSH_CONNECTION"] !== undefined) return false;
  const child = spawn(isMac ? "open" : "xdg-open", [await makeFile()], {
    detached: true,
    env: Object.fromEntries(Object.entries(gatewayEnvironment(env)).filter(([name]) => desktopNames.test(name))),
    stdio: "ignore",
  });
  child.unref();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  child.once("spawn", () => resolve(true));
  // It is not installed, or not for us: the link was printed.
  child.once("error", () => resolve(false));
  return promise;
}

async function untilReady(invocation: Invocation, child: ChildProcess, said: () => string): Promise<void> {
  const failed = Promise.withResolvers<never>();
  child.once("error", (cause) =>
    failed.reject(new LoricaError("internal", "the gateway cannot be started", { cause })),
  );
  child.once("exit", (code, signal) => failed.reject(endedError(code, signal, said())));
  const stop = new AbortController();
  const waiting = AbortSignal.any([invocation.signal, stop.signal]);
  try {
    await Promise.race([awaitGateway({ ...invocation, signal: waiting }), failed.promise]);
  } finally {
    stop.abort();
    child.removeAllListeners();
    failed.promise.catch(() => undefined);
  }
}

/** Returns once the gateway answers: also for one that somebody else has just started. */
export async function awaitGateway(invocation: Invocation): Promise<void> {
  const deadline = performance.now() + limits.cliStartTimeoutMs;
  for (;;) {
    try {
      await withGateway(invocation, (gateway) => gateway.call("health", {}));
      return;
    } catch (error) {
      // It runs, and whoever is to open its vault needs it to run on.
      if (isLocked(error)) return;
      if (invocation.signal.aborted || unreachableReason(error) === undefined) throw error;
      if (performance.now() > deadline)
        throw new LoricaError("timeout", `the gateway does not answer after ${limits.cliStartTimeoutMs / 1_000} s`, {
          cause: error,
        });
    }
    await sleep(pollMs, invocation.signal);
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof LoricaError && error.details?.["code"] === "VAULT_LOCKED";
}

/** What the gateway printed before it ended is the reason, and its exit status says which kind. */
function endedError(exit: number | null, signal: NodeJS.Signals | null, said: string): LoricaError {
  const code = (Object.keys(codes) as Code[]).find((name) => codes[name].exit === exit) ?? "internal";
  const words = said.replaceAll(/^lorica: /gm, "").trim();
  return new LoricaError(code, words === "" ? `the gateway ended at once (${signal ?? exit})` : words);
}

/**
 * Where the gateway's stderr goes until it answers. Not a pipe, which would break under it when this command ends, and
 * not a file in the state directory, which may turn out to be somebody else's.
 */
function openScratch(): { readonly descriptor: number; read(): string; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), "lorica-start-"));
  const descriptor = openSync(join(folder, "stderr"), "ax+", 0o600);
  rmSync(folder, { recursive: true });
  return {
    descriptor,
    read() {
      const buffer = Buffer.alloc(saidMaxBytes);
      return buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, saidMaxBytes, 0));
    },
    close: () => closeSync(descriptor),
  };
}
