// One byte changed, anywhere in what is sealed or kept as evidence: it is noticed and named, and the rest is still there.
// Where is drawn by lot; `LORICA_TEST_SEED` repeats what a failed run has printed.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, suite, test } from "node:test";
import { createDeviceIdentity } from "../../../src/protocol/device/identity.ts";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { createLots } from "../../faux/outside/lots.ts";
import { connectDevice } from "../../faux/pairing/ws.ts";

const skip = process.getuid?.() === 0 ? "the product never runs as root" : false;

suite("one byte changed", { concurrency: false, skip }, () => {
  let lorica: Installation;
  let backup: string;
  const ok = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await lorica.run(words);
    assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  /** What a command says, whether it likes what it finds or not. */
  const hear = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await lorica.run(words);
    return `${code}\n${stdout}${stderr}`;
  };
  const lots = createLots(process.env["LORICA_TEST_SEED"]);
  /** What somebody sends over a socket lies sealed in the media folder. */
  const sendFiles = async (...texts: readonly string[]): Promise<void> => {
    const [url, device] = [`ws://127.0.0.1:${lorica.port}/`, createDeviceIdentity()];
    const wish = { auth: { token: lorica.token }, scopes: ["operator.read", "operator.write"] };
    assert.equal((await connectDevice(url, device, wish)).outcome, "PAIRING_REQUIRED");
    await ok("devices", "approve", "--latest");
    const connection = await connectDevice(url, device, wish);
    const attachments = texts.map((text, at) => ({
      content: Buffer.from(text).toString("base64"),
      mimeType: "text/plain",
      fileName: `${at}.txt`,
    }));
    const params = { sessionKey: "files", message: "look", idempotencyKey: "files-1", attachments };
    assert.equal((await connection.request("chat.send", params)).ok, true);
    connection.end();
  };
  before(async (context) => {
    context.diagnostic(`LORICA_TEST_SEED=${lots.seed}`);
    lorica = await createInstallation();
    await lorica.start();
    await sendFiles("first file", "second file");
    await ok("agent", "--session-id", "one", "--message", "!say words of one");
    await ok("agent", "--session-id", "three", "--message", "!say words of three");
    await ok("agent", "--session-id", "two", "--message", "!say words of two");
    await ok("config", "set", "messages.queue.cap", "7");
    assert.equal((await lorica.run(["vault", "set", "spare:one"], { input: "spare-value\n" })).code, 0);
    ({ path: backup } = JSON.parse(await ok("backup", "create", "--json")) as { path: string });
    await lorica.stop();
  });
  after(() => lorica?.remove());

  const at = (...path: readonly string[]): string => join(lorica.stateDir, ...path);
  /** With a byte of a file changed, and as it was afterwards. The place is a part of its length. */
  const flipped = async (path: string, part: number, look: (path: string) => Promise<void>): Promise<void> => {
    const whole = readFileSync(path);
    const changed = Buffer.from(whole);
    const place = Math.min(whole.length - 1, Math.floor(whole.length * part));
    changed[place] = (changed[place] ?? 0) ^ lots.mask();
    writeFileSync(path, changed);
    try {
      await look(`${path}, byte ${place}, seed ${lots.seed}`);
    } finally {
      await lorica.stop();
      // What the gateway has written anew since is right as it is.
      if (readFileSync(path).equals(changed)) writeFileSync(path, whole);
    }
  };
  const parts = [0, 1, ...Array.from({ length: 5 }, lots.part)];

  test("in the vault: it does not open, the status says why, and everything but it is readable", async () => {
    const vault = at("credentials/vault.age");
    await flipped(vault, 0.7, async (place) => {
      await lorica.start();
      const said = await hear("vault", "status");
      assert.match(said, /vault +locked: .*damaged/, place);
      assert.match(await ok("config", "get", "messages.queue.cap"), /7/, place);
      await lorica.stop();
    });
    for (const part of parts)
      await flipped(vault, part, async (place) => assert.match(await hear("vault", "status"), /locked|damaged/, place));
    await lorica.start();
    assert.equal(await ok("vault", "get", "spare:one", "--reveal"), "spare-value\n");
    await lorica.stop();
  });

  test("in the evidence: it is broken, and the other records are still verified", async () => {
    const logs = readdirSync(at("logs")).filter((name) => name.startsWith("audit") && name !== "audit.head");
    assert.ok(logs.includes("audit.jsonl"), logs.join());
    for (const name of logs)
      for (const part of parts)
        await flipped(at("logs", name), part, async (place) => {
          const said = await hear("audit", "verify");
          assert.match(said, /^[1-9]\d*\nbroken: [1-9]/, place);
        });
    assert.match(await ok("audit", "verify"), /^intact/);
  });

  test("in the head of the evidence, which only the broker can prove: its next start finds it and puts it on record", async () => {
    const before = JSON.parse(await ok("audit", "verify", "--json")) as { readonly records: number };
    for (const part of [lots.part(), 1])
      await flipped(at("logs/audit.head"), part, async (place) => {
        await lorica.start();
        assert.match(await hear("audit", "verify"), /broken: |taken up again: audit\.head is not readable/, place);
        const { records } = JSON.parse((await lorica.run(["audit", "verify", "--json"])).stdout) as { records: number };
        assert.ok(records >= before.records, `${records} of ${before.records}`);
      });
  });

  test("in a backup: it is not whole, wherever the byte is", async () => {
    for (const part of parts)
      await flipped(backup, part, async (place) =>
        assert.match(
          await hear("backup", "verify", backup),
          /^[1-9]\d*\n[^]*(damaged|changed|not whole|age|opens)/,
          place,
        ),
      );
    assert.match(await ok("backup", "verify", backup), /is whole/);
  });

  test("in what the watchdog remembers: the owner is alerted, and the config that governs is the same", async () => {
    const memory = readdirSync(at("watchdog"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /^(approved\.json|files\.json|copy-)/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
    assert.ok(memory.length >= 4, memory.join());
    const config = memory.find((path) => path.endsWith("approved.json"));
    const book = memory.find((path) => path.endsWith("files.json"));
    const copies = memory.filter((path) => path.includes("/copy-"));
    const copy = copies[Math.floor(lots.part() * copies.length)];
    for (const path of [config ?? "", book ?? "", copy ?? ""]) {
      await flipped(path, lots.part(), async (place) => {
        await lorica.start();
        assert.match(await ok("watchdog", "alerts"), /the watchdog's memory was changed/, place);
        assert.match(await ok("config", "get", "messages.queue.cap"), /7/, place);
        await ok("watchdog", "ack");
        await lorica.stop();
      });
    }
  });

  test("in the list of config changes: it says so in its place", async () => {
    await flipped(at("logs/config-audit.jsonl"), 0.5, async (place) =>
      assert.match(await hear("config", "history", "--suspicious"), /\[line 1 changed or cut off/, place),
    );
  });

  test("in each kind of sealed value and in a file that was sent: each is named, and what is whole is there", async () => {
    const path = at("state/lorica.sqlite");
    const database = new DatabaseSync(path);
    const pristine = readFileSync(path);
    /** One value of each kind, by a part of what it is called by `doctor`. */
    const kinds = [
      ["steps", "body", "entry"],
      ["inbox", "envelope", "the message"],
      ["outbox", "text", "the reply"],
      ["turns", "outcome", "how the turn"],
      ["media", "name", "the name of the file"],
      ["session_keys", "wrapped", "the key of the session"],
    ] as const;
    const filled = kinds.filter(([table, column]) => {
      const select = `SELECT ${column} AS text FROM ${table} WHERE length(${column}) > 8 LIMIT 1`;
      const { text } = (database.prepare(select).get() ?? {}) as { text?: string };
      if (text === undefined) return false;
      const change = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ?`);
      return Number(change.run(lots.flip(text), text).changes) === 1;
    });
    database.close();
    assert.deepEqual(filled, kinds, "there is something of each kind");
    const [first = "", second] = readdirSync(at("media"));
    assert.ok(second !== undefined, "both files were kept");
    await flipped(at("media", first), lots.part(), async (place) => {
      await lorica.start();
      const said = await hear("doctor");
      assert.ok(said.includes(`the file ${first}`) && !said.includes(`the file ${second}`), `${place}\n${said}`);
      for (const [, , name] of kinds) assert.ok(said.includes(name), `${name}, seed ${lots.seed}\n${said}`);
      assert.match(await hear("status", "--all"), /parts are damaged and cannot be read; the rest is in use/);
      for (const session of ["two", "three"])
        assert.match(await ok("sessions", "export", session), new RegExp(`words of ${session}`));
      assert.match(await ok("agent", "--session-id", "two", "--message", "!say and it goes on"), /and it goes on/);
    });
    writeFileSync(path, pristine);
    for (const ending of ["-wal", "-shm"]) rmSync(path + ending, { force: true });
    const accepted = await hear("backup", "accept", "--yes");
    assert.match(accepted, /^0\n/);
    await lorica.start();
    assert.match(await ok("doctor"), /every sealed part of it opens/);
    await lorica.stop();
  });
});
