// A check that cannot fail is no check: each rule of tidy meets a small tree that breaks it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "../..");

const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").replace(
  /```privileges\n[\s\S]*?```/,
  [
    "```privileges",
    "spawn (node:child_process):",
    "  src/broker/spawn.ts",
    "sockets (node:http, node:dns, ws, @homebridge/ciao):",
    "environment (process.env):",
    "  src/bin.ts",
    "global fetch (fetch):",
    "global sockets (WebSocket, EventSource):",
    "  web/src/socket.ts",
    "libraries that would fetch by themselves (grammy, @ai-sdk/openai):",
    "imports that no text names (import(), createRequire, getBuiltinModule):",
    "```",
  ].join("\n"),
);

const goodTree: Readonly<Record<string, string>> = {
  "ARCHITECTURE.md": architecture,
  "src/bin.ts": "// Starts.\nexport const env = process.env;\n",
  "src/broker/spawn.ts": '// Spawns.\nimport { spawn } from "node:child_process";\nexport const run = spawn;\n',
  "src/broker/broker.ts": '// The door.\nimport { run } from "./spawn.ts";\nexport const broker = run;\n',
  "src/base/label.ts": "// Labels.\nexport const label = 1;\n",
  "web/src/socket.ts": "// The wire.\nexport const open = (url: string) => new WebSocket(url);\n",
};

/** One file of the gateway that uses something it may not: how it is written → what is said of it. */
const privileged: readonly (readonly [code: string, says: RegExp])[] = [
  ['import ciao from "@homebridge/ciao";', /uses @homebridge\/ciao; sockets/],
  ['import { lookup } from "node:dns/promises";', /uses node:dns; sockets/],
  ['/* c */ import { get } from "node:http";', /uses node:http; sockets/],
  ['import type { A } from "ws"; import { get } from "node:http";', /uses node:http; sockets/],
  ["export const x = new WebSocket(url);", /uses WebSocket; global sockets/],
  ["export const x = [EventSource];", /uses EventSource; global sockets/],
  ["export const x = new globalThis.WebSocket(url);", /uses WebSocket; global sockets/],
  [
    'import type { WebSocket } from "ws";\nexport const x = new globalThis.WebSocket(url);',
    /uses WebSocket; global sockets/,
  ],
  [
    'import type { WebSocket as Own } from "ws";\nexport const x = new WebSocket(url);',
    /uses WebSocket; global sockets/,
  ],
  ["class Own extends WebSocket {}", /uses WebSocket; global sockets/],
  ["export const x = f(fetch(url));", /uses fetch; global fetch/],
  ["export const x = fetch;", /uses fetch; global fetch/],
  ["fetch(url).catch(f);", /uses fetch; global fetch/],
  ["export const x = ok\n  ? fetch\n  : other;", /uses fetch; global fetch/],
  ["export const x = { fetch };", /uses fetch; global fetch/],
  ["const { fetch: x } = globalThis;", /uses fetch; global fetch/],
  ['export const x = globalThis["fetch"];', /uses fetch; global fetch/],
  ["export const x = global.fetch;", /uses fetch; global fetch/],
  ['import { InputFile } from "grammy/web";', /uses grammy; libraries/],
  ['export const x = () => import("@ai-sdk/openai");', /uses @ai-sdk\/openai; libraries/],
  ["export const x = (name: string) => import(name);", /uses import\(\); imports/],
  ["export const x = (name: string) => import(\n  `node:${name}`,\n);", /uses import\(\); imports/],
  ['import { createRequire } from "node:module";', /uses createRequire; imports/],
  ['export const x = process.getBuiltinModule("net");', /uses getBuiltinModule; imports/],
];

/** What looks like it and opens nothing. */
const harmless: readonly string[] = [
  'import type { WebSocket } from "ws";\nexport const x = (socket: WebSocket) => socket;',
  'import type {\n  IncomingMessage,\n} from "node:http";\nexport type X = IncomingMessage;',
  "export type X = { readonly fetch: typeof globalThis.fetch };",
  "export type X = {\n  fetch(request: string, signal: AbortSignal): Promise<void>;\n};",
  "export const x = {\n  async fetch(request: string) {\n    return y.fetch(request);\n  },\n};",
  'export const x = () => import("./y.ts");',
  "/** A page opens a WebSocket.\n * fetch(url) is not called. */\nexport const x = 1;",
  'export const x = "a WebSocket was refused";',
];

