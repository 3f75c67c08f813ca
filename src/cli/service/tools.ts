// Asks systemd's own tools, systemctl and loginctl. What they say comes back; whether it is good is for the caller.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import type { Environment } from "../../config/config.ts";

export type Said = { readonly exit: number; readonly stdout: string; readonly stderr: string };

/** Runs one of the tools; undefined where it is not installed. */
export type Tools = (name: "systemctl" | "loginctl", words: readonly string[]) => Promise<Said | undefined>;

/** What they need to find the user's own systemd, and words that can be read by a program. */
const passed = ["PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"];

export function createTools(env: Environment, signal: AbortSignal): Tools {
  return async (name, words) => {
    const file = findProgram(env, name);
    if (file === undefined) return undefined;
    const kept = passed.flatMap((variable) => (env[variable] === undefined ? [] : [[variable, env[variable]]]));
    return runToEnd(file, words, {
      environment: { ...Object.fromEntries(kept), ...runtimeDir(env), LC_ALL: "C" },
      signal,
    });
  };
}

/** After `su` the variable is missing, and the user's systemd is there all the same. */
function runtimeDir(env: Environment): Readonly<Record<string, string>> {
  const folder = `/run/user/${process.getuid?.()}`;
  return env["XDG_RUNTIME_DIR"] === undefined && isThere(folder) ? { XDG_RUNTIME_DIR: folder } : {};
}

function findProgram(env: Environment, name: string): string | undefined {
  const folders = (env["PATH"] ?? "/usr/bin:/bin").split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  return isThere(path, constants.X_OK);
}

function isThere(path: string, mode = constants.F_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

async function runToEnd(
  file: string,
  words: readonly string[],
  { environment, signal }: { readonly environment: Record<string, string>; readonly signal: AbortSignal },
): Promise<Said> {
  const child = spawn(file, words, {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    signal: bounded(signal, limits.serviceCommandTimeoutMs),
  });
  let stdout = "";
  let stderr = "";
  child.stdout
    .setEncoding("utf8")
    .on("data", (text: string) => (stdout = (stdout + text).slice(-limits.serviceOutputMaxBytes)));
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (stderr = (stderr + text).slice(-limits.serviceOutputMaxBytes)));
  const { promise, resolve, reject } = Promise.withResolvers<Said>();
  child.once("error", (cause) => {
    if (signal.aborted) return reject(cause);
    const what = cause.name === "AbortError" ? "does not come to an end" : "cannot be run";
    reject(new LoricaError("unavailable", `${file} ${words.join(" ")} ${what}`, { cause }));
  });
  child.once("close", (code) => resolve({ exit: code ?? 1, stdout, stderr: stderr.trim() }));
  return promise;
}
