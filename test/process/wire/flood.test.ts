// Ten thousand connects and a thousand silent sockets against a whole installation, while a paired client goes on
// asking. They come from addresses of this machine, of which each has a pace of its own.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { limits } from "../../../src/base/limits.ts";
import { createDeviceIdentity } from "../../../src/protocol/device/identity.ts";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { payloadOf } from "../../faux/ws/client.ts";
import { connectDevice } from "../../faux/ws/device.ts";
import type { Connected } from "../../faux/ws/device.ts";

const connectsTotal = 10_000;
const silentTotal = 1_000;
const addresses = 50;
const memoryGrowthMaxBytes = 64 * 1_048_576;

suite("a gateway that strangers crowd", { concurrency: false }, () => {
  let lorica: Installation;
  let url: string;
  let client: Connected;

  before(async () => {
    lorica = await createInstallation();
    await lorica.start();
    url = `ws://127.0.0.1:${lorica.port}`;
    const identity = createDeviceIdentity();
    const auth = { token: lorica.token };
    const scopes = ["operator.read", "operator.pairing"];
    const asking = await connectDevice(url, identity, { auth, scopes });
    const approved = await lorica.run(["devices", "approve", String(asking.hello.error?.details?.["requestId"])]);
    assert.equal(approved.code, 0, approved.stderr);
    client = await connectDevice(url, identity, { auth, scopes });
    assert.equal(client.hello.ok, true);
  });
  after(() => lorica?.remove());

  /** Asks again and again until `crowd` is over; answers how often it was answered. */
  async function answersDuring(crowd: Promise<unknown>): Promise<number> {
    const asking = new AbortController();
    const ended = crowd.finally(() => asking.abort());
    let answers = 0;
    while (!asking.signal.aborted) {
      assert.equal((await client.request("health")).ok, true);
      answers += 1;
      await new Promise((done) => setTimeout(done, 20));
    }
    await ended;
    return answers;
  }

  const memory = async (): Promise<number> =>
    payloadOf<{ rssBytes: number }>(await client.request("status"), "processMemory").rssBytes;

  const refusalsLogged = (): number =>
    readdirSync(join(lorica.stateDir, "logs"))
      .map((name) => readFileSync(join(lorica.stateDir, "logs", name), "utf8"))
      .join("")
      .split("\n")
      .filter((line) => line.includes("a WebSocket was refused")).length;

  test("ADV-022 ten thousand connects with fresh keys are refused with their codes and leave nothing behind", async () => {
    const before = await memory();
    const codes = new Map<string, number>();
    const one = async (localAddress: string, at: number): Promise<void> => {
      const auth = at % 2 === 0 ? {} : { auth: { token: `a guess ${at}` } };
      const stranger = await connectDevice(url, createDeviceIdentity(), { ...auth, socket: { localAddress } });
      const code = String(stranger.hello.error?.details?.["code"]);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      assert.equal((await stranger.closed).code, 1008);
    };
    const fromOne = async (address: string): Promise<void> => {
      for (let at = 0; at < connectsTotal / addresses; at++) await one(address, at);
    };
    const crowd = Promise.all(Array.from({ length: addresses }, (_, index) => fromOne(`127.0.1.${index + 1}`)));
    assert.ok((await answersDuring(crowd)) > 10);
    // After ten guesses an address waits, and is told so before anything is looked at.
    assert.deepEqual([...codes.keys()].toSorted(), ["AUTH_RATE_LIMITED", "AUTH_REQUIRED", "AUTH_TOKEN_MISMATCH"]);
    assert.equal(codes.get("AUTH_REQUIRED"), connectsTotal / 2);
    const pairs = await client.request("device.pair.list");
    assert.deepEqual(pairs.payload?.["pending"], [], "who shows nothing asks nobody for anything");
    assert.ok(refusalsLogged() <= 6, `${refusalsLogged()} lines`);
    const growth = (await memory()) - before;
    assert.ok(growth < memoryGrowthMaxBytes, `${growth} bytes`);
  });

  test("NET-022 of a thousand silent sockets thirty-two of an address are kept, and those for their time", async () => {
    const answers: string[] = [];
    const sockets = Array.from({ length: silentTotal }, () => {
      const socket = connect({ port: lorica.port, host: "127.0.0.1", localAddress: "127.0.2.1" });
      socket.on("error", () => undefined);
      socket.once("data", (data) => answers.push(data.toString().slice(9, 12)));
      socket.write(upgrade);
      return new Promise<void>((closed) => socket.once("close", () => closed()));
    });
    // All end by themselves: refused at once, or because they said nothing.
    const heard = await answersDuring(Promise.all(sockets));
    assert.ok(heard > 100, `${heard} answers`);
    assert.deepEqual(new Set(answers), new Set(["101", "429"]));
    assert.ok(answers.filter((status) => status === "101").length <= 2 * limits.wsUnprovedPerAddressMax);
    assert.ok(refusalsLogged() <= 10, `${refusalsLogged()} lines`);
  });
});

const upgrade =
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
