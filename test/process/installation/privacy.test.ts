// What an installation keeps and shows of secrets, and to whom its files are open; and that a model with a small window
// is enough. One gateway for all of it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation, Ran } from "../../faux/installation.ts";
import { startFauxProvider } from "../../faux/provider.ts";
import type { FauxProvider, FauxReply, FauxRequest } from "../../faux/provider.ts";
import { whyNoSandbox } from "../../faux/outside/host.ts";
import { sealedIn } from "../../faux/vault/test-vault.ts";

const windows = { four: 4_096, eight: 8_192 };
/** Fewer than any tokenizer makes of English or of numbers, so that what fits by this fits. */
const charsPerToken = 3;

type Found = { readonly path: string; readonly mode: string };

/** Everything below a folder, without the bytes that Node's cache and SQLite lay out by themselves. */
function* walk(folder: string): Generator<Found> {
  for (const name of readdirSync(folder).toSorted()) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    yield { path, mode: (stat.mode & 0o777).toString(8) };
    if (stat.isDirectory()) yield* walk(path);
  }
}

suite("an installation with secrets", { concurrency: false, skip: whyNoSandbox() ?? false }, () => {
  let lorica: Installation;
  let model: FauxProvider;
  let logs: string;
  /** No maker's format: only whoever knows it can take it out. */
  const key = randomBytes(24).toString("hex");
  const stored = randomBytes(24).toString("base64url");
  /** A maker's format, and nobody here knows it. */
  const found = `ghp_${randomBytes(20).toString("hex")}`;
  const said: Ran[] = [];
  const run = async (...words: readonly string[]): Promise<Ran> => {
    const ran = await lorica.run(words);
    said.push(ran);
    return ran;
  };
  before(async () => {
    model = await startFauxProvider();
    lorica = await createInstallation();
    logs = join(lorica.home, "elsewhere", "openclaw");
    lorica.env["OPENAI_API_KEY"] = key;
    const small = Object.entries(windows).map(([id, contextWindow]) => ({ id, contextWindow }));
    lorica.writeConfig({
      logging: { level: "trace", file: join(logs, "gateway.jsonl") },
      session: { jsonlMirror: true },
      models: {
        providers: {
          openai: { baseUrl: `${model.url}/v1`, api: "openai-completions", models: [{ id: "m" }] },
          local: { baseUrl: `${model.url}/v1`, api: "openai-completions", models: small },
        },
      },
      agents: {
        defaults: { model: { primary: "openai/m" } },
        list: [{ id: "main" }, ...small.map(({ id }) => ({ id, model: `local/${id}` }))],
      },
    });
    await lorica.start();
  });
  after(async () => {
    await lorica.remove();
    await model.close();
  });

  test("TOOL-018 LOG-002 a command is on record with who asked, where it ran, the verdict and how it ended", async () => {
    model.play([
      { calls: [{ id: "c1", name: "exec", input: '{"command":"echo on record; exit 3"}' }] },
      { text: "ok" },
    ]);
    assert.equal((await run("agent", "--session-id", "recorded", "--message", "go")).code, 0);
    const records = readFileSync(join(lorica.stateDir, "logs", "commands.log"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const about = {
      verb: "process.run",
      verdict: "allow",
      agentId: "main",
      sessionKey: "agent:main:recorded",
      principal: "owner",
      resource: "echo on record; exit 3",
    };
    const [decision, effect] = records.filter(({ resource }) => resource === about.resource);
    assert.deepEqual(decision, {
      time: decision?.["time"],
      source: "gateway",
      kind: "decision",
      rule: "tools.surface",
      ...about,
    });
    const { durationMs, ...result } = (effect?.["result"] ?? {}) as Record<string, unknown>;
    assert.equal(typeof durationMs, "number");
    assert.deepEqual(
      { ...effect, result },
      {
        time: effect?.["time"],
        source: "broker",
        kind: "effect",
        ...about,
        result: { cwd: ".", mode: "foreground", terminal: "none", end: "exited", exitCode: 3 },
      },
    );
  });

  test("LOG-001 no planted secret is in a log, a record, an export, an error or a status", async () => {
    assert.equal((await lorica.run(["secret", "set", "provider:other"], { input: stored })).code, 0);
    const command = `echo a ${found}; curl -H 'Authorization: Bearer ${found}' x; cat ~/.openclaw/credentials/*`;
    model.play([{ calls: [{ id: "c1", name: "exec", input: JSON.stringify({ command }) }] }, { text: "done" }]);
    assert.equal((await run("agent", "--session-id", "planted", "--message", "go")).code, 0);
    assert.equal(model.requests.at(-1)?.headers.authorization, `Bearer ${key}`, "the key is in use");
    assert.match(model.requests.at(-1)?.body ?? "", /a \[redacted\]/, "what a tool said is redacted for the model too");
    for (const reply of [
      { status: 401, message: `no such key: ${key}` },
      { status: 400, message: `Bearer ${key} is not what this wants` },
      { status: 500, body: `<html>${key} ${found}</html>` },
    ] satisfies FauxReply[]) {
      model.play([reply]);
      const failed = await run("agent", "--session-id", "failing", "--message", "go");
      assert.notEqual(failed.code, 0);
    }
    const exported = await run("sessions", "export", "agent:main:planted");
    assert.match(exported.stdout, /echo a \[redacted\]/);
    await run("sessions", "export", "agent:main:failing");
    for (const words of ["status --all", "status --all --json", "config get --json", "secret list", "doctor"])
      await run(...words.split(" "));
    await run("logs", "--limit", "1000", "--json");
    const files = [...walk(lorica.stateDir), ...walk(logs)]
      .map(({ path }) => path)
      .filter((path) => /\.(jsonl|log)$/.test(path));
    assert.deepEqual(
      ["gateway.jsonl", "audit.jsonl", "commands.log"].filter(
        (name) => !files.some((path) => path.endsWith(`/${name}`)),
      ),
      [],
      "the logs are among what is searched",
    );
    const shown = [
      ...files.map((path) => readFileSync(path, "utf8")),
      ...said.flatMap(({ stdout, stderr }) => [stdout, stderr]),
    ];
    for (const secret of [key, stored, found, lorica.token])
      assert.deepEqual(
        shown.filter((text) => text.includes(secret)),
        [],
      );
    assert.ok(Object.values(sealedIn(lorica.home)).includes(stored), "it is kept");
  });

  test("LOG-003 CFG-014 logs and state are for their owner alone, wherever the log is", () => {
    const { state, own } = Object.groupBy([...walk(join(logs, "..")), ...walk(lorica.stateDir)], ({ path }) =>
      /\/(workspace[^/]*|cache)\//.test(path) ? "own" : "state",
    ) as Record<"state" | "own", readonly Found[]>;
    assert.ok(own.length > 0);
    const open = state.filter(({ mode }) => !/^[67]00$/.test(mode));
    assert.deepEqual(open, []);
    const modeOf = (path: string): string | undefined => state.find((each) => each.path === path)?.mode;
    assert.deepEqual(
      [
        logs,
        join(logs, "gateway.jsonl"),
        join(lorica.stateDir, "logs"),
        join(lorica.stateDir, "logs", "audit.jsonl"),
      ].map(modeOf),
      ["700", "600", "700", "600"],
    );
  });

  for (const [agent, contextTokens] of Object.entries(windows))
    test(`PRV-021 COST-007 a model with a window of ${contextTokens} tokens works for as long as a conversation goes on`, async () => {
      const tooLong: number[] = [];
      const play = (request: FauxRequest): FauxReply => {
        const tokens = Math.ceil(request.body.length / charsPerToken);
        if (tokens > contextTokens) tooLong.push(tokens);
        const usage = { input: tokens, output: 150 };
        const asked = (request.json["messages"] as readonly { readonly role: string }[]).at(-1)?.role === "user";
        // Without tools it is a summary that is asked for.
        if (asked && request.json["tools"] !== undefined)
          return { calls: [{ id: "c1", name: "exec", input: '{"command":"seq 1 3000"}' }], usage };
        return { text: `read to the end. ${"and so on ".repeat(60)}`, usage };
      };
      for (let turn = 0; turn < 6; turn++) {
        model.play(play);
        const question = `question ${turn} ${"please ".repeat(100)}`;
        const ran = await lorica.run(["agent", "--agent", agent, "--message", question]);
        assert.equal(ran.code, 0, ran.stderr);
        assert.match(ran.stdout, /read to the end/);
        const last = model.requests.at(-1)?.body ?? "";
        assert.ok(last.includes(`question ${turn} `), "what was asked is still there");
        assert.match(last, /\\n2999\\n3000/, "and so is the end of what the tool said");
      }
      assert.deepEqual(tooLong, []);
      const kept = (await lorica.run(["sessions", "export", `agent:${agent}:main`])).stdout;
      assert.match(kept, /"type":"compaction"/);
      for (let turn = 0; turn < 6; turn++) assert.ok(kept.includes(`question ${turn} `), "nothing is lost");
    });
});
