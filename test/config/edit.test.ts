import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { evaluate } from "@humanwhocodes/momoa";
import type { Json } from "../../src/base/json.ts";
import { applyEdits } from "../../src/config/edit/edit.ts";
import type { Edit } from "../../src/config/edit/edit.ts";
import { parsePath } from "../../src/config/edit/path.ts";
import { parseText } from "../../src/config/edit/splice.ts";
import { parseValue } from "../../src/config/edit/value.ts";
import { parseTree } from "../../src/config/read/tree.ts";
import { createFindings } from "../../src/config/read/issue.ts";

const editing = { resolveText: (text: string) => (text === "${KEY}" ? "sk-1" : undefined) };
const edit = (text: string, ...edits: Edit[]) => applyEdits(text, edits, editing);
const set = (text: string, key: string, value: Json) => edit(text, { op: "set", path: pathOf(key), value });
const unset = (text: string, key: string) => edit(text, { op: "unset", path: pathOf(key) });
const merge = (text: string, value: Json) => edit(text, { op: "merge", path: [], value });
const read = (text: string): Json => evaluate(parseText(text).body) as Json;

function pathOf(key: string) {
  const path = parsePath(key);
  assert(path.ok, key);
  return path.value;
}

const mine = `// my config
{
  // where it listens
  gateway: { port: 18789, /* only here */ bind: 'loopback' }, // end of line
  logging: {
    level: "info", // loud enough
  },
  models: { providers: { openai: { apiKey: "\${KEY}" } } },
}
`;

test("an edit replaces the value and nothing else", () => {
  assert.equal(set(mine, "gateway.port", 18_790), mine.replace("18789", "18790"));
  assert.equal(set(mine, "gateway.bind", "lan"), mine.replace("'loopback'", '"lan"'));
});

test("a new key goes below its neighbours, with their indentation, quotes and commas", () => {
  assert.equal(set(mine, "logging.file", "/x"), mine.replace("// loud enough\n", '// loud enough\n    file: "/x",\n'));
  assert.equal(
    set(mine, "gateway.mode", "local"),
    mine.replace("bind: 'loopback' }", "bind: 'loopback', mode: \"local\" }"),
  );
  assert.equal(
    set(mine, "session.dmScope", "main"),
    mine.replace("} } },\n}", '} } },\n  session: {\n    dmScope: "main"\n  },\n}'),
  );
  assert.equal(
    set('{\n  "gateway": {\n    "port": 1\n  }\n}\n', "gateway.bind", "lan"),
    '{\n  "gateway": {\n    "port": 1,\n    "bind": "lan"\n  }\n}\n',
  );
  assert.equal(set("", "gateway.port", 1), '{\n  "gateway": {\n    "port": 1\n  }\n}\n');
  assert.equal(set("{ // nothing\n}", "gateway.port", 1), '{ // nothing\n  "gateway": {\n    "port": 1\n  }\n}');
  assert.equal(
    set("{\n  a: 1 // one\n}", "gateway.port", 2).replaceAll(/\s+/g, " "),
    "{ a: 1, // one gateway: { port: 2 } }",
  );
});

test("unset takes out the key and its comma, and leaves comments and plain JSON intact", () => {
  assert.equal(
    unset('{\n  "gateway": {\n    "port": 1,\n    "bind": "lan"\n  }\n}\n', "gateway.bind"),
    '{\n  "gateway": {\n    "port": 1\n  }\n}\n',
  );
  assert.equal(
    unset('{\n  "gateway": {\n    "port": 1,\n    "bind": "lan"\n  }\n}\n', "gateway.port"),
    '{\n  "gateway": {\n    "bind": "lan"\n  }\n}\n',
  );
  assert.match(unset(mine, "logging.level"), /logging: \{\s+\/\/ loud enough\s+\}/);
  assert.deepEqual(read(unset(mine, "gateway")), {
    logging: { level: "info" },
    models: { providers: { openai: { apiKey: "${KEY}" } } },
  });
  assert.throws(() => unset(mine, "tools.profile"), {
    code: "not_found",
    message: "tools.profile is not set in the config file",
  });
});

test("CFG-022 a reference is never replaced by what it stands for, nor by the mark that hides it", () => {
  assert.equal(set(mine, "models.providers.openai.apiKey", "sk-1"), mine);
  assert.equal(set(mine, "models.providers.openai.apiKey", "__OPENCLAW_REDACTED__"), mine);
  assert.equal(
    merge(mine, { models: { providers: { openai: { apiKey: "__OPENCLAW_REDACTED__" } } }, gateway: { port: 18_789 } }),
    mine,
  );
  assert.equal(set(mine, "models.providers.openai.apiKey", "sk-2"), mine.replace('"${KEY}"', '"sk-2"'));
});

const agents = `{
  agents: {
    list: [
      { id: "a", name: "A" }, // first
      { id: "b", name: "B", skills: ["x"] },
    ],
  },
}`;

test("CFG-024 lists of objects are merged by id, whatever their order; other lists are replaced", () => {
  const merged = merge(agents, { agents: { list: [{ id: "b", name: "Bee", skills: ["y", "z"] }, { id: "c" }] } });
  assert.equal(
    merged,
    agents
      .replace('"B"', '"Bee"')
      .replace('["x"]', '["y", "z"]')
      .replace("},\n    ],", '},\n      {\n        id: "c"\n      },\n    ],'),
  );
  assert.equal(set(agents, "agents.list.b.name", "Bee"), agents.replace('"B"', '"Bee"'));
  assert.equal(set(agents, "agents.list[1].name", "Bee"), agents.replace('"B"', '"Bee"'));
  assert.deepEqual(read(merge(agents, { agents: { list: [{ id: "a", name: null }] } })), {
    agents: { list: [{ id: "a" }, { id: "b", name: "B", skills: ["x"] }] },
  });
  assert.deepEqual(read(unset(agents, "agents.list.a")), { agents: { list: [{ id: "b", name: "B", skills: ["x"] }] } });
});

