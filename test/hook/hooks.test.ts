// The hooks where effects are: what a gateway gains that does not ask, asks something else, or asks twice.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { AuditRecord } from "../../src/audit/audit.ts";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { createHooks } from "../../src/hook/hook.ts";
import type { CellAction, HookCall, Registered, RoomEnd } from "../../src/hook/hook.ts";
import { createTestClock } from "../faux/clock.ts";

const call: HookCall = { agentId: "main", sessionKey: "s", callId: "c", workspace: "/w" };
const never = new AbortController().signal;

function run(command: string, sessionKey = "s"): CellAction {
  return {
    verb: "process.run",
    agentId: "main",
    sessionKey,
    principal: { id: "owner", kind: "owner", account: "" },
    label: { integrity: "owner", readers: [] },
    resource: { command, cwd: ".", timeoutMs: 1_000, terminal: "none", mode: "foreground" },
  };
}

type Question = { readonly tool_name: string; readonly tool_input: { readonly command: string } };
/** The answer of a hook that runs until it is ended. */
const endless = {};
type Script = (question: Question) => unknown;

function open(scripts: readonly (Script | { readonly problem: string })[]) {
  const hooks = scripts.map((script, at): Registered => ({
    definition: { event: "PreToolUse", matcher: "Bash", command: String(at), timeoutMs: 1_000 },
    folders: [],
    problem: typeof script === "function" ? undefined : script.problem,
  }));
  const ran: string[] = [];
  const audit: AuditRecord[] = [];
  const problems: string[] = [];
  const clock = createTestClock(0);
  const halt = { isOn: false, end: new AbortController() };
  const created = createHooks({
    registry: {
      hooks: (isWanted = () => true) => hooks.filter(({ definition }) => isWanted(definition)),
      has: (isWanted) => hooks.some(({ definition }) => isWanted(definition)),
      ignoredEvents: () => [],
      trust: async () => hooks,
    },
    admit(agentId) {
      if (halt.isOn) throw new LoricaError("forbidden", `${agentId} is stopped`);
      return halt.end.signal;
    },
    async run({ definition }, { question }, signal): Promise<RoomEnd> {
      const script = scripts[Number(definition.command)];
      const asked = JSON.parse(question) as Question;
      ran.push(`${definition.command} ${asked.tool_input.command}`);
      const answer = typeof script === "function" ? script(asked) : undefined;
      if (answer === endless) await once(signal, "abort");
      return { end: "exited", exitCode: 0, stdout: answer === undefined ? "" : JSON.stringify(answer), stderr: "" };
    },
    audit: { record: (record) => void audit.push(record) },
    onProblem: (_definition, problem) => void problems.push(problem),
    clock,
    home: "/home/u",
    reaches: () => false,
    access: () => "rw",
  });
  return { hooks: created, ran, audit, problems, clock, halt };
}

const rewriteTo =
  (command: string): Script =>
  () => ({ hookSpecificOutput: { updatedInput: { command } } });
const deny: Script = () => ({ decision: "block", reason: "no" });
const denySudo: Script = ({ tool_input }) =>
  tool_input.command.startsWith("sudo") ? deny(undefined as never) : undefined;

test("a call that was asked about is judged once, and one that was not is judged where it takes effect", async () => {
  const { hooks, ran } = open([denySudo]);
  assert.deepEqual(await hooks.before(call, { kind: "cell", action: run("ls") }, never), {
    kind: "pass",
    contexts: [],
  });
  await hooks.guard(call, run("ls"), never);
  assert.deepEqual(ran, ["0 ls"]);
  // The same once more, something else, and the same in another session were not let pass.
  await hooks.guard(call, run("ls"), never);
  assert.equal(ran.length, 2);
  await hooks.before(call, { kind: "cell", action: run("ls") }, never);
  await assert.rejects(hooks.guard(call, run("sudo ls"), never), {
    code: "forbidden",
    message: /PreToolUse Bash 0: no/,
  });
  await hooks.guard(call, run("ls", "another"), never);
  assert.deepEqual(ran.slice(2), ["0 ls", "0 sudo ls", "0 ls"]);
});