/** What a tree is changed to → what tidy says of it. */
const broken: readonly {
  readonly rule: string;
  readonly files: Readonly<Record<string, string>>;
  readonly says: RegExp;
}[] = [
  {
    rule: "an import to the right",
    files: {
      "src/base/label.ts": '// Labels.\nimport { broker } from "../broker/broker.ts";\nexport const x = broker;\n',
    },
    says: /base is left of broker/,
  },
  {
    rule: "an import behind a front door",
    files: { "src/gateway/gateway.ts": '// Edge.\nimport { run } from "../broker/spawn.ts";\nexport const x = run;\n' },
    says: /behind the front door broker\/broker\.ts/,
  },
  {
    rule: "a dynamic import behind a front door",
    files: { "src/gateway/gateway.ts": '// Edge.\nexport const x = () => import("../broker/spawn.ts");\n' },
    says: /behind the front door/,
  },
  {
    rule: "a plugin that looks at the store",
    files: {
      "src/store/store.ts": "// Store.\nexport const store = 1;\n",
      "plugins/x/x.ts": '// X.\nimport { store } from "../../src/store/store.ts";\nexport const x = store;\n',
    },
    says: /plugins may not import src\/store\/store\.ts/,
  },
  {
    rule: "a spawn outside the list",
    files: {
      "src/gateway/gateway.ts": '// Edge.\nimport { spawn } from "node:child_process";\nexport const x = spawn;\n',
    },
    says: /uses node:child_process/,
  },
  {
    rule: "the environment outside the list",
    files: { "src/gateway/gateway.ts": "// Edge.\nexport const home = process.env.HOME;\n" },
    says: /uses process\.env/,
  },
  {
    rule: "a value asserted to be a grant",
    files: { "src/gateway/gateway.ts": "// Edge.\nexport const x = {} as Grant<'process.run'>;\n" },
    says: /`as Grant` is nowhere/,
  },
  { rule: "a long file", files: { "src/base/label.ts": `// Labels.\n${"\n".repeat(300)}` }, says: /the limit is 300/ },
  {
    rule: "a long function",
    files: { "src/base/label.ts": `// Labels.\nexport function x() {\n${"  f();\n".repeat(70)}}\n` },
    says: /a function of 72 lines/,
  },
  {
    rule: "many parameters",
    files: { "src/base/label.ts": "// Labels.\nexport function x(a: A, b: B, c: C, d: D) {\n  return a;\n}\n" },
    says: /4 parameters/,
  },
  {
    rule: "a barrel",
    files: { "src/base/label.ts": '// Labels.\nexport * from "./clock.ts";\n' },
    says: /makes a barrel/,
  },
  {
    rule: "a folder that nobody placed",
    files: { "src/misc/misc.ts": "// Misc.\nexport const x = 1;\n" },
    says: /ARCHITECTURE\.md does not place it/,
  },
  {
    rule: "a file without a first line",
    files: { "src/base/label.ts": "export const x = 1;\n" },
    says: /the first line says/,
  },
];

test("tidy accepts a tree that keeps the rules", () => {
  assert.match(tidy({}), /^tidy: 5 files$/m);
});

for (const { rule, files, says } of broken) {
  test(`tidy refuses ${rule}`, () => assert.match(tidy(files), says));
}

for (const [code, says] of privileged) {
  test(`tidy refuses outside the list ${JSON.stringify(code)}`, () =>
    assert.match(tidy({ "src/gateway/gateway.ts": `// Edge.\n${code}\n` }), says));
}

test("tidy takes nothing for a use that is none", () => {
  for (const code of harmless)
    assert.match(tidy({ "src/gateway/gateway.ts": `// Edge.\n${code}\n` }), /^tidy: 6 files$/m, code);
});

function tidy(changes: Readonly<Record<string, string>>): string {
  const tree = mkdtempSync(join(tmpdir(), "tidy-"));
  try {
    for (const [path, text] of Object.entries({ ...goodTree, ...changes })) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    return execFileSync(process.execPath, [join(root, "tools/tidy.ts"), tree], { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  } finally {
    rmSync(tree, { recursive: true });
  }
}
