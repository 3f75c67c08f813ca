// What credentials of known makers look like, where the vault knows none of them: taken out of what would leave.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { createTestInspector } from "../faux/dlp/inspector.ts";

/** Letters and digits that look random, always the same for a name. */
function random(name: string, length: number): string {
  const bytes = [0, 1, 2, 3].map((at) => createHash("sha512").update(`${name}${at}`).digest("base64"));
  return bytes
    .join("")
    .replace(/[^A-Za-z0-9]/g, "")
    .slice(0, length);
}

const credentials: Readonly<Record<string, string>> = {
  anthropic: `sk-ant-api03-${random("anthropic", 64)}`,
  openai: `sk-proj-${random("openai", 48)}`,
  google: `AIza${random("google", 35)}`,
  groq: `gsk_${random("groq", 52)}`,
  github: `ghp_${random("github", 36)}`,
  telegram: `7391846205:AA${random("telegram", 33)}`,
  slack: `xoxb-${random("slack", 40)}`,
  aws: `AKIA${random("aws", 200)
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "")
    .slice(0, 16)}`,
  jwt: `eyJ${random("head", 30)}.eyJ${random("claims", 60)}.${random("signature", 43)}`,
  "private-key": `-----BEGIN PRIVATE KEY-----\n${random("pem", 200)}\n-----END PRIVATE KEY-----`,
};

for (const [name, credential] of Object.entries(credentials))
  test(`DLP-003 a credential that nobody stored is known by its look: ${name}`, async () => {
    const inspector = createTestInspector([]);
    const ask = { point: "reply", agentId: "main", sessionKey: "s" } as const;
    const { verdict, texts } = await inspector.inspect(
      { ...ask, texts: [`It is ${credential} as you asked.`] },
      new AbortController().signal,
    );
    assert.equal(verdict, "redact");
    assert.ok(!texts.join("").includes(credential.slice(-12)));
    assert.ok(inspector.told[0]?.rules.includes(`format.${name}`));
  });

test("DLP-003 a long random token of no known maker is counted and goes on, and a check sum is not even that", async () => {
  const ask = async (token: string) => {
    const inspector = createTestInspector([]);
    const question = { point: "reply", agentId: "main", sessionKey: "s", texts: [`It is ${token}.`] } as const;
    const { verdict } = await inspector.inspect(question, new AbortController().signal);
    return [verdict, inspector.tally.figures().rules.map(({ rule }) => rule)];
  };
  assert.deepEqual(await ask(random("token", 48)), ["pass", ["entropy"]]);
  assert.deepEqual(await ask(createHash("sha256").update("token").digest("hex")), ["pass", []]);
});
