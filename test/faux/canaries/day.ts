// A day of work with a whole installation, as its owner and their people have it: over every way in, with every kind of work,
// with changes, accidents and restarts. What was said to the owner is kept, to be searched as well.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDeviceIdentity } from "../../../src/protocol/device/identity.ts";
import type { Installation, Ran } from "../installation.ts";
import { connectDevice } from "../pairing/ws.ts";
import type { World } from "./world.ts";

export type Day = {
  readonly lorica: Installation;
  readonly world: World;
  /** Everything that commands printed. */
  readonly printed: Ran[];
};

export async function ok(day: Day, words: readonly string[], input = ""): Promise<string> {
  const ran = await run(day, words, input);
  assert.equal(ran.code, 0, `${words.join(" ")}: ${ran.stderr}`);
  return ran.stdout;
}

export async function run({ lorica, printed }: Day, words: readonly string[], input = ""): Promise<Ran> {
  const ran = await lorica.run(words, { input });
  printed.push(ran);
  return ran;
}

export function say(day: Day, session: string, message: string): Promise<string> {
  return ok(day, ["agent", "--session-id", session, "--message", message]);
}

const lookAround = [
  "env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'",
  "cat ~/.openclaw/credentials/* ~/.openclaw/.env ~/.openclaw/openclaw.json ~/.config/lorica/* 2>&1; true",
  "printf 'a poem\\n' > poem.txt && git init -q . && git add poem.txt && wc poem.txt",
];

/** Talk and work over the command line: all three providers are called with what is theirs. */
export async function workAtTheDesk(day: Day): Promise<void> {
  assert.match(await say(day, "desk", "good morning"), /heard: good morning/);
  for (const agent of ["second", "third"])
    assert.match(await ok(day, ["agent", "--agent", agent, "--message", "good morning"]), /heard: good morning/);
  for (const command of lookAround) await say(day, "desk", `call exec ${JSON.stringify({ command })}`);
  await say(day, "desk", 'call write {"path":"notes.md","content":"# Notes"}');
  assert.match(await say(day, "desk", 'call read {"path":"notes.md"}'), /# Notes/);
  assert.match(await say(day, "desk", "echo what you know"), /your key is/);
  assert.notEqual((await run(day, ["agent", "--session-id", "failing", "--message", "fail"])).code, 0);
}

export async function talkOverHttp({ lorica }: Day, message: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${lorica.port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${lorica.token}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "openclaw", user: "http", messages: [{ role: "user", content: message }] }),
  });
  return await response.text();
}

/** A device that the owner lets in; its answer comes as events. */
export async function talkOverWebSocket(day: Day, message: string): Promise<string> {
  const { lorica } = day;
  const [url, device] = [`ws://127.0.0.1:${lorica.port}/`, createDeviceIdentity()];
  const wish = { auth: { token: lorica.token }, scopes: ["operator.read", "operator.write"] };
  const asked = await connectDevice(url, device, wish);
  assert.equal(asked.outcome, "PAIRING_REQUIRED");
  await ok(day, ["devices", "approve", "--latest"]);
  const connection = await connectDevice(url, device, wish);
  assert.equal(connection.outcome, "in");
  const sent = await connection.request("chat.send", { sessionKey: "socket", message, idempotencyKey: "socket-1" });
  assert.equal(sent.ok, true, JSON.stringify(sent));
  await connection.next(({ event, payload }) => event === "chat" && payload?.["state"] === "final");
  const heard = connection.raw.join("\n");
  connection.end();
  return heard;
}

export async function talkOverTelegram({ world }: Day, message: string): Promise<readonly string[]> {
  const alice = { id: 42, is_bot: false, first_name: "Alice" };
  const count = world.telegram.sent.length;
  world.telegram.say({ from: alice, chat: { id: 42, type: "private" }, text: message });
  await world.telegram.sentCount(count + 1);
  return world.telegram.sent.slice(count).map(({ text }) => text);
}

/** A hook that looks at each command, and at one of them until the owner has looked around. */
export async function registerHook(day: Day): Promise<void> {
  const folder = join(day.lorica.stateDir, "hooks");
  mkdirSync(folder, { mode: 0o700 });
  const wait = 'while [ ! -e "$HOME/.openclaw/workspace/go" ] && [ ! -e "$PWD/go" ]; do sleep 0.05; done';
  const script = `#!/bin/sh\ninput=$(cat)\ncase "$input" in *"await the hook"*) ${wait};; esac\nexit 0\n`;
  writeFileSync(join(folder, "look.sh"), script, { mode: 0o755 });
  const hooks = { PreToolUse: [{ matcher: "Bash", hooks: [join(folder, "look.sh")] }] };
  writeFileSync(join(day.lorica.stateDir, "settings.json"), JSON.stringify({ hooks }), { mode: 0o600 });
  await ok(day, ["hooks", "trust"]);
}

/** What an owner does with an installation beside talking to it. */
export async function keepHouse(day: Day): Promise<void> {
  const { lorica } = day;
  await ok(day, ["config", "set", "messages.queue.cap", "7"]);
  await ok(day, ["backup", "create", "--to", join(lorica.home, "backups")]);
  await ok(day, ["backup", "create", "--plain", "--to", join(lorica.home, "plain")]);
  await ok(day, ["kill", "--reason", "a look"]);
  assert.match((await run(day, ["agent", "--message", "hello"])).stderr, /the owner has stopped everything/);
  await ok(day, ["resume"]);
  await ok(day, ["incident", "start", "--reason", "odd mails"]);
  await ok(day, ["incident", "report"]);
  await ok(day, ["incident", "close"]);
  await ok(day, ["resume"]);
  await ok(day, ["audit", "export", join(lorica.home, "evidence")]);
  await ok(day, ["token", "show"]);
}

/** Everything that can be read back of the day. */
export async function readBack(day: Day): Promise<void> {
  for (const words of [
    "status --all",
    "status --all --json",
    "config get --json",
    "config history",
    "vault list",
    "vault status",
    "secret list",
    "sandbox list",
    "watchdog status",
    "watchdog alerts",
    "dlp list",
    "egress log",
    "channels status --json",
    "audit query --limit 1000 --json",
    "incident status",
    "hooks list",
    "sessions list --json",
  ])
    await run(day, words.split(" "));
  for (const session of ["desk", "failing", "socket", "agent:second:main", "agent:third:main"])
    await run(day, ["sessions", "export", session]);
  await run(day, ["logs", "--limit", "1000", "--json"]);
  assert.match(await ok(day, ["audit", "verify"]), /^intact/);
}
