import assert from "node:assert/strict";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../src/base/limits.ts";
import { renderIssues } from "../../src/config/config.ts";
import { loadBytes, loadConfig } from "../../src/config/load.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import { editDistance } from "../../src/config/read/nearest.ts";
import { issuesOf, load, loadGood, nowhere, temporary } from "./harness.ts";

const refusal = async (text: string | Uint8Array) => {
  const loaded = await loadBytes(typeof text === "string" ? new TextEncoder().encode(text) : text, {
    paths: nowhere,
    env: {},
  });
  assert(loaded.kind === "invalid", "refused");
  return renderIssues(loaded.issues).replaceAll(`${nowhere.configPath}:`, "");
};

test("CFG-017 each mistake is named with line, column and the nearest right name, all of them at once", async () => {
  assert.equal(
    await refusal(
      `{\n  gatway: {},\n  gateway: {\n    prot: 1,\n    port: "x",\n  },\n  dmScope: "main",\n  tools: { profile: "codin" },\n}`,
    ),
    [
      "5:5: gateway.port: must be a number; it is text in quotes",
      '4:5: gateway.prot: no such key; did you mean "port"?',
      '8:12: tools.profile: must be one of "minimal", "coding", "messaging", "full"; did you mean "coding"?',
      '2:3: gatway: no such key; did you mean "gateway"?',
      "7:3: dmScope: no such key here; did you mean session.dmScope?",
    ].join("\n"),
  );
});

test("a key that is written twice is refused with both lines", async () => {
  assert.equal(
    await refusal(`{\n gateway: { port: 1 },\n gateway: { bind: "lan" } }`),
    "3:2: gateway: written twice in the same object, first on line 2; keep one",
  );
});

test("what is not JSON5 is refused where it stops being that", async () => {
  const cases: readonly (readonly [text: string, message: RegExp])[] = [
    ["{\n  a: ", /^2:6: not JSON5: unexpected end of input/],
    ["{ gateway: { trustedProxies: [127.0.0.1] } }", /^1:36: not JSON5: unexpected token Number/],
    ["{ a: 1 b: 2 }", /^1:8: not JSON5: unexpected token Identifier/],
    ["[]", /^1:1: the file must hold one object/],
    ["42", /^1:1: the file must hold one object/],
    ["{ gateway: { port: NaN } }", /gateway.port: NaN is not a value/],
    ["{ gateway: { port: 1e999 } }", /gateway.port: 1e999 is (too large a number|not a value)/],
    ['{ "__proto__": {} }', /__proto__: this name cannot be a key/],
    [`${"[".repeat(200)}${"]".repeat(200)}`, /nested 200 levels deep; the limit is 64/],
  ];
  for (const [text, message] of cases) assert.match(await refusal(text), message, text.slice(0, 40));
});

test("a file that is no text is refused", async () => {
  assert.equal(await refusal(new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])), "1:1: the file is not valid UTF-8");
  assert.equal(await refusal("{}\0"), "1:1: the file holds a NUL byte at offset 2; it is not a text file");
});

test("an empty file, a file of comments, and no file at all are configs with defaults", async () => {
  const expected = (await loadGood("{}")).config;
  for (const text of ["", " \n", "// nothing yet\n", "/* a\n b */ // c"])
    assert.deepEqual((await loadGood(text)).config, expected, text);
  const none = await loadBytes(undefined, { paths: nowhere, env: {} });
  assert(none.kind === "loaded");
  assert.deepEqual([none.config, none.origin], [expected, "defaults"]);
});

test("a byte order mark is not part of the first key", async () => {
  assert.equal((await loadGood("\uFEFF{ gateway: { port: 7 } }")).config.gateway.port, 7);
});

test("no complaint repeats a value, which may be a secret in the wrong place", async () => {
  const secret = "sk-live-0123456789";
  const misplaced = [
    { gateway: { auth: { mode: secret } } },
    { gateway: { port: secret } },
    { tools: { exec: { security: secret } } },
    { agents: { list: secret } },
    { models: { providers: { openai: { apiKey: [secret] } } } },
    { bindings: [secret] },
  ];
  for (const config of misplaced) assert.doesNotMatch((await issuesOf(config as never)).join(), /sk-live/);
});

test("the number of complaints is bounded", async () => {
  const config = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, at]));
  assert.equal((await issuesOf(config)).length, limits.configIssuesMax);
});

test("CFG-022 a reference is read from the environment, upper-case names only; one that is not set is an error", async () => {
  const { config } = await loadGood({ messages: { responsePrefix: "${A}-$${A}-${a}-$A" } }, { A: "x" });
  assert.equal(config.messages.responsePrefix, "x-${A}-${a}-$A");
  assert.deepEqual(await issuesOf({ messages: { responsePrefix: "${GONE}" } }), [
    "messages.responsePrefix: ${GONE} is not set. Set it in the environment or in the state directory's .env file",
  ]);
  // What a variable holds is a value, not a template that could read another variable.
  assert.equal(
    (await loadGood({ messages: { responsePrefix: "${A}" } }, { A: "${B}", B: "secret" })).config.messages
      .responsePrefix,
    "${B}",
  );
});

