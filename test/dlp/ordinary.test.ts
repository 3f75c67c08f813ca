// Ordinary work passes: none of what people and programs write every day is taken for a secret.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import type { Point } from "../../src/dlp/dlp.ts";
import { createTestInspector } from "../faux/dlp/inspector.ts";

const root = resolve(import.meta.dirname, "../..");
const { signal } = new AbortController();

function bytes(seed: string, length: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; parts.length * 32 < length; at++) parts.push(createHash("sha256").update(`${seed}${at}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

const hex = (seed: string, chars: number): string => bytes(seed, chars / 2).toString("hex");

function uuid(seed: string): string {
  return hex(seed, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function lines(count: number, line: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => line(at)).join("\n");
}

/** Our own code and pages; what is about credentials themselves names them. */
function tree(folder: string, ending: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(root, folder, name), "utf8"))
    .join("\n");
}

const ordinary: Readonly<Record<string, () => string>> = {
  "source code": () => tree("src", ".ts"),
  "pages of documentation": () => tree("docs", ".md"),
  "a lockfile": () =>
    lines(
      400,
      (at) =>
        `      "integrity": "sha512-${bytes(`lock${at}`, 64).toString("base64")}",\n      "resolved": "https://registry.npmjs.org/p${at}/-/p${at}-1.${at}.0.tgz"`,
    ),
  "our own lockfile": () => readFileSync(join(root, "package-lock.json"), "utf8").slice(0, 200_000),
  "a log of commits": () =>
    lines(300, (at) => `commit ${hex(`git${at}`, 40)}\nAuthor: A <a@example.org>\n\n    Fix ${at}\n`),
  "a picture in base64": () => `![x](data:image/png;base64,${bytes("png", 60_000).toString("base64")})`,
  "lists of ids": () => lines(500, (at) => `${uuid(`u${at}`)},${at},${hex(`h${at}`, 64)}`),
  "a recipe": () =>
    "250 g Mehl, 2 Eier, 1/2 l Milch, 1 Prise Salz. Teig 30 Minuten ruhen lassen, dann in Butter backen.",
  "German prose": () =>
    lines(
      80,
      () => "Am nächsten Morgen ging sie über die Brücke, kaufte Brot und Käse und schrieb ihrer Mutter einen Brief.",
    ),
  "a table": () =>
    lines(
      500,
      (at) => `${at};2026-01-${String((at % 28) + 1).padStart(2, "0")};DE89 3704 0044 0532 01${at};${at * 3},50`,
    ),
  "an example of variables": () =>
    "API_KEY=your-api-key\nDB_PASSWORD=changeme\nTOKEN=<token>\nSECRET_KEY=xxxxxxxxxxxxxxxx\n",
  "a workflow": () =>
    "env:\n  TOKEN: ${{ secrets.GITHUB_TOKEN }}\n  CACHE_KEY: v1-npm-${{ hashFiles('**/package-lock.json') }}\n",
  "how to call": () =>
    `curl -H "Authorization: Bearer YOUR_ACCESS_TOKEN" https://user:${"password"}@api.example.com/v1`,
  "minified code": () =>
    lines(50, (at) => `!function(e,t){var n${at}=t(${at}),r=Object.keys(e);return r.map(i=>n${at}[i])}(this,x${at});`),
  "a stack trace": () =>
    lines(60, (at) => `    at Object.<anonymous> (/home/u/app/node_modules/pkg-${at}/dist/index.js:${at}:${at * 2})`),
  "times and addresses": () =>
    lines(
      200,
      (at) =>
        `2026-01-02T03:${String(at % 60).padStart(2, "0")}:00Z 10.0.${at}.1 2001:db8::${at.toString(16)} GET /a/b?c=${at} 200`,
    ),
  "names of local servers": () => "set apiKey to ollama-local or lm-studio; sk-no-key-required works too",
};

/** A vault that is as full as people's are. */
const values = [
  ...Array.from({ length: 50 }, (_, at) => `sk-live-${bytes(`value${at}`, 30).toString("base64url")}`),
  ...Array.from({ length: 20 }, (_, at) => hex(`token${at}`, 64)),
  "ollama-local",
  "correct horse battery staple",
  "https://hooks.example.net/api/v1/users/list",
  `-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7${bytes("pem", 900).toString("base64")}\n-----END PRIVATE KEY-----`,
];

const points: readonly Point[] = [
  "answer",
  "reply",
  "order",
  "call",
  "result",
  "inbound",
  "summary",
  "channel",
  "egress",
];

for (const [name, make] of Object.entries(ordinary)) {
  test(`DLP-011 nothing is taken for a secret in ${name}`, async () => {
    const inspector = createTestInspector(values);
    const text = make();
    for (const point of points) {
      const { verdict, texts } = await inspector.inspect(
        { point, agentId: "main", sessionKey: "s", texts: [text] },
        signal,
      );
      const found = inspector.incidents.list().map(({ rules, where }) => `${rules.join(" ")} ${where}`);
      assert.deepEqual({ verdict, found, same: texts[0] === text }, { verdict: "pass", found: [], same: true }, point);
    }
  });
}

test("DLP-011 ordinary messages one after the other never make a value together", async () => {
  const inspector = createTestInspector(values);
  for (const [at, line] of tree("docs", ".md").split("\n\n").entries()) {
    if (at > 1_500) break;
    const { verdict } = await inspector.inspect(
      { point: "reply", agentId: "main", sessionKey: "s", to: "x", texts: [line] },
      signal,
    );
    assert.equal(verdict, "pass", line);
  }
});
