// Files of SOPS from elsewhere: trees in YAML and JSON, and files that are made to harm.
import assert from "node:assert/strict";
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { armor, Encrypter } from "age-encryption";
import { decryptSops } from "sops-age";
import { createAgeKey } from "../../src/vault/age/key.ts";
import { createOwnerCalls } from "../../src/vault/vault.ts";
import { openTestVault, testPlaces } from "../faux/vault/test-vault.ts";

const clock = { now: () => 1_700_000_000_000 };
const stamp = "2023-11-14T22:13:20Z";
const theirs = createAgeKey();

async function create(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "lorica-sops-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "vault.age");
  const vault = await openTestVault({ path, clock, given: new Map() });
  await vault.write("provider:openai", "sk-before");
  const calls = createOwnerCalls({
    vault,
    places: testPlaces(folder),
    record: () => undefined,
    now: clock.now,
    onValues: async () => undefined,
    onLock: async () => undefined,
    usesOf: () => ({ uses: 0, lastUsedAt: null }),
  });
  const take = async (text: string) => await calls["vault.import"]({ text, identity: theirs.identity, replace: true });
  return { vault, take, bytes: () => readFile(path) };
}

/** A writer of SOPS's format that shares nothing with the product: `seal` in the order of the file, then `sops`. */
function createWriter({ onlySealed = false } = {}) {
  const key = randomBytes(32);
  const counted: string[] = [];
  const encrypt = (plain: string, place: string, type: string) => {
    const iv = randomBytes(32);
    const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(place));
    const data = Buffer.concat([cipher.update(plain), cipher.final()]).toString("base64");
    const tag = cipher.getAuthTag().toString("base64");
    return `ENC[AES256_GCM,data:${data},iv:${iv.toString("base64")},tag:${tag},type:${type}]`;
  };
  return {
    encrypt,
    seal(place: string, plain: string, type = "str") {
      counted.push(plain);
      return encrypt(plain, place, type);
    },
    count: (plain: string) => void counted.push(plain),
    async sops() {
      const encrypter = new Encrypter();
      encrypter.addRecipient(theirs.recipient);
      const start = onlySealed ? createHash("sha256").update("sops").digest() : Buffer.alloc(0);
      const mac = createHash("sha512").update(start).update(counted.join("")).digest("hex").toUpperCase();
      return {
        age: [{ recipient: theirs.recipient, enc: armor.encode(await encrypter.encrypt(key)) }],
        lastmodified: stamp,
        mac: encrypt(mac, stamp, "str"),
        ...(onlySealed ? { mac_only_encrypted: true } : {}),
        version: "3.9.0",
      };
    },
  };
}

/** As SOPS lays it out in YAML. */
function asYaml({ age, ...sops }: Awaited<ReturnType<ReturnType<typeof createWriter>["sops"]>>): string {
  const enc = age[0]?.enc.trimEnd().replaceAll("\n", "\n            ");
  const rest = Object.entries(sops).map(
    ([name, value]) => `    ${name}: ${name === "lastmodified" ? `"${value}"` : value}`,
  );
  return `sops:\n    age:\n        - recipient: ${theirs.recipient}\n          enc: |\n            ${enc}\n${rest.join("\n")}\n`;
}

async function tree() {
  const writer = createWriter();
  const { seal } = writer;
  const body = `#${writer.encrypt("a note", "", "comment")}
ANTHROPIC_API_KEY: ${seal("ANTHROPIC_API_KEY:", "sk-äöü")}
provider:
    # a comment in plain text
    groq: ${seal("provider:groq:", "sk-groq")}
    openai:
        - ${seal("provider:openai:", "sk-1")}
        - ${seal("provider:openai:", "sk-2")}
database:
    main:
        password: ${seal("database:main:password:", "two\nlines")}
        pin: ${seal("database:main:pin:", "4711", "int")}
        ratio: ${seal("database:main:ratio:", "0.25", "float")}
        tls: ${seal("database:main:tls:", "True", "bool")}
        port_unencrypted: 5432
        share_unencrypted: 1e-7
        on_unencrypted: true
        note_unencrypted: plain
        none: null
        empty: ""
Odd Name: ${(["5432", "0.0000001", "True", "plain"].forEach(writer.count), seal("Odd Name:", "odd"))}
"o\\e[31mdd":
    API_KEY: ${seal("o\u001B[31mdd:API_KEY:", "odd key")}
same:
    a.b: ${seal("same:a.b:", "one")}
    a:
        b: ${seal("same:a:b:", "two")}
`;
  return { body, text: body + asYaml(await writer.sops()) };
}

