// `.env` changed behind Lorica's back: what it would give somebody waits like an edit of the config, and the rest holds.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { open } from "./guarded.ts";

const token = "t".repeat(40);
const config =
  "{ models: { providers: { mine: { baseUrl: 'https://${HOST_OF_MINE}/v1', models: [{ id: 'm' }] } } } }\n";
const first = "HOST_OF_MINE=api.example\nOPENAI_API_KEY=sk-first\n";

async function setUp(context: TestContext) {
  const opened = await open(context, "{}");
  const { paths, put, reopen } = opened;
  rmSync(join(paths.watchdog, "config"), { recursive: true });
  await put(config);
  writeFileSync(paths.dotEnvPath, first, { mode: 0o600 });
  const file = reopen();
  const begun = await file.screen();
  assert(begun.kind === "loaded", JSON.stringify(begun));
  const read = (): string | undefined =>
    existsSync(paths.dotEnvPath) ? readFileSync(paths.dotEnvPath, "utf8") : undefined;
  const look = async (text: string | undefined) => {
    if (text === undefined) rmSync(paths.dotEnvPath);
    else writeFileSync(paths.dotEnvPath, text, { mode: 0o600 });
    const loaded = await file.screen();
    assert(loaded.kind === "loaded", JSON.stringify(loaded));
    const pending = (await file.pending()).find(({ state }) => state === "waiting");
    return { loaded, widening: pending?.widening ?? [], text: read() };
  };
  return { ...opened, file, look, read };
}

const cases: readonly (readonly [text: string, widening: readonly string[]])[] = [
  [`${first}OPENCLAW_GATEWAY_TOKEN=${token}\n`, ["the credential gateway:token"]],
  [`${first}GATEWAY_AUTH_TOKEN=${token}\n`, ["the credential gateway:token"]],
  [`${first}LORICA_GATEWAY_PASSWORD=a-password-of-theirs\n`, ["the credential gateway:password"]],
  [`${first}OPENCLAW_GATEWAY_BIND=lan\n`, ["gateway.bind"]],
  [first.replace("api.example", "evil.example"), ["models.providers.mine.baseUrl"]],
  [first.replace("sk-first", "sk-theirs"), ["the credential provider:openai"]],
];

for (const [text, widening] of cases)
  test(`WD-001 a change of .env by which ${String(widening)} would be another is put back, and waits`, async (context) => {
    const { look, file } = await setUp(context);
    const held = await look(text);
    assert.deepEqual([held.widening, held.text], [widening, first]);
    const { config: holds, secrets } = held.loaded;
    assert.deepEqual(
      [holds.gateway.bind, holds.models.providers["mine"]?.baseUrl, secrets.get("provider:openai")],
      ["loopback", "https://api.example/v1", "sk-first"],
    );
    assert.deepEqual([secrets.has("gateway:token"), secrets.has("gateway:password")], [false, false]);
    assert.equal(await file.reject(), 1);
  });

test("WD-003 what waits of .env holds after the owner's word, as it was written", async (context) => {
  const { look, file, read } = await setUp(context);
  const text = `${first}OPENCLAW_GATEWAY_TOKEN=${token}\n`;
  await look(text);
  const accepted = await file.accept([], "owner");
  assert(accepted.kind === "saved");
  assert.equal(accepted.loaded.secrets.get("gateway:token"), token);
  assert.equal(read(), text);
  assert.deepEqual((await look(text)).widening, []);
});

test("WD-003 a provider's key, a port, a variable that nothing uses and what goes away hold at once", async (context) => {
  const { look } = await setUp(context);
  const key = await look(`${first}ANTHROPIC_API_KEY=sk-new\nEDITOR=vi\n`);
  assert.deepEqual([key.widening, key.loaded.secrets.get("provider:anthropic")], [[], "sk-new"]);
  const port = await look(`${first}OPENCLAW_GATEWAY_PORT=19000\n`);
  assert.deepEqual([port.widening, port.loaded.config.gateway.port], [[], 19_000]);
  const less = await look("HOST_OF_MINE=api.example\n");
  assert.deepEqual([less.widening, less.text], [[], "HOST_OF_MINE=api.example\n"]);
});

test("a file that appears with a token in it is taken away again, and one that nothing needs may go", async (context) => {
  const { paths, file } = await open(context, "{}");
  writeFileSync(paths.dotEnvPath, `OPENCLAW_GATEWAY_TOKEN=${token}\n`, { mode: 0o600 });
  const held = await file.screen();
  assert(held.kind === "loaded");
  assert.deepEqual([held.secrets.size, existsSync(paths.dotEnvPath)], [0, false]);
  assert.equal((await file.accept([], "owner")).kind, "saved");
  assert.equal(readFileSync(paths.dotEnvPath, "utf8"), `OPENCLAW_GATEWAY_TOKEN=${token}\n`);
  rmSync(paths.dotEnvPath);
  assert.equal((await file.screen()).kind, "loaded");
  assert.equal(existsSync(paths.dotEnvPath), false);
});

test("with a damaged memory a token in the file waits, too", async (context) => {
  const { paths, reopen } = await open(context, "{}");
  const memory = join(paths.watchdog, "config/approved.json");
  writeFileSync(memory, readFileSync(memory, "utf8").replace("first start", "first stort"));
  writeFileSync(paths.dotEnvPath, `OPENCLAW_GATEWAY_TOKEN=${token}\n`, { mode: 0o600 });
  const held = await reopen().screen();
  assert(held.kind === "loaded");
  assert.deepEqual([held.secrets.size, existsSync(paths.dotEnvPath)], [0, false]);
});
