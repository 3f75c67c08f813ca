// What it costs to look at a text: megabytes a second over ordinary text with a full vault, and the time for ten kilobytes,
// which is a long answer.
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInspector } from "../src/dlp/judge/inspector.ts";
import { createKnownValues } from "../src/dlp/known/known.ts";
import { parsed } from "../src/base/parsed.ts";
import { figure, root } from "./harness.ts";

const secrets = 200;
const chunkChars = 10_240;
const rounds = 2_000;

const values = Array.from({ length: secrets }, () => `sk-live-${randomBytes(30).toString("base64url")}`);
const known = createKnownValues(() => values);
const startedAt = performance.now();
known.scan("x");
figure(`table of ${secrets} values made in`, [performance.now() - startedAt, "ms"]);
figure("  its entries", [known.size(), "entries"]);

const inspector = createInspector({
  known,
  canary: "k7f3q9w2m8x4d5h1",
  own: parsed,
  rules: () => ({ patterns: true, entropy: true, people: undefined, windowMessages: 32 }),
  clock: { now: Date.now },
  onIncident: () => undefined,
  onGuessing: () => undefined,
});
const text = ordinaryText();
const { signal } = new AbortController();
const durations: number[] = [];
for (let at = 0; at < rounds; at++) {
  const from = (at * 997) % (text.length - chunkChars);
  const question = {
    point: "reply",
    agentId: "main",
    sessionKey: "s",
    texts: [text.slice(from, from + chunkChars)],
  } as const;
  const began = performance.now();
  await inspector.inspect(question, signal);
  durations.push(performance.now() - began);
}
durations.sort((left, right) => left - right);
const total = durations.reduce((sum, one) => sum + one, 0);
figure("ordinary text, everything looked for", [(rounds * chunkChars) / 1_000 / total, "MB/s"], { atLeast: 20 });
figure("ten kilobytes, p50", [durations[rounds / 2] ?? 0, "ms"]);
figure("ten kilobytes, p99", [durations[Math.floor(rounds * 0.99)] ?? 0, "ms"], { atMost: 5 });

/** Code, pages and a lockfile, with hashes among them. */
function ordinaryText(): string {
  const parts = ["src", "docs"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(?:ts|md)$/.test(name))
      .map((name) => readFileSync(join(root, folder, name), "utf8")),
  );
  return parts.map((part) => `${createHash("sha512").update(part).digest("base64")}\n${part}`).join("\n");
}