test("an $include stays, and a key beside it comes to stand beside it", () => {
  const text = `{\n  $include: "base.json",\n  gateway: { $include: "gateway.json" },\n}\n`;
  assert.equal(set(text, "gateway.port", 1), text.replace('"gateway.json" }', '"gateway.json", port: 1 }'));
});

test("an earlier spelling is edited as what it means now", () => {
  const text = '{\n  "discovery": { "mdns": "off" },\n  "agents": { "defaults": { "sandbox": "docker" } }\n}\n';
  assert.deepEqual(read(set(text, "agents.defaults.sandbox.scope", "agent")), {
    discovery: { mdns: "off" },
    agents: { defaults: { sandbox: { backend: "docker", mode: "all", scope: "agent" } } },
  });
  assert.deepEqual(read(set(text, "discovery.mdns", "off")), {
    discovery: { mdns: { mode: "off" } },
    agents: { defaults: { sandbox: "docker" } },
  });
  assert.deepEqual(read(set(text, "agents.entries.work.name", "W")), {
    discovery: { mdns: "off" },
    agents: { defaults: { sandbox: "docker" }, list: [{ id: "work", name: "W" }] },
  });
  assert.deepEqual(read(set('{ channels: [{ type: "telegram" }] }', "channels.telegram.dmPolicy", "disabled")), {
    channels: { telegram: { dmPolicy: "disabled" } },
  });
  assert.throws(() => set('{ "gateway": 1 }', "gateway.port", 1), { code: "conflict" });
});

test("after any edit of any file the value is there, all else is as before, and every comment survives", () => {
  const names = fc.constantFrom("gateway", "logging", "a", "b-c", "port");
  const tree: fc.Arbitrary<Json> = fc.letrec<{ node: Json }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Json>(1, "x", true, null),
      fc.array(fc.integer(), { maxLength: 2 }),
      fc.dictionary(names, tie("node"), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).node;
  const object = fc
    .dictionary(names, tree, { maxKeys: 4, noNullPrototype: true })
    .map((value) => value as Record<string, Json>);
  fc.assert(
    fc.property(
      object,
      fc.constantFrom(0, 2),
      fc.constantFrom("json", "comments"),
      tree,
      (before, indent, style, value) => {
        const json = JSON.stringify(before, undefined, indent);
        const text = style === "json" ? json : json.replaceAll(",", ", /* c */").replace("{", "{ // top\n");
        const path = ["logging", "level"];
        const present = before.logging;
        if (present !== undefined && (typeof present !== "object" || present === null || Array.isArray(present)))
          return;
        const after = edit(text, { op: "set", path, value });
        assert.deepEqual(read(after), { ...before, logging: { ...(present as Record<string, Json>), level: value } });
        if (!JSON.stringify((present as Record<string, Json> | undefined)?.level ?? 0).includes(","))
          assert.equal(after.split("/* c */").length, text.split("/* c */").length);
        assert.equal(after.includes("// top"), text.includes("// top"));
        const gone = edit(after, { op: "unset", path });
        assert.deepEqual(
          Object.keys((read(gone) as Record<string, Record<string, Json>>).logging ?? {}),
          Object.keys((present as object) ?? {}).filter((name) => name !== "level"),
        );
        assert.notEqual(parseTree(gone, "f", createFindings()), undefined);
      },
    ),
    { numRuns: 300 },
  );
});

test("what is typed behind `config set` is JSON5 or text, as the key wants it", () => {
  const typed = (key: string, text: string) => parseValue(pathOf(key), text);
  const value = (key: string, text: string) => {
    const parsed = typed(key, text);
    return parsed.ok ? parsed.value : parsed.reason;
  };
  assert.deepEqual(
    [
      value("gateway.port", "18789"),
      value("messages.responsePrefix", "18789"),
      value("messages.responsePrefix", "true"),
      value("gateway.bind", '"lan"'),
      value("tools.deny", "['a', 'b']"),
      value("env.vars.X", "007"),
      value("agents.defaults.model", "openai/x"),
      value("models.providers.x.apiKey", "{secret:'provider:x'}"),
    ],
    [18_789, "18789", "true", "lan", ["a", "b"], "007", "openai/x", { secret: "provider:x" }],
  );
  assert.match(String(value("tools.deny", "gateway")), /config set tools.deny '\["gateway"\]'/);
  assert.match(String(value("agents.defaults.sandbox", "{mode all}")), /the shell has probably taken the quotes/);
});

test("keys are written with dots, brackets or as a JSON pointer", () => {
  assert.deepEqual(
    [
      "gateway.port",
      "agents.list[0].name",
      "agents.list.0.name",
      "agents.list.main.name",
      'agents.defaults.models["openai/gpt-5.2"].alias',
      "/agents/defaults/models/openai~1x/alias",
    ].map(pathOf),
    [
      ["gateway", "port"],
      ["agents", "list", 0, "name"],
      ["agents", "list", 0, "name"],
      ["agents", "list", "main", "name"],
      ["agents", "defaults", "models", "openai/gpt-5.2", "alias"],
      ["agents", "defaults", "models", "openai/x", "alias"],
    ],
  );
  for (const bad of ["", "a..b", "a[", "a]", "__proto__.x", "a.constructor", "/", "x".repeat(2_000), "a[b]"])
    assert.equal(parsePath(bad).ok, false, bad);
  fc.assert(fc.property(fc.string(), (text) => typeof parsePath(text).ok === "boolean"));
});
