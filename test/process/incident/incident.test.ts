// An incident on a whole installation, from its first minute to its end: by its owner, with the command line alone.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";

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
    before(async () => {
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
      for (const part of [
        /intact: \d+ records/,
        /secret stored: provider:openai/,
        /credentials\/vault\.age/,
        /authorized_keys/,
      ])
        assert.match(text, part);
    });

    test("IR-006 after the end the owner is told of every change, and nothing goes on by itself", async () => {
      assert.match(await ok("incident", "close", "--watch", "1h"), /Everything is still stopped/);
      assert.match(await ok("kill", "status"), /everything/);
      assert.equal((await lorica.run(["secret", "set", "other:one"], { input: "another-value" })).code, 0);
      assert.match(await ok("watchdog", "alerts"), /after the incident: config: secret stored: other:one by owner/);
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