test("CFG-023 included files stay in the config folder, private, and bounded", async (context) => {
  const home = await temporary(context);
  const paths = resolvePaths({ env: {}, home });
  const folder = paths.stateDir;
  await mkdir(join(folder, "parts"), { recursive: true, mode: 0o700 });
  const put = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  const result = async (text: string): Promise<string | number> => {
    await put("openclaw.json", text);
    const loaded = await loadConfig({ paths, env: {} });
    return loaded.kind === "loaded" ? loaded.config.gateway.port : loaded.issues.map(({ message }) => message).join();
  };
  await put("one.json", "{ gateway: { port: 1, bind: 'lan' } }");
  await put("parts/two.json5", "{ $include: '../one.json', gateway: { port: 2 } }");
  assert.equal(await result("{ $include: 'one.json' }"), 1);
  assert.equal(await result("{ $include: ['one.json', 'parts/two.json5'] }"), 2);
  assert.equal(await result("{ $include: 'parts/two.json5', gateway: { port: 3 } }"), 3);
  await put("edge.json", "{ port: 4 }");
  assert.equal(await result("{ gateway: { $include: './edge.json' } }"), 4);
  await writeFile(join(home, "outside.json"), "{}", { mode: 0o600 });
  await symlink(join(home, "outside.json"), join(folder, "link.json"));
  await symlink(join(folder, "one.json"), join(folder, "inner.json"));
  await put("cycle.json", "{ $include: 'cycle2.json' }");
  await put("cycle2.json", "{ $include: 'cycle.json' }");
  await put("list.json", "[]");
  await put("open.json", "{}");
  await chmod(join(folder, "open.json"), 0o640);
  for (const [name, reason] of [
    ["../outside.json", /outside/],
    ["/etc/passwd", /outside/],
    ["link.json", /outside/],
    ["cycle.json", /includes itself/],
    ["gone.json", /does not exist/],
    ["list.json", /holds no object/],
    ["open.json", /can be read by other users; run: chmod 600/],
    ["parts", /not a regular file|cannot open/],
  ] as const)
    assert.match(String(await result(`{ $include: ${JSON.stringify(name)} }`)), reason, name);
  // A link that stays inside names a file that is inside.
  assert.equal(await result("{ $include: 'inner.json' }"), 1);
  await put("broken.json", "{\n\n gateway: { prot: 1 } }");
  await put("openclaw.json", "{ $include: 'broken.json' }");
  const broken = await loadConfig({ paths, env: {} });
  assert(broken.kind === "invalid");
  assert.deepEqual(
    broken.issues.map(({ place }) => place),
    [{ file: join(folder, "broken.json"), line: 3, column: 13 }],
  );
});

test("a config file that is too large, a link or a pipe is refused", async (context) => {
  const home = await temporary(context);
  const paths = resolvePaths({ env: {}, home });
  await mkdir(paths.stateDir, { mode: 0o700 });
  const reason = async (): Promise<string> => {
    const loaded = await loadConfig({ paths, env: {} });
    return loaded.kind === "invalid" ? (loaded.issues[0]?.message ?? "") : "accepted";
  };
  await writeFile(paths.configPath, `{}${" ".repeat(limits.configFileMaxBytes)}`, { mode: 0o600 });
  assert.match(await reason(), /bytes; the limit is/);
  await chmod(paths.configPath, 0o666);
  assert.match(await reason(), /can be written by other users; run: chmod 600/);
  const { rm } = await import("node:fs/promises");
  await rm(paths.configPath);
  await symlink("/etc/passwd", paths.configPath);
  assert.match(await reason(), /symbolic link/);
});

test("whatever the bytes are, reading them ends with a config or with reasons", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      const loaded = await loadBytes(bytes, { paths: nowhere, env: {} });
      assert(loaded.kind === "loaded" || loaded.issues.length > 0);
    }),
    { numRuns: 300 },
  );
});

test("a good file with some characters changed is read or refused with a place in it", async () => {
  const good = `// c\n{ gateway: { port: 1, auth: { token: "\${T}" } }, agents: { list: [{ id: 'a', model: "openai/x" }], defaults: { sandbox: "docker" } }, channels: [{ type: "telegram", groupPolicy: {} }], provider: { name: "x", baseUrl: "http://h/v1" }, $include: [] }`;
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "'",
    "null",
    "1e9",
    "${X}",
    "$include",
    "\n",
    "/*",
    "//",
    "\\u",
    "-",
    "true",
    "\0",
    "é",
    "😀",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length), fc.nat(3), pieces), { maxLength: 6 }), async (changes) => {
      let text = good;
      for (const [at, removed, piece] of changes) text = text.slice(0, at) + piece + text.slice(at + removed);
      const loaded = await load(text, { T: "0".repeat(64) });
      const lines = text.split(/\r\n|\r|\n/).length;
      if (loaded.kind === "loaded") return;
      assert(loaded.issues.length > 0);
      for (const { place } of loaded.issues)
        assert(place === undefined || (place.line >= 1 && place.line <= lines), JSON.stringify(place));
    }),
    { numRuns: 400 },
  );
});

test("any JSON value at any key is accepted or refused, never thrown at", async () => {
  const keys = fc.constantFrom(
    "gateway",
    "agents",
    "models",
    "channels",
    "tools",
    "env",
    "provider",
    "agent",
    "session",
    "sandbox",
    "bindings",
    "hooks",
    "$schema",
    "configWrites",
  );
  await fc.assert(
    fc.asyncProperty(fc.dictionary(keys, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 5 }), async (config) => {
      const loaded = await load(JSON.stringify(config));
      assert(loaded.kind === "loaded" || loaded.issues.length > 0);
    }),
    { numRuns: 500 },
  );
});

test("edit distance is a distance, and counts a swap as one", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(
      word,
      word,
      (a, b) => editDistance(a, b) === editDistance(b, a) && (editDistance(a, b) === 0) === (a === b),
    ),
  );
  assert.deepEqual(
    [editDistance("port", "prot"), editDistance("", "abc"), editDistance("gateway", "gatway")],
    [1, 3, 1],
  );
});
