import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openTestAgent } from "../../faux/agent.ts";

suite("what a model is offered", () => {
  const others = { profile: "minimal", allow: undefined, deny: [] } as const;

  test("TOOL-007 AG-012 COST-008 is only what its principal may call: what is denied has no schema", async () => {
    const tools = { owner: { profile: "coding", allow: undefined, deny: ["exec"] }, others } as const;
    await using agent = await openTestAgent({
      script: [{ calls: [{ tool: "exec", input: { command: "ls" } }] }, { text: "ok" }, { text: "ok" }],
      profile: { tools },
    });
    await agent.say("hi");
    const stranger = { id: "loopback:default:eve", kind: "member", account: "default" } as const;
    await agent.say("hi", { principal: stranger, sessionKey: "agent:main:direct:eve" });
    assert.deepEqual(
      agent.models.calls.map((asked) => asked.tools.map((tool) => tool.name)),
      [["read", "session_status"], ["read", "session_status"], ["session_status"]],
    );
    assert.deepEqual(agent.sandbox.actions, []);
    assert.equal(JSON.stringify(agent.models.calls[0]).includes("exec"), false);
  });

  test("TOOL-008 loses nothing to a name in tools.allow that nothing is known of", async () => {
    const allow = ["read", "telepathy", "session_status"];
    const tools = { owner: { profile: "coding", allow, deny: [] }, others } as const;
    await using agent = await openTestAgent({ script: [{ text: "ok" }], profile: { tools } });
    await agent.say("hi");
    assert.deepEqual(
      agent.models.calls[0]?.tools.map((tool) => tool.name),
      ["read", "session_status"],
    );
  });

  test("says what is off on this host and why, and offers the rest", async () => {
    const status = {
      kind: "off",
      reason: "bubblewrap is not installed",
      fix: "apt install bubblewrap",
      walls: [],
    } as const;
    const calls = [{ tool: "exec", input: { command: "ls" } }];
    await using agent = await openTestAgent({ script: [{ calls }, { text: "ok" }], sandbox: { status } });
    await agent.say("ls");
    const [asked, told] = agent.models.calls;
    assert.match(
      JSON.stringify(told?.prompt.at(-1)),
      /"exec is not available: the sandbox is off: bubblewrap is not installed"/,
    );
    assert.deepEqual(
      asked?.tools.map((tool) => tool.name),
      ["session_status"],
    );
    assert.match(
      JSON.stringify(asked?.prompt[0]),
      /Not available now: exec, read \(the sandbox is off: bubblewrap is not installed\)/,
    );
  });

  test("is described in the fewest words: no validator's keys in a schema", async () => {
    await using agent = await openTestAgent({ script: [{ text: "ok" }] });
    await agent.say("hi");
    assert.deepEqual(agent.models.calls[0]?.tools[0], {
      type: "function",
      name: "exec",
      description: "Runs a command.",
      inputSchema: { type: "object", properties: { command: { type: "string", minLength: 1 } }, required: ["command"] },
    });
  });
});