test("VLT-002 a SOPS file in YAML is taken in with its mappings, lists, numbers and what cannot have a name here", async (context) => {
  const { take, vault } = await create(context);
  const { text } = await tree();
  const nameless = "nothing here is called so; store it with: vault set";
  const unsealed = "it is not sealed in the file";
  assert.deepEqual(await take(text), {
    format: "SOPS with age",
    stored: [
      "provider:anthropic",
      "provider:groq",
      "provider:openai.0",
      "provider:openai.1",
      "database:main.password",
      "database:main.pin",
      "database:main.ratio",
    ],
    kept: [],
    skipped: [
      { name: "database:main.tls", why: "it is a yes or no" },
      ...["port", "share", "on", "note"].map((name) => ({ name: `database:main.${name}_unencrypted`, why: unsealed })),
      { name: "database:main.none", why: "it is empty" },
      { name: "database:main.empty", why: "it is empty" },
      { name: "Odd Name", why: nameless },
      { name: "odd:API_KEY", why: nameless },
      {
        name: "same:a.b",
        why: "several values in the file would be called so; store the right one with: vault set",
      },
    ],
  });
  assert.equal(await vault.read("provider:anthropic"), "sk-äöü");
  assert.equal(await vault.read("provider:openai.1"), "sk-2");
  assert.equal(await vault.read("database:main.password"), "two\nlines");
  assert.equal(await vault.read("database:main.pin"), "4711");
  assert.equal(await vault.read("provider:openai"), "sk-before");
});

test("VLT-002 what this writer seals another reader of SOPS opens to the same values", async (context) => {
  const { take, vault } = await create(context);
  const writer = createWriter();
  const body = `db:\n    main:\n        password: ${writer.seal("db:main:password:", "s3cret")}\n    list:\n        - ${writer.seal("db:list:", "x")}\n        - ${writer.seal("db:list:", "y")}\n`;
  const text = body + asYaml(await writer.sops());
  assert.deepEqual(await decryptSops(text, { fileType: "yaml", secretKey: theirs.identity }), {
    db: { main: { password: "s3cret" }, list: ["x", "y"] },
  });
  assert.deepEqual((await take(text)).stored, ["db:main.password", "db:list.0", "db:list.1"]);
  assert.equal(await vault.read("db:list.1"), "y");
});

test("VLT-002 a SOPS file in JSON may nest, also under names that are numbers, and with a check sum of sealed values alone", async (context) => {
  const { take, vault } = await create(context);
  const writer = createWriter({ onlySealed: true });
  const members = [
    `"b": { "z": "${writer.seal("b:z:", "first")}", "1": "${writer.seal("b:1:", "second")}" }`,
    `"a": { "list": [{ "k": "${writer.seal("a:list:k:", "l0")}" }, { "k": "${writer.seal("a:list:k:", "l1")}" }] }`,
    `"plain": "not counted"`,
  ];
  const text = `{\n\t${members.join(",\n\t")},\n\t"sops": ${JSON.stringify(await writer.sops())}\n}`;
  assert.deepEqual(await take(text), {
    format: "SOPS with age",
    stored: ["b:z", "b:1", "a:list.k.0", "a:list.k.1"],
    kept: [],
    skipped: [{ name: "plain", why: "it is not sealed in the file" }],
  });
  assert.equal(await vault.read("b:1"), "second");
});

