// What this node can be asked. Everything but `system.run` only tells; that one runs what stands in the list, word by
// word, and nothing else.
import { arch, cpus, freemem, homedir, hostname, loadavg, release, totalmem, uptime } from "node:os";
import { statfs } from "node:fs/promises";
import { z } from "zod";
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { isSame, loadAllowed } from "./allowed.ts";
import type { AllowedCommand } from "./allowed.ts";
import { runProgram } from "./process.ts";
import { findProgram } from "./programs.ts";

export type Asked = {
  readonly params: unknown;
  readonly timeoutMs: number;
  readonly onOutput: (text: string) => void;
};

/** Why it was not done; the gateway is told both. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type NodeCommands = Readonly<Record<string, (asked: Asked, signal: AbortSignal) => Promise<Json>>>;

export type CommandSettings = {
  /** The list of commands that may be run here. */
  readonly allowedPath: string;
  readonly version: string;
};

export function createCommands(settings: CommandSettings): NodeCommands {
  const notifier = findProgram("notify-send");
  return {
    "system.which": async ({ params }) => which(parse(whichParams, params).bins),
    "system.run.prepare": async ({ params }) => prepare(settings, parse(runParams, params)),
    "system.run": (asked, signal) => run(settings, asked, signal),
    "device.info": async () => ({
      deviceName: hostname(),
      systemName: process.platform,
      systemVersion: release(),
      arch: arch(),
      appVersion: settings.version,
    }),
    "device.status": () => hostStats(),
    // Only where there is somebody to tell.
    ...(notifier === undefined
      ? {}
      : { "system.notify": (asked: Asked, signal: AbortSignal) => notify(notifier, asked, signal) }),
  };
}

const whichParams = z.object({ bins: z.array(z.string().min(1).max(256)).max(64) });
const words = z.array(z.string().max(limits.nodeHostWordMaxChars)).min(1).max(limits.nodeHostWordsMax);
/** What else a gateway sends along decides nothing here, except an environment, which would change what is run. */
const runParams = z.object({
  command: words,
  cwd: z.string().max(4_096).nullish(),
  env: z.record(z.string(), z.string()).nullish(),
  timeoutMs: z.number().min(0).nullish(),
});
const notifyParams = z.object({ title: z.string().max(256).default(""), body: z.string().max(2_000).default("") });

function parse<T>(schema: z.ZodType<T>, params: unknown): T {
  const parsed = schema.safeParse(params ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal("INVALID_REQUEST", `${issue?.path.join(".") ?? "params"}: ${issue?.message ?? "invalid"}`);
}

function which(names: readonly string[]): Json {
  const found = names.flatMap((name) => {
    const path = findProgram(name);
    return path === undefined ? [] : [[name, path] as const];
  });
  return { bins: Object.fromEntries(found) };
}

type RunParams = z.infer<typeof runParams>;

/** The line as it would run, where it is on the list. */
async function permitted({ allowedPath }: CommandSettings, params: RunParams): Promise<AllowedCommand> {
  if (Object.keys(params.env ?? {}).length > 0)
    throw new Refusal("SYSTEM_RUN_DENIED", "this node takes no environment from a gateway");
  const [name = "", ...rest] = params.command;
  const program = findProgram(name);
  if (program === undefined) throw new Refusal("SYSTEM_RUN_DENIED", `there is no program ${JSON.stringify(name)} here`);
  const { cwd } = params;
  const wanted: AllowedCommand = { argv: [program, ...rest], ...(cwd === undefined || cwd === null ? {} : { cwd }) };
  const allowed = await loadAllowed(allowedPath);
  if (allowed.some((one) => isSame(one, wanted))) return wanted;
  const why = allowed.length === 0 ? "no command is allowed on this node" : "this command is not allowed on this node";
  throw new Refusal("SYSTEM_RUN_DENIED", `${why}. Whoever owns it can allow it there: node allow -- ${shown(wanted)}`);
}

function shown({ argv }: AllowedCommand): string {
  return argv
    .map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(" ")
    .slice(0, 500);
}

async function prepare(settings: CommandSettings, params: RunParams): Promise<Json> {
  const { argv, cwd } = await permitted(settings, params);
  return {
    plan: {
      argv,
      cwd: cwd ?? homedir(),
      commandText: argv.join(" "),
      agentId: null,
      sessionKey: null,
      policySnapshot: {
        security: "allowlist",
        ask: "off",
        askFallback: "deny",
        autoAllowSkills: false,
        allowlistRules: [],
      },
    },
  };
}

async function run(
  settings: CommandSettings,
  { params, timeoutMs, onOutput }: Asked,
  signal: AbortSignal,
): Promise<Json> {
  const parsed = parse(runParams, params);
  const { argv, cwd } = await permitted(settings, parsed);
  const [program, ...args] = argv;
  const limitMs = Math.min(parsed.timeoutMs || timeoutMs, timeoutMs, limits.nodeInvokeTimeoutMaxMs);
  const home = homedir();
  const ended = await runProgram(
    { argv: [program, ...args], cwd: cwd ?? home, home, timeoutMs: limitMs, onOutput },
    signal,
  );
  return { ...ended };
}

async function notify(notifier: string, { params }: Asked, signal: AbortSignal): Promise<Json> {
  const { title, body } = parse(notifyParams, params);
  const home = homedir();
  const words = ["--app-name=lorica", "--", title, body] as const;
  const argv = [notifier, ...words] as const;
  const timeoutMs = limits.nodeInvokeTimeoutMs;
  const ended = await runProgram({ argv: [...argv], cwd: home, home, timeoutMs, onOutput: () => undefined }, signal);
  if (!ended.success) throw new Refusal("UNAVAILABLE", `nobody could be notified: ${ended.stderr.slice(0, 200)}`);
  return { ok: true };
}

/** Figures of this machine; also what is reported from time to time. */
export async function hostStats(): Promise<{ readonly [name: string]: Json }> {
  const disk = await statfs("/");
  return {
    uptimeSeconds: Math.round(uptime()),
    cpuCount: cpus().length,
    loadAverage: loadavg(),
    memoryTotalBytes: totalmem(),
    memoryFreeBytes: freemem(),
    diskTotalBytes: disk.blocks * disk.bsize,
    diskAvailableBytes: disk.bavail * disk.bsize,
  };
}
