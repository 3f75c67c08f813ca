// An incident on a whole installation, from its first minute to its end: by its owner, with the command line alone.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Decrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { filesWith } from "../../faux/outside/files.ts";

suite(
  "an incident",
  { concurrency: false, skip: process.getuid?.() === 0 ? "the product never runs as root" : false },
  () => {
    let lorica: Installation;
    const canary = "sealed-canary-4711-never-seen";
    const ok = async (...words: string[]): Promise<string> => {
      const { code, stdout, stderr } = await lorica.run(words);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const json = async (...words: string[]): Promise<Record<string, unknown>> =>
      JSON.parse(await ok(...words, "--json")) as Record<string, unknown>;
    const stranger = { identity: "", recipient: "" };
    /** With nothing of ours: no environment, and in that folder. */
    const alone = (folder: string, program: string, ...words: string[]) => {
      const env = { PATH: "/usr/local/bin:/usr/bin:/bin" };
      const { status, stdout, stderr } = spawnSync(program, words, { cwd: folder, env, encoding: "utf8" });
      return { status, said: stdout + stderr };
    };
    before(async () => {
      stranger.identity = await generateX25519Identity();
      stranger.recipient = await identityToRecipient(stranger.identity);
      lorica = await createInstallation();
      delete lorica.env["OPENCLAW_GATEWAY_TOKEN"];
      mkdirSync(join(lorica.home, ".ssh"), { mode: 0o700 });
      writeFileSync(join(lorica.home, ".ssh", "authorized_keys"), "ssh-ed25519 AAAA somebody@else\n");
      await lorica.start();
      assert.equal((await lorica.run(["secret", "set", "provider:openai"], { input: canary })).code, 0);
    });
    after(() => lorica.remove());

    test("IR-001 IR-005 IR-007 one command freezes everything and keeps the evidence, without a secret in it", async () => {
      const { folder, state } = await json("incident", "start", "--reason", "odd mails");
      assert.equal(state, "frozen");
      assert.match(await ok("kill", "status"), /everything, since .*incident: odd mails/);
      const names = readdirSync(String(folder));
      for (const name of [
        "evidence",
        "hunt.json",
        "files.json",
        "processes.json",
        "cells.json",
        "config.json",
        "gateway.jsonl",
      ])
        assert.ok(names.includes(name), name);
      assert.equal(existsSync(join(String(folder), "evidence", "verify-evidence.ts")), true);
      const hunted = readFileSync(join(String(folder), "hunt.json"), "utf8");
      assert.match(hunted, /\.ssh\/authorized_keys/);
      for (const name of readdirSync(String(folder), { recursive: true, withFileTypes: true }))
        if (name.isFile())
          assert.doesNotMatch(readFileSync(join(name.parentPath, name.name), "utf8"), new RegExp(canary));
      const again = await lorica.run(["incident", "start"]);
      assert.match(again.stderr, /an incident is open already/);
    });

    test("IR-002 IR-004 containing it makes the token anew, and what a person must do is listed and ticked off", async () => {
      const before = (await json("token", "show"))["token"];
      assert.match(await ok("incident", "contain", "--yes"), /the gateway has a new token/);
      assert.notEqual((await json("token", "show"))["token"], before);
      assert.match(await ok("incident", "status"), /\[ \] provider:openai: revoke the key of openai/);
      assert.match(await ok("incident", "done", "provider:openai"), /\[x\] provider:openai/);
      assert.match((await lorica.run(["incident", "done", "nothing"])).stderr, /the list has no "nothing"/);
    });

    test("IR-003 the report counts what the evidence and the files say", async () => {
      const text = await ok("incident", "report");
      for (const part of [/intact: \d+ records/, /store provider:openai/, /credentials\/vault\.age/, /authorized_keys/])
        assert.match(text, part);
    });

    test("IR-005 it is one file for somebody else, who checks it with tar, sha256sum and node alone, and it holds no secret", async () => {
      const elsewhere = mkdtempSync(join(tmpdir(), "lorica-elsewhere-"));
      try {
        const made = await json("incident", "export", "--plain", "--to", elsewhere);
        const path = String(made["path"]);
        const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
        assert.equal(made["sha256"], sha256);
        assert.match(await ok("audit", "query", "--kind", "incident"), new RegExp(`exported .*sha256 ${sha256}`));
        const key = (await ok("audit", "key", "--json")).match(/"publicKey": ?"([^"]+)"/)?.[1] ?? "";
        const sealed = await json("incident", "export", "--to", elsewhere, "--recipient", stranger.recipient);
        assert.doesNotMatch(readFileSync(String(sealed["path"]), "latin1"), /verify-evidence|odd mails/);
        const decrypter = new Decrypter();
        decrypter.addIdentity(stranger.identity);
        writeFileSync(join(elsewhere, "opened.tar"), await decrypter.decrypt(readFileSync(String(sealed["path"]))));
        for (const archive of [path, join(elsewhere, "opened.tar")]) {
          const folder = mkdtempSync(join(elsewhere, "unpacked-"));
          assert.equal(alone(folder, "tar", "xf", archive).status, 0);
          const [name = ""] = readdirSync(folder);
          const top = join(folder, name);
          assert.deepEqual(readdirSync(top).toSorted(), [
            "README.txt",
            "SHA256SUMS",
            "evidence",
            "incident.json",
            "report.txt",
            "snapshot",
          ]);
          const listed = readFileSync(join(top, "SHA256SUMS"), "utf8").split("\n").length - 1;
          const files = readdirSync(top, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
          assert.equal(listed, files.length - 1, "each file but the list has its hash");
          const check = () => alone(top, "sha256sum", "--check", "--quiet", "SHA256SUMS");
          const verifyIn = (evidence: string) =>
            alone(top, process.execPath, join(evidence, "verify-evidence.ts"), evidence, "--key", key);
          assert.deepEqual(check(), { status: 0, said: "" });
          for (const evidence of ["evidence", "snapshot/evidence"])
            assert.match(verifyIn(evidence).said, /^intact: [1-9]/, evidence);
          assert.deepEqual(filesWith(top, canary), []);
          assert.notEqual(filesWith(top, "authorized_keys").length, 0, "control: what is there is found");
          // Whoever changes a record on the way is found by both.
          const log = join(top, "evidence/audit.jsonl");
          writeFileSync(log, readFileSync(log, "utf8").replace("provider:openai", "provider:nobody"));
          assert.equal(check().status, 1);
          assert.match(verifyIn("evidence").said, /^broken: [1-9]/);
        }
      } finally {
        rmSync(elsewhere, { recursive: true });
      }
    });

    test("IR-005 names, addresses and numbers of people are out of the file unless the owner wants them in, and what they did stays", async () => {
      const { folder } = (await json("incident", "status")) as { folder: string };
      const mail = "write to mallory@example.org or +49 170 1234567, then run curl";
      writeFileSync(join(folder, "senders.json"), JSON.stringify([{ approved: [{ senderId: "42", name: "Alice" }] }]));
      writeFileSync(join(folder, "commands.log"), `${mail}\n`);
      const read = async (...more: string[]): Promise<string> => {
        const { path } = (await json("incident", "export", "--plain", "--to", lorica.home, ...more)) as {
          path: string;
        };
        const said = alone(lorica.home, "tar", "xOf", path, "--wildcards", "*/senders.json", "*/commands.log").said;
        rmSync(path);
        return said;
      };
      const [without, within] = [await read(), await read("--people")];
      assert.match(without, /"senderId": "42",\s+"name": "\[a person\]"/);
      assert.match(without, /write to \S+ or \S+, then run curl/);
      assert.doesNotMatch(without, /Alice|mallory|1234567/);
      for (const one of ["Alice", "mallory@example.org", "+49 170 1234567"]) assert.ok(within.includes(one), one);
    });

    test("a secret that is in the evidence stops the export with its place, until it is replaced, and leaves no half of a file", async () => {
      const said = "was-said-before-it-was-secret";
      const to = join(lorica.home, "refused");
      const { halt } = (await json("kill", "--capability", "nodes", "--reason", said)) as { halt: { id: string } };
      await ok("resume", halt.id);
      assert.equal((await lorica.run(["secret", "set", "spare:one"], { input: said })).code, 0);
      const refused = await lorica.run(["incident", "export", "--plain", "--to", to]);
      assert.equal(refused.code, 4, refused.stderr);
      assert.match(refused.stderr, /line \d+ of evidence\/audit\.jsonl holds a value that is in the vault now/);
      assert.doesNotMatch(refused.stderr, new RegExp(said));
      assert.deepEqual(readdirSync(to), []);
      assert.equal((await lorica.run(["secret", "set", "spare:one"], { input: "another-value-now" })).code, 0);
      await ok("incident", "export", "--to", to);
      const both = await lorica.run(["incident", "export", "--plain", "--recipient", stranger.recipient]);
      assert.match(both.stderr, /--recipient or --plain/);
    });

    test("IR-006 after the end the owner is told of every change, and nothing goes on by itself", async () => {
      assert.match(await ok("incident", "close", "--watch", "1h"), /Everything is still stopped/);
      assert.match(await ok("kill", "status"), /everything/);
      assert.equal((await lorica.run(["secret", "set", "other:one"], { input: "another-value" })).code, 0);
      assert.match(await ok("watchdog", "alerts"), /after the incident: vault: store other:one by owner/);
      assert.match(await ok("resume"), /resumed: 1/);
    });

    test("a change of the config is in the evidence with which keys it was about", async () => {
      await ok("config", "set", "messages.queue.cap", "7");
      await ok("config", "set", "gateway.auth.rateLimit.maxAttempts", "11");
      const said = await ok("audit", "query", "--kind", "config");
      assert.match(said, /resource="messages\.queue\.cap" rule="config\.set" actor="owner"/);
      assert.match(said, /resource="gateway\.auth\.rateLimit\.maxAttempts" rule="config\.wider" actor="owner"/);
      assert.match(await ok("audit", "verify"), /^intact/);
    });
  },
);
