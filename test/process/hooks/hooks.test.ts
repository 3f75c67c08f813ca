// The owner's hooks on a whole installation: foreign scripts as they are, and every way in which a hook can go wrong.
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { guardScript, obedientScript, wrapScript } from "../../faux/hooks/scripts.ts";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";
import { invoke } from "../../faux/outside/invoke.ts";
import type { Invoked } from "../../faux/outside/invoke.ts";

suite("hooks", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let lorica: Installation;
  let scripts: string;

  const script = (name: string, text: string): string => {
    mkdirSync(join(scripts, name), { recursive: true });
    const path = join(scripts, name, "hook.sh");
    writeFileSync(path, text);
    chmodSync(path, 0o755);
    return path;
  };
  const register = (hooks: unknown): void =>
    writeFileSync(join(lorica.stateDir, "settings.json"), JSON.stringify({ hooks }), { mode: 0o600 });
  const trust = async (): Promise<void> => {
    const { code, stderr } = await lorica.run(["hooks", "trust"]);
    assert.equal(code, 0, stderr);
  };
  const exec = (command: string, sessionKey?: string): Promise<Invoked> =>
    invoke(lorica, "exec", { command }, sessionKey);
  const records = (): readonly Record<string, unknown>[] =>
    readFileSync(join(lorica.stateDir, "logs/audit.jsonl"), "utf8")
      .split("\n")
      .filter((line) => line.includes('"kind":"hook"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  before(async () => {
    lorica = await createInstallation();
    scripts = join(lorica.stateDir, "hooks");
    lorica.writeConfig({ gateway: { tools: { allow: ["exec", "write", "edit", "apply_patch", "process"] } } });
    await lorica.start();
    // Answered once the sandbox has been tried.
    await lorica.run(["status"]);
    writeFileSync(join(lorica.workspace, "seen.txt"), "seen");
  });
  after(() => lorica.remove());

  test("without hooks nothing is asked and nothing is refused", async () => {
    assert.equal((await exec("echo plain")).ok, true);
    assert.equal(records().length, 0);
  });

  test("HOOK-006 hooks that were not trusted are not run, and what they are about is refused", async () => {
    register({ PreToolUse: [{ matcher: "Bash", hooks: [{ type: "command", command: script("wrap", wrapScript) }] }] });
    const refused = await exec("echo x");
    assert.match(refused.text, /refused by a hook: .*you have not trusted it yet.*lorica hooks trust/);
    // What the hook is not about goes on.
    assert.equal((await invoke(lorica, "read", { path: "seen.txt" })).ok, true);
    assert.notEqual((await lorica.run(["hooks", "check"])).code, 0);
  });

  test("HOOK-001 HOOK-010 CFG-013 a kit of foreign scripts works unchanged, and the guard and the wrapper do what they say", async () => {
    register({
      PreToolUse: [
        { matcher: "Bash", hooks: [{ type: "command", command: script("wrap", wrapScript), timeout: 10 }] },
        { matcher: "Read|Edit|Write|Glob|Grep", hooks: [script("guard", guardScript)] },
      ],
    });
    await trust();
    assert.equal((await lorica.run(["hooks", "check"])).code, 0);
    const ran = await exec('echo "it\'s $((6 * 7))" | tee out.txt; test -w . && echo writable');
    assert.equal(ran.ok, true, ran.text);
    assert.match(ran.text, /it's 42\nwritable/);
    assert.match((await exec("sudo ls")).text, /refused by a hook: .*not from the sandbox/);
    assert.equal((await invoke(lorica, "read", { path: "out.txt" })).ok, true);
    assert.equal((await invoke(lorica, "write", { path: "sub/new.txt", content: "x" })).ok, true);
    assert.equal((await invoke(lorica, "write", { path: "/tmp/scratch/new.txt", content: "x" })).ok, true);
    symlinkSync("/etc", join(lorica.workspace, "link"));
    const patch = (path: string): string => `*** Begin Patch\n*** Add File: ${path}\n+x\n*** End Patch`;
    assert.equal((await invoke(lorica, "apply_patch", { input: patch("patched.txt") })).ok, true);
    const outside: readonly (readonly [string, Record<string, unknown>])[] = [
      ["read", { path: "/etc/passwd" }],
      ["read", { path: "~/.openclaw/.env" }],
      ["read", { path: "../../../.ssh/id_ed25519" }],
      ["read", { path: "link/passwd" }],
      ["edit", { path: "~/.openclaw/openclaw.json", oldText: "a", newText: "b" }],
      ["grep", { pattern: "KEY", path: "/home" }],
      ["glob", { pattern: "*", path: ".." }],
      ["apply_patch", { input: patch("../planted.txt") }],
      ["apply_patch", { input: patch("link/planted.txt") }],
    ];
    for (const [tool, args] of outside) {
      const refused = await invoke(lorica, tool, args);
      assert.match(refused.text, /refused by a hook: .*guard: .* is outside of the workspace/, JSON.stringify(args));
    }
  });

  test("HOOK-004 a refusal has its reason for the model and its record, also in a turn", async () => {
    const before = records().length;
    const turn = await lorica.run(["agent", "--message", '!call exec {"command":"sudo id"}\n!echo']);
    assert.match(turn.stdout, /refused by a hook: PreToolUse Bash .*not from the sandbox/);
    const [record] = records().slice(before);
    assert.ok(record !== undefined);
    const { kind, verdict, agentId, source } = record;
    assert.deepEqual(
      { kind, verdict, agentId, source },
      { kind: "hook", verdict: "deny", agentId: "main", source: "broker" },
    );
    assert.match(String(record["resource"]), /^Bash \{"command":"sudo id"/);
    assert.match(String(record["reason"]), /not from the sandbox/);
  });

  test("HOOK-009 it is the same for a turn and for one call over HTTP, in whatever session", async () => {
    const direct = (await exec("sudo id")).text;
    assert.equal((await exec("sudo id", "agent:main:another")).text, direct);
    const turn = await lorica.run(["agent", "--message", '!call exec {"command":"sudo id"}\n!echo']);
    assert.ok(turn.stdout.includes("not from the sandbox"), turn.stdout);
  });

  test("HOOK-005 a hook that fails in any way is a no", async () => {
    const command = script("obedient", obedientScript);
    register({ PreToolUse: [{ matcher: "Bash", hooks: [{ type: "command", command, timeout: 1 }] }] });
    await trust();
    assert.equal((await exec("echo fine")).ok, true);
    const rows: readonly (readonly [string, RegExp])[] = [
      ["echo crash", /ended with status 1: broken/],
      ["echo hang", /did not answer in time/],
      ["echo flood", /printed more than an answer can be/],
      ["echo garbage", /output is not JSON/],
      ["echo unknown-field", /dangerouslyDisableSandbox/],
      ["echo ask", /wants a person to be asked.*sure\?/],
      ["echo exit2", /said on stderr/],
      ["echo block", /old form/],
    ];
    for (const [line, reason] of rows) {
      const refused = await exec(line);
      assert.equal(refused.type, "tool_call_blocked", line);
      assert.match(refused.text, reason, line);
    }
    chmodSync(join(scripts, "obedient/hook.sh"), 0o644);
    await trust();
    assert.match((await exec("echo fine")).text, /ended with status 126/);
    rmSync(join(scripts, "obedient/hook.sh"));
    assert.match((await exec("echo fine")).text, /is not there|have changed/);
  });

  test("HOOK-001 a changed input is what is done, and it is on record", async () => {
    const command = script("obedient", obedientScript);
    register({ PreToolUse: [{ matcher: "Bash", hooks: [{ type: "command", command }] }] });
    await trust();
    const ran = await exec("echo rewrite");
    assert.match(ran.text, /another/);
    const record = records().at(-1);
    assert.match(String(record?.["reason"]), /changed to .*"command":"echo another"/);
    assert.match(JSON.stringify(record?.["result"]), /"changed":true/);
  });

  test("a hook's cell shows it the workspace and its scripts, closed, and nothing else", async () => {
    const { text } = await exec("echo look");
    assert.match(text, /workspace: seen/);
    assert.match(text, /write: .*Read-only file system.*Read-only file system/s);
    assert.match(text, /keys: hooks workspace /);
    assert.match(text, /Connection refused|Network is unreachable/);
    assert.doesNotMatch(text, /env: .*(TOKEN|KEY|SECRET)/);
    for (const field of ["session_id", "cwd", "hook_event_name", "tool_name", "tool_input"])
      assert.match(text, new RegExp(`stdin: .*"${field}"`.replaceAll('"', '\\\\*"')));
    assert.equal(existsSync(join(lorica.workspace, "from-hook")), false);
  });

  test("HOOK-006 what an agent puts into the workspace is not what a hook runs", async () => {
    const judge = `import json, sys; json.load(sys.stdin); print("no", file=sys.stderr); sys.exit(2)`;
    const command = `python3 -c '${judge}'`;
    register({ PreToolUse: [{ matcher: "Glob", hooks: [{ type: "command", command }] }] });
    await trust();
    const planted = "import sys; sys.exit(0)\n";
    assert.equal((await invoke(lorica, "write", { path: "json.py", content: planted })).ok, true);
    // There, it is what runs.
    assert.match((await exec(command)).text, /exit 0/);
    assert.match((await invoke(lorica, "glob", { pattern: "*" })).text, /refused by a hook: .*: no$/);
    rmSync(join(lorica.workspace, "json.py"));
    register({
      PreToolUse: [{ matcher: "Bash", hooks: [{ type: "command", command: join(scripts, "obedient/hook.sh") }] }],
    });
    await trust();
  });

  test("HOOK-006 the agent cannot change a hook, and one that changed is refused until the owner trusts it", async () => {
    const path = join(scripts, "obedient/hook.sh");
    for (const target of [
      path,
      join(lorica.stateDir, "settings.json"),
      join(lorica.stateDir, "credentials/hooks.json"),
    ]) {
      await exec(`echo '# mine' >> ${target}`);
      assert.equal((await invoke(lorica, "write", { path: target, content: "" })).text.includes("outside"), false);
    }
    assert.equal(readFileSync(path, "utf8"), obedientScript);
    assert.equal((await exec("echo fine")).ok, true);
    appendFileSync(path, "# somebody's\n");
    const refused = await exec("echo fine");
    assert.match(refused.text, /have changed since you trusted them/);
    const status = await lorica.run(["status", "--all"]);
    assert.match(status.stdout, /hooks .*cannot be asked/);
    const alerts = await lorica.run(["watchdog", "alerts"]);
    assert.match(alerts.stdout, /A hook was not asked, so a call was refused: .*have changed since you trusted them/);
    await trust();
    assert.equal((await exec("echo fine")).ok, true);
  });

  test("HOOK-006 taking a hook away, or breaking the file, opens nothing", async () => {
    register({});
    assert.match((await exec("echo fine")).text, /does not register it any more/);
    writeFileSync(join(lorica.stateDir, "settings.json"), "{");
    assert.match((await exec("echo fine")).text, /cannot be used|does not register/);
    rmSync(join(lorica.stateDir, "settings.json"));
    assert.match((await exec("echo fine")).text, /does not register it any more/);
    register({});
    await trust();
    assert.equal((await exec("echo fine")).ok, true);
  });

  test("HOOK-006 a script where agents write is no hook", async () => {
    const path = join(lorica.workspace, "hook.sh");
    writeFileSync(path, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    register({ PreToolUse: [{ matcher: "Bash", hooks: [{ type: "command", command: path }] }] });
    assert.notEqual((await lorica.run(["hooks", "trust"])).code, 0);
    assert.match((await exec("echo fine")).text, /where agents write/);
    register({ PreToolUse: [{ matcher: "Bash", hooks: [{ type: "command", command: "bash ./hook.sh" }] }] });
    assert.match((await exec("echo fine")).text, /where agents write/);
  });

  test("what a hook sees come back is shown, or withheld with its reason", async () => {
    const command = script("obedient", obedientScript);
    register({ PostToolUse: [{ matcher: "Bash|Read", hooks: [{ type: "command", command }] }] });
    await trust();
    assert.match((await exec("echo shown")).text, /shown/);
    const withheld = await exec("printf 'with%s-marker' held; touch done.txt");
    assert.match(withheld.text, /done, but a hook withholds what it returned: .*it holds a marker/);
    assert.doesNotMatch(withheld.text, /withheld-marker/);
    assert.equal(existsSync(join(lorica.workspace, "done.txt")), true);
  });

  test("a hook's yes opens nothing that policy forbids", async () => {
    const yes = `#!/bin/sh\ncat >/dev/null\necho '{"hookSpecificOutput": {"permissionDecision": "allow"}}'\n`;
    register({ PreToolUse: [{ matcher: "*", hooks: [{ type: "command", command: script("yes", yes) }] }] });
    await trust();
    assert.equal((await exec("echo fine")).ok, true);
    await lorica.run(["config", "set", "tools.deny", '["exec"]']);
    assert.equal((await exec("echo fine")).ok, false);
    await lorica.run(["config", "unset", "tools.deny"]);
  });
});
