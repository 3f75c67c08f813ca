// Where agents work, and where none may.
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAgents } from "../../src/config/agent-settings.ts";
import { issuesOf, loadGood, nowhere, refuses } from "./harness.ts";

test("KEY-041 CFG-007 an agent's workspace is where the config says, else in the state directory", async () => {
  const workspaces = async (config: object) =>
    listAgents((await loadGood(config as never)).config, nowhere).map(({ id, workspace }) => [id, workspace]);
  assert.deepEqual(await workspaces({}), [["main", "/nonexistent/.openclaw/workspace"]]);
  assert.deepEqual(
    await workspaces({
      agents: { defaults: { workspace: "~/work" }, list: [{ id: "a" }, { id: "b" }, { id: "c", workspace: "/srv/c" }] },
    }),
    [
      ["a", "/nonexistent/work"],
      ["b", "/nonexistent/.openclaw/workspace-b"],
      ["c", "/srv/c"],
    ],
  );
  await refuses("agents.defaults.workspace", /absolute or starts with ~/, "work", "./work");
});

test("a workspace that would show an agent the keys or the config is refused", async () => {
  for (const workspace of ["~", "/", "~/.openclaw", "~/.openclaw/credentials", "~/.openclaw/state/x"])
    await refuses("agents.defaults.workspace", /state directory or the home directory|Lorica's own state/, workspace);
});

test("agents that would see each other's workspace are refused, whichever of them comes first", async () => {
  const own = { id: "a", workspace: "/srv/a" };
  for (const workspace of ["/srv/a", "/srv/a/inner", "/srv"])
    assert.deepEqual(await issuesOf({ agents: { list: [own, { id: "b", workspace }] } }), [
      'agents.list[1].workspace: is, holds or lies in the workspace of a; give each agent a folder of its own, or both `sandbox.scope: "shared"` and the same folder',
    ]);
  await loadGood({ agents: { list: [own, { id: "b", workspace: "/srv/ab" }, { id: "c" }, { id: "d" }] } });
  // Both have to say so, and mean the very same folder.
  const shared = (id: string, workspace: string) => ({ id, workspace, sandbox: { scope: "shared" } });
  await loadGood({ agents: { list: [shared("a", "/srv/a"), shared("b", "/srv/a")] } });
  for (const list of [
    [own, shared("b", "/srv/a")],
    [shared("a", "/srv/a"), shared("b", "/srv/a/inner")],
  ])
    assert.equal((await issuesOf({ agents: { list } })).length, 1);
});