test("what was let pass is let pass for as long as a grant lives, and so much of it is kept", async () => {
  const { hooks, ran, clock } = open([() => undefined]);
  await hooks.before(call, { kind: "cell", action: run("ls") }, never);
  clock.advance(limits.grantLifetimeMs + 1);
  await hooks.guard(call, run("ls"), never);
  assert.equal(ran.length, 2);
  for (let at = 0; at <= limits.hookPassesMax; at += 1)
    await hooks.before(call, { kind: "cell", action: run(`n${at}`) }, never);
  const before = ran.length;
  await hooks.guard(call, run("n0"), never);
  await hooks.guard(call, run(`n${limits.hookPassesMax}`), never);
  assert.equal(ran.length, before + 1);
});

test("HOOK-001 a changed call passes as it was changed, and its first form does not", async () => {
  const { hooks, audit } = open([
    ({ tool_input }) => (tool_input.command === "ls" ? rewriteTo("ls -l")({} as never) : undefined),
  ]);
  const answer = await hooks.before(call, { kind: "cell", action: run("ls") }, never);
  assert.deepEqual(answer, { kind: "changed", action: run("ls -l"), contexts: [] });
  await hooks.guard(call, run("ls -l"), never);
  await assert.rejects(hooks.guard(call, run("ls"), never), { code: "forbidden", message: /was not asked beforehand/ });
  const [record] = audit;
  assert.deepEqual([record?.kind, record?.verdict, record?.result?.["changed"]], ["hook", "allow", true]);
});

test("a hook that judged something else than what is done is asked again", async () => {
  const first = open([denySudo, rewriteTo("sudo ls")]);
  const refused = await first.hooks.before(call, { kind: "cell", action: run("ls") }, never);
  assert.deepEqual(refused, { kind: "deny", reason: "PreToolUse Bash 0: no" });
  assert.deepEqual(first.ran, ["0 ls", "1 ls", "0 sudo ls"]);
  const endless = open([rewriteTo("a"), rewriteTo("b")]);
  const answer = await endless.hooks.before(call, { kind: "cell", action: run("ls") }, never);
  assert.match(answer.kind === "deny" ? answer.reason : "", /do not come to an end/);
});

test("HOOK-006 a hook with a problem is not run, and is a no", async () => {
  const { hooks, ran, problems } = open([{ problem: "changed since" }]);
  const answer = await hooks.before(call, { kind: "cell", action: run("ls") }, never);
  assert.deepEqual(answer, { kind: "deny", reason: "PreToolUse Bash 0: changed since" });
  await assert.rejects(hooks.guard(call, run("ls"), never), { code: "forbidden" });
  assert.deepEqual([ran, problems], [[], ["changed since", "changed since"]]);
});

test("a hook that runs ends with the owner's stop, and none begins while it holds", async () => {
  const { hooks, ran, halt } = open([() => endless]);
  const asked = hooks.before(call, { kind: "cell", action: run("ls") }, never);
  const guarded = hooks.guard(call, run("rm"), never);
  const after = hooks.after(call, { kind: "tool", tool: "Bash", input: {}, text: "", isError: false }, never);
  const ended = Promise.allSettled([asked, guarded, after]);
  assert.deepEqual(ran, ["0 ls", "0 rm"]);
  halt.isOn = true;
  halt.end.abort(new LoricaError("forbidden", "main is stopped"));
  const reason = "a hook could not be asked: forbidden: main is stopped";
  const [before, guard] = await ended;
  assert.deepEqual(before, { status: "fulfilled", value: { kind: "deny", reason } });
  assert.equal(guard?.status, "rejected");
  assert.deepEqual(await hooks.before(call, { kind: "cell", action: run("ls") }, never), { kind: "deny", reason });
  assert.equal(ran.length, 2);
});