test("VLT-002 a SOPS file that was changed or made to harm is refused with the place, and the vault is as it was", async (context) => {
  const { take, bytes } = await create(context);
  const { body, text } = await tree();
  const before = await bytes();
  const [first = "", second = ""] = [...text.matchAll(/^ {8}- (ENC.*)$/gm)].map((found) => found[1]);
  const groq = /groq: (.*)/.exec(text)?.[1] ?? "";
  const swap = (one: string, other: string) => text.replace(one, "§").replace(other, one).replace("§", other);
  const moved = /values were added, taken out or moved after it was sealed/;
  const attacks: readonly (readonly [string, string, RegExp])[] = [
    ["a value of another place", swap(first, groq), /provider:groq: was changed or moved after it was sealed/],
    ["two items of a list changed places", swap(first, second), moved],
    ["an item was taken out", text.replace(`        - ${first}\n`, ""), moved],
    ["a value was renamed", text.replace("    groq:", "    xai:"), /provider:xai: was changed/],
    ["a plain value was changed", text.replace("5432", "5433"), moved],
    [
      "a number became a text of another kind",
      text.replace(/(pin: .*)type:int/, "$1type:bool"),
      /main:pin: was changed/,
    ],
    ["another check sum", text.replace(/mac: ENC\[AES256_GCM,data:..../, "mac: ENC[AES256_GCM,data:AAAA"), moved],
    ["another time", text.replace(stamp, "2024-11-14T22:13:20Z"), moved],
    ["no part of SOPS", body, /its part “sops” is missing/],
    ["no key", text.replace(/ {4}age:[^]*?-----END.*\n/, ""), /its key is not sealed with age/],
    ["no check sum", text.replace(/ {4}mac: .*\n/, ""), /its check sum is missing/],
    ["a name twice", text.replace("    openai:", "    groq:"), /groq stands in it twice/],
    ["an alias", `a: &a x\nb: *a\n${text}`, /line 2: aliases are not taken in/],
    ["aliases that multiply", `a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n${text}`, /line 2: aliases are not taken in/],
    ["a tag", `a: !!binary eA==\n${text}`, /line 1: TAG_RESOLVE_FAILED/],
    ["a tag of its own", `a: !run x\n${text}`, /line 1: TAG_RESOLVE_FAILED/],
    ["several documents", `${text}---\n${text}`, /line \d+: MULTIPLE_DOCS/],
    ["a depth without end", `a: ${"[".repeat(10_000)}${"]".repeat(10_000)}\n${text}`, /nests too deeply|no YAML/],
    ["a little too deep", `a: ${"[".repeat(80)}${"]".repeat(80)}\n${text}`, /line 1: it nests too deeply/],
    ["parts without end", `a: [${"x,".repeat(50_000)}]\n${text}`, /too many parts/],
    [
      "values without end",
      `${Array.from({ length: 300 }, (_, at) => `v${at}: x\n`).join("")}${text}`,
      /more than 256 values/,
    ],
    ["too long", `# ${"x".repeat(1_048_576)}\n${text}`, /longer than 1048576 bytes/],
    ["JSON that is none", `{ ${text}`, /it is no JSON/],
    ["JSON with a name twice", `{"a":"${first}","a":"${second}","sops":{}}`, /a stands in it twice/],
    ["dotenv without SOPS's lines", `A_KEY=${first}\n`, /its key is not sealed with age/],
  ];
  for (const [what, attack, message] of attacks) {
    assert.notEqual(attack, text, what);
    await assert.rejects(take(attack), { code: "invalid_request", message }, what);
  }
  assert.deepEqual(await bytes(), before);
  assert.equal((await take(text)).stored.length, 7);
  assert.notDeepEqual(await bytes(), before);
});

test("ADV-022 a file of variables with as many names as fit is refused at once, and one that names a value twice, too", async (context) => {
  const { take, bytes } = await create(context);
  const before = await bytes();
  const names = Array.from({ length: 150_000 }, (_, at) => at.toString(36));
  const sealed = "K=ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\nsops_mac=x\n";
  // Compared each with each, these would hold up the broker for minutes.
  await assert.rejects(take(`${sealed}${names.map((name) => `${name}=`).join("\n")}`), /is not sealed with age/);
  await assert.rejects(take(`${sealed}A=1\nB=2\nA=3\n`), /A stands in it twice/);
  assert.deepEqual(await bytes(), before);
});
