import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { configJsonSchema, describeKey } from "../../src/config/config.ts";
import { diffConfigs, holdBack, reloadOf } from "../../src/config/diff.ts";
import { describeKeys, renderReference } from "../../src/config/reference.ts";
import { configSchema } from "../../src/config/schema/schema.ts";
import { widens } from "../../src/config/widen.ts";
import type { Json } from "../../src/base/json.ts";
import { loadGood } from "./harness.ts";

test("the front door loads neither the schema nor the parser before they are needed", async () => {
  const seen = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    if (!file.endsWith(".ts")) return;
    const text = await readFile(file, "utf8");
    for (const [, specifier = ""] of text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from "([^"]+)";/gm))
      await visit(specifier.startsWith(".") ? resolve(dirname(file), specifier) : specifier);
  };
  await visit(resolve(import.meta.dirname, "../../src/config/config.ts"));
  assert(seen.has("node:fs/promises"), "the walk follows imports");
  assert.deepEqual(
    [...seen].filter((name) => !name.endsWith(".ts") && !name.startsWith("node:")),
    [],
  );
  assert.equal(seen.has("node:sqlite"), false);
});

test("docs/config.md is what the schema prints", async () => {
  const docs = join(resolve(import.meta.dirname, "../.."), "docs/config.md");
  assert.equal(await readFile(docs, "utf8"), renderReference(), "run: node tools/config-reference.ts");
});

test("every key has a line of documentation and a default, or may be left out", () => {
  const undescribed: string[] = [];
  const walk = (node: Record<string, unknown>, path: string): void => {
    if (node["x-secret"] === true || node["x-secret-values"] === true) return;
    for (const [name, child] of Object.entries((node.properties ?? {}) as Record<string, Record<string, unknown>>)) {
      const here = `${path}.${name}`;
      // Small closed records (a price, opening hours) are explained by the key that holds them.
      if (typeof child.description !== "string" && node.required === undefined && path.split(".").length < 4)
        undescribed.push(here);
      walk(child, here);
    }
  };
  walk(jsonSchemaNode(), "");
  assert.deepEqual(undescribed, []);
  assert.equal(configSchema.safeParse({}).success, true);
  for (const key of describeKeys()) assert.match(key.description, /^[\s\S]*[.*)]$/, key.path);
});

function jsonSchemaNode(): Record<string, unknown> {
  return configSchema.toJSONSchema({ io: "input" }) as Record<string, unknown>;
}

test("the JSON Schema is one, and lets credentials be written in each of their forms", async () => {
  const schema = (await configJsonSchema()) as Record<string, Json>;
  assert.deepEqual(
    [schema.$schema, schema.additionalProperties],
    ["https://json-schema.org/draft/2020-12/schema", false],
  );
  const text = JSON.stringify(schema);
  assert.doesNotMatch(text, /"required":\[[^\]]*"gateway"/);
  const token = ((((schema.properties as never)["gateway"] as never)["properties"] as never)["auth"] as never)[
    "properties"
  ] as { token: { anyOf: readonly unknown[] } };
  assert.equal(token.token.anyOf.length, 3);
});

test("a key can be asked about", async () => {
  assert.deepEqual(await describeKey(["gateway", "port"]), {
    path: "gateway.port",
    description: "The TCP port. `--port` and OPENCLAW_GATEWAY_PORT come first.",
    type: "integer",
    default: 18_789,
    reload: "restart",
    later: undefined,
    secret: false,
  });
  assert.equal((await describeKey(["models", "providers", "mine", "apiKey"]))?.secret, true);
  assert.equal((await describeKey(["agents", "list", 0, "name"]))?.path, "agents.list[].name");
  assert.equal(await describeKey(["gateway", "prot"]), undefined);
});

test("a key that nobody classified needs a restart", () => {
  assert.deepEqual(
    [
      reloadOf(["gateway", "port"]),
      reloadOf(["tools", "deny"]),
      reloadOf(["agents", "list", 0, "workspace"]),
      reloadOf(["logging", "level"]),
      reloadOf(["nothing"]),
    ],
    ["restart", "hot", "restart", "hot", "restart"],
  );
});

test("GW-046 of a changed config a running gateway takes what is hot; the rest waits, whole and by name", async () => {
  const config = async (written: Json) => (await loadGood(written)).config;
  const started = await config({ gateway: { port: 1 }, agents: { list: [{ id: "a", workspace: "/a", name: "A" }] } });
  const changed = await config({
    gateway: { port: 2 },
    session: { jsonlMirror: true },
    tools: { profile: "minimal" },
    agents: {
      list: [
        { id: "b", workspace: "/b" },
        { id: "a", workspace: "/c", name: "B" },
      ],
    },
  });
  const { config: taken, waiting } = holdBack(started, changed);
  assert.deepEqual(waiting, ["gateway.port", "agents.list.a.workspace", "session.jsonlMirror"]);
  assert.deepEqual(
    taken,
    await config({
      gateway: { port: 1 },
      tools: { profile: "minimal" },
      agents: {
        list: [
          { id: "b", workspace: "/b" },
          { id: "a", workspace: "/a", name: "B" },
        ],
      },
    }),
  );
  assert.deepEqual(holdBack(taken, started), { config: started, waiting: [] });
});

test("a diff compares agents by id, and a config with itself is empty", async () => {
  const config = async (list: Json) => (await loadGood({ agents: { list } })).config;
  const [before, after] = [
    await config([{ id: "a", name: "A" }, { id: "b" }]),
    await config([
      { id: "b", name: "B" },
      { id: "a", name: "A" },
    ]),
  ];
  assert.deepEqual(diffConfigs(before, before), []);
  assert.deepEqual(diffConfigs(before, after), [
    { path: "agents.list.b.name", reload: "hot", before: undefined, after: "B" },
  ]);
});

test("what gives somebody more than before is told from what does not", async () => {
  const marked = async (before: Json, after: Json) =>
    diffConfigs((await loadGood(before)).config, (await loadGood(after)).config)
      .filter(widens)
      .map(({ path }) => path);
  const wider: readonly (readonly [before: Json, after: Json, path: string])[] = [
    [{}, { gateway: { bind: "lan" } }, "gateway.bind"],
    [
      {},
      { gateway: { http: { endpoints: { responses: { enabled: true } } } } },
      "gateway.http.endpoints.responses.enabled",
    ],
    [{}, { gateway: { trustedProxies: ["10.0.0.1"] } }, "gateway.trustedProxies"],
    [{ tools: { profile: "minimal" } }, { tools: { profile: "full" } }, "tools.profile"],
    [{ tools: { allow: ["read"] } }, {}, "tools.allow"],
    [{ tools: { deny: ["exec"] } }, {}, "tools.deny"],
    [{ agents: { defaults: { sandbox: { workspaceAccess: "none" } } } }, {}, "agents.defaults.sandbox.workspaceAccess"],
    [{ channels: { telegram: {} } }, { channels: { telegram: { allowFrom: ["1"] } } }, "channels.telegram.allowFrom"],
    [
      { models: { providers: { openai: {} } } },
      { models: { providers: { openai: { baseUrl: "https://evil.example/v1" } } } },
      "models.providers.openai.baseUrl",
    ],
  ];
  for (const [before, after, path] of wider) {
    assert((await marked(before, after)).includes(path), path);
    if (!path.endsWith("baseUrl")) assert(!(await marked(after, before)).includes(path), `${path} narrowed`);
  }
  assert.deepEqual(await marked({}, { messages: { queue: { cap: 3 } }, logging: { consoleStyle: "json" } }), []);
});
