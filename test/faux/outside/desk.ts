// A place to do ordinary work at: a whole installation with everything on that is on by default, the owner's tool calls,
// and afterwards the question whether any wall took the work for an attack.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guardScript, wrapScript } from "../hooks/scripts.ts";
import { createInstallation } from "../installation.ts";
import type { Installation } from "../installation.ts";
import { invoke } from "./invoke.ts";
import type { OwnerStatus } from "../../../src/protocol/owner-methods.ts";
import type { Invoked } from "./invoke.ts";

export type Desk = {
  readonly lorica: Installation;
  /** One tool call that must succeed; its text as the model would read it. */
  use(tool: string, args: Readonly<Record<string, unknown>>, sessionKey?: string): Promise<string>;
  /** A command that must end well. */
  sh(command: string, options?: Readonly<Record<string, unknown>>): Promise<string>;
  /** A message to the agent, with calls in the grammar of the rehearsal model. */
  say(text: string, session?: string): Promise<string>;
  /** What was refused, found, alerted to or put right since the start. */
  alarms(): Promise<readonly string[]>;
};

const tools = ["exec", "process", "write", "edit", "apply_patch"];

/** `with hooks`: the owner has a kit of foreign hook scripts beside the walls. */
export async function openDesk(how: "plain" | "with hooks" = "plain"): Promise<Desk> {
  const lorica = await createInstallation();
  lorica.writeConfig({ gateway: { tools: { allow: tools } } });
  await lorica.start();
  // Answered once the sandbox has been tried.
  await command(lorica, ["status"]);
  if (how === "with hooks") await installHooks(lorica);
  const use: Desk["use"] = async (tool, args, sessionKey) => {
    const answer: Invoked = await invoke(lorica, tool, args, sessionKey);
    assert.equal(answer.ok, true, `${tool} ${JSON.stringify(args)}: ${answer.text}`);
    return answer.text;
  };
  return {
    lorica,
    use,
    sh: (text, options = {}) => use("exec", { command: `set -e\n${text}`, ...options }),
    say: (text, session = "main") => command(lorica, ["agent", "--session-id", session, "--message", text]),
    alarms: async () => [...(await refusals(lorica)), ...(await alerts(lorica)), ...(await fallen(lorica))],
  };
}

async function installHooks(lorica: Installation): Promise<void> {
  const folder = join(lorica.stateDir, "hooks");
  mkdirSync(folder, { mode: 0o700 });
  for (const [name, text] of Object.entries({ wrap: wrapScript, guard: guardScript }))
    writeFileSync(join(folder, `${name}.sh`), text, { mode: 0o755 });
  const hooks = {
    PreToolUse: [
      { matcher: "Bash", hooks: [join(folder, "wrap.sh")] },
      { matcher: "Read|Edit|Write|Glob|Grep", hooks: [join(folder, "guard.sh")] },
    ],
  };
  writeFileSync(join(lorica.stateDir, "settings.json"), JSON.stringify({ hooks }), { mode: 0o600 });
  await command(lorica, ["hooks", "trust"]);
}

type Lines = readonly Readonly<Record<string, unknown>>[];

async function refusals(lorica: Installation): Promise<readonly string[]> {
  const ask = async (words: readonly string[]): Promise<Lines> =>
    JSON.parse(await command(lorica, ["audit", "query", "--json", ...words])) as Lines;
  const effects = await ask(["--kind", "effect", "--limit", "1"]);
  assert.equal(effects.length, 1, "the work left no evidence, so that there is none of an alarm proves nothing");
  // The second are kinds that only something unusual leaves.
  const found = [...(await ask(["--verdict", "deny"])), ...(await ask(["--kind", "dlp,incident"]))];
  return found.map((line) => JSON.stringify(line));
}

async function alerts(lorica: Installation): Promise<readonly string[]> {
  const { stdout } = await lorica.run(["watchdog", "alerts", "--json"]);
  return (JSON.parse(stdout) as readonly { readonly text: string }[]).map(({ text }) => text);
}

/** What bounds memory is the machine's to have or not, and whether backups are made is for the owner to say. */
const left = new Set(["cells", "backup"]);

/** Every wall that must stand while the work is done. */
async function fallen(lorica: Installation): Promise<readonly string[]> {
  const { owner } = JSON.parse(await command(lorica, ["status", "--all", "--json"])) as { readonly owner: OwnerStatus };
  const parts = owner.parts.filter(({ name, state }) => state !== "on" && !left.has(name));
  const down = parts.map(({ name, state, detail }) => `${name} is ${state}: ${detail}`);
  return owner.sandbox.state === "verified" ? down : [...down, `the sandbox is ${owner.sandbox.state}`];
}

async function command(lorica: Installation, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await lorica.run(words);
  assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
  return stdout;
}
