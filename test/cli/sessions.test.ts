import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createCommandLine, createRecorder } from "../faux/command-line.ts";

const line = createCommandLine();
const { called, answering } = createRecorder();
const row = {
  key: "agent:main:main",
  kind: "direct",
  agentId: "main",
  sessionId: "s",
  channel: "cli",
  createdAt: 0,
  updatedAt: 880_000,
  model: "m",
  archived: false,
  pinned: false,
  unread: false,
  isMain: true,
  hasActiveRun: true,
  activeRunIds: [],
  messageCount: 4,
};

before(() =>
  line.serve("gateway.sock", {
    "sessions.list": answering("sessions.list", { ts: 1_000_000, sessions: [row], hasMore: false, totalCount: 1 }),
    "sessions.describe": (params: { readonly key: string }) => ({ session: params.key === "gone" ? null : row }),
    "chat.history": answering("chat.history", {
      sessionKey: "agent:main:main",
      messages: [
        { role: "user", content: "hi", timestamp: 0 },
        {
          role: "assistant",
          content: [
            { type: "text", text: "hel\u001B[2Jlo" },
            { type: "toolCall", name: "exec", arguments: { command: "ls" } },
          ],
          timestamp: 60_000,
        },
      ],
      hasMore: true,
      totalMessages: 9,
    }),
    "sessions.export": (params: { readonly offset?: number }) =>
      params.offset === 2
        ? { key: "k", lines: ["c"], nextOffset: null }
        : { key: "k", lines: ["a", "b"], nextOffset: 2 },
    "sessions.import": answering("sessions.import", { key: "agent:main:old", sessionId: "s", entries: 2 }),
    "sessions.delete": answering("sessions.delete", (params: { readonly key: string }) => ({
      ok: true,
      key: params.key,
      deleted: params.key !== "gone",
      archived: [],
    })),
    "sessions.reset": answering("sessions.reset", { ok: true, key: "agent:main:main", entry: {}, resolved: {} }),
    "models.list": () => ({
      models: [
        { id: "m", provider: "p", name: "M", contextWindow: 8, reasoning: true, input: ["text"], available: true },
      ],
    }),
    "usage.cost": () => {
      const figures = {
        input: 1,
        output: 2,
        cacheRead: 3,
        cacheWrite: 0,
        totalTokens: 6,
        totalCost: 0.25,
        missingCostEntries: 0,
      };
      const none = { ...figures, input: 0, output: 0, cacheRead: 0, totalTokens: 0, totalCost: 0 };
      return {
        updatedAt: 0,
        days: 2,
        daily: [
          { date: "2026-11-20", ...none },
          { date: "2026-11-21", ...figures },
        ],
        totals: figures,
      };
    },
  }),
);
after(() => line.close());

test("CLI-055 sessions are listed, newest first as the gateway says, by agent and by age", async () => {
  const listed = await line.run(["sessions"]);
  assert.equal(
    listed.stdout,
    "session          model  messages  used\nagent:main:main  m      4         2 min ago  running\n",
  );
  called.length = 0;
  assert.equal((await line.run("sessions --store /elsewhere".split(" "))).exit, 2);
  await line.run("sessions list --agent work --active 90s --limit 7 --json".split(" "));
  assert.deepEqual(called, [["sessions.list", { limit: 7, agentId: "work", activeMinutes: 2 }]]);
});

test("a session is shown without what a terminal would obey, and one that is not there exits 5", async () => {
  const { stdout, stderr } = await line.run(["sessions", "show", "main"], { terminal: true });
  assert.ok(stdout.includes('hello\n▸ exec {"command":"ls"}'), stdout);
  assert.equal(stderr, "9 messages in all; --limit shows more\n");
  assert.equal((await line.run(["sessions", "show", "gone"])).exit, 5);
});

test("a session is exported in full, to stdout or into a new file of its owner's", async () => {
  assert.equal((await line.run(["sessions", "export", "main"])).stdout, "a\nb\nc\n");
  const file = join(line.home, "out.jsonl");
  assert.equal((await line.run(["sessions", "export", "main", "--output", file])).exit, 0);
  assert.equal(readFileSync(file, "utf8"), "a\nb\nc\n");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await line.run(["sessions", "export", "main", "--output", file])).exit, 6);
});

test("a session is imported from a file or stdin; a file that is not there exits 5", async () => {
  const file = join(line.home, "in.jsonl");
  writeFileSync(file, "{}\n");
  called.length = 0;
  await line.run(["sessions", "import", file, "--agent", "main", "--key", "old"]);
  const ran = await line.run(["sessions", "import", "-"], { input: "{}\n{}\n" });
  assert.equal(ran.stdout, "imported 2 entries as agent:main:old\n");
  assert.deepEqual(called, [
    ["sessions.import", { text: "{}\n", agentId: "main", key: "old" }],
    ["sessions.import", { text: "{}\n{}\n" }],
  ]);
  assert.equal((await line.run(["sessions", "import", join(line.home, "nothing")])).exit, 5);
  assert.equal((await line.run(["sessions", "import", line.home])).exit, 2);
});

test("deleting asks; where nobody can be asked it wants --yes", async () => {
  called.length = 0;
  const refused = await line.run(["sessions", "delete", "main"]);
  assert.equal(refused.exit, 2);
  assert.match(refused.stderr, /say --yes/);
  assert.deepEqual(called, []);
  assert.equal((await line.run(["sessions", "delete", "main", "--yes"])).exit, 0);
  assert.equal((await line.run(["sessions", "delete", "gone", "--yes"])).exit, 5);
  assert.equal((await line.run(["sessions", "reset", "main"])).exit, 0);
});

test("the models and what was spent are shown as tables", async () => {
  assert.equal((await line.run(["models"])).stdout, "p/m  8 tokens  text  reasoning\n");
  const { stdout } = await line.run(["usage", "--days", "2"]);
  assert.equal(
    stdout,
    [
      "day         input  output  cache read  cost",
      "2026-11-21  1      2       3           $0.2500",
      "total       1      2       3           $0.2500",
      "",
    ].join("\n"),
  );
});
