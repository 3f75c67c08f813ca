// What the owner's hooks do to a call, seen from the turn.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createDirectCalls } from "../../../src/agent/agent.ts";
import type { Action } from "../../../src/base/action.ts";
import type { ToolHooks } from "../../../src/tool/tool.ts";
import { owner } from "../../../src/base/principal.ts";
import { openTestAgent } from "../../faux/agent.ts";

type Before = Awaited<ReturnType<ToolHooks["before"]>>;
type After = Awaited<ReturnType<ToolHooks["after"]>>;

function hooksThat(before: (action: Action) => Before, after: (text: string) => After = () => undefined) {
  const asked: Action[] = [];
  const hooks: ToolHooks = {
    async before({ action }) {
      asked.push(action);
      return before(action);
    },
    after: async (_call, { text }) => after(text),
  };
  return { hooks, asked };
}

const never = new AbortController().signal;
const script = [{ calls: [{ tool: "exec", input: { command: "ls" } }] }, { text: "Done." }];
const no: Before = { kind: "deny", reason: "not today" };

test("HOOK-009 every call takes the one path: sessions of sub-agents, schedules, heartbeats, and one call over HTTP", async () => {
  const keys = ["main", "subagent:a", "cron:daily", "heartbeat", "telegram:direct:7"].map(
    (name) => `agent:main:${name}`,
  );
  for (const sessionKey of keys) {
    const { hooks, asked } = hooksThat(() => no);
    await using agent = await openTestAgent({ script, hooks });
    const { turn } = await agent.say("run it", { sessionKey });
    const results = (await agent.entries(turn.windowId)).flatMap(({ body }) =>
      body.kind === "tool_result" ? [body] : [],
    );
    assert.deepEqual(
      results.map(({ text, outcome }) => [text, outcome]),
      [["refused by a hook: not today", "denied"]],
    );
    assert.deepEqual([asked.map(({ verb }) => verb), agent.sandbox.actions], [["process.run"], []]);
  }
  const { hooks, asked } = hooksThat(() => no);
  await using agent = await openTestAgent({ hooks });
  const about = { agentId: "main", sessionKey: "agent:main:main", label: { integrity: "owner", readers: [] } } as const;
  const call = { ...about, principal: owner, tool: "exec", input: { command: "ls" } };
  const ran = await createDirectCalls(agent.runnerOptions)(call, never);
  assert.deepEqual(ran, { kind: "ran", outcome: "denied", text: "refused by a hook: not today" });
  assert.deepEqual([asked.length, agent.sandbox.actions.length], [1, 0]);
});

test("HOOK-001 what a hook makes of a call is judged by policy like any other call, in the asker's name", async () => {
  const { hooks } = hooksThat((action) => ({
    kind: "changed",
    contexts: [],
    action: { ...action, agentId: "other", resource: { ...action.resource, command: "pwd" } } as never,
  }));
  await using agent = await openTestAgent({ script, hooks });
  await agent.say("run it");
  const [done] = agent.sandbox.actions;
  assert.deepEqual([done?.agentId, done?.verb === "process.run" && done.resource.command], ["main", "pwd"]);
  const decisions = agent.audit
    .filter(({ kind }) => kind === "decision")
    .map(({ verdict, resource }) => [verdict, resource]);
  assert.deepEqual(decisions, [["allow", "pwd"]]);
});

test("a hook is not asked about what policy forbids, and its yes does not allow it", async () => {
  const { hooks, asked } = hooksThat(() => ({ kind: "pass", contexts: [] }));
  await using agent = await openTestAgent({ hooks });
  const { policy } = agent.runnerOptions;
  policy.replaceRules([]);
  const about = { agentId: "main", sessionKey: "agent:main:main", label: { integrity: "owner", readers: [] } } as const;
  const call = { ...about, principal: owner, tool: "exec", input: { command: "ls" } };
  const ran = await createDirectCalls(agent.runnerOptions)(call, never);
  assert.deepEqual([ran.kind === "ran" && ran.outcome, asked.length], ["denied", 0]);
});

test("a result is shown, added to, or withheld", async () => {
  const text = async (after: (text: string) => After): Promise<string | undefined> => {
    const { hooks } = hooksThat(() => ({ kind: "pass", contexts: ["before"] }), after);
    await using agent = await openTestAgent({ script, hooks, sandbox: { run: () => "secret-looking" } });
    const { turn } = await agent.say("run it");
    const bodies = (await agent.entries(turn.windowId)).map(({ body }) => body);
    return bodies.flatMap((body) => (body.kind === "tool_result" ? [body.text] : []))[0];
  };
  assert.match((await text(() => undefined)) ?? "", /secret-looking[^]*\[a hook adds\] before$/);
  assert.match((await text(() => ({ kind: "pass", contexts: ["after"] }))) ?? "", /before\n\[a hook adds\] after$/);
  assert.equal(
    await text(() => ({ kind: "withhold", reason: "it looks secret" })),
    "done, but a hook withholds what it returned: it looks secret",
  );
});
