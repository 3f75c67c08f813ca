import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { limits } from "../../src/base/limits.ts";
import { openConnection, pairingRequest, unreachable } from "../../src/client/connection.ts";
import type { Incoming } from "../../src/client/connection.ts";
import { createWatchdog } from "../../src/client/watchdog.ts";
import { backOffMs, keepConnected } from "../../src/client/keep.ts";

const signal = new AbortController().signal;
const info = { version: "1", platform: "linux", scopes: [], caps: [] };
const hello = { type: "hello-ok", policy: { tickIntervalMs: 30_000 } };

/** A gateway that greets at once, even before its carrier is handed over. */
function fauxGateway() {
  const sent: string[] = [];
  const ended: (readonly [number, string])[] = [];
  let peer: Incoming | undefined;
  const event = (name: string, seq?: number): void =>
    peer?.frame(JSON.stringify({ type: "event", event: name, payload: {}, ...(seq === undefined ? {} : { seq }) }));
  return {
    sent,
    ended,
    event,
    lost: (error: Error) => peer?.lost(error),
    async open(incoming: Incoming) {
      peer = incoming;
      incoming.frame('{"type":"event","event":"connect.challenge","payload":{"nonce":"n"}}');
      return {
        send(text: string) {
          sent.push(text);
          const { id, method } = JSON.parse(text) as { readonly id: string; readonly method: string };
          if (method === "connect")
            queueMicrotask(() => peer?.frame(JSON.stringify({ type: "res", id, ok: true, payload: hello })));
        },
        end: (code: number, reason: string) => void ended.push([code, reason]),
      };
    },
  };
}

test("a challenge that comes before the carrier is handed over is answered", async () => {
  const gateway = fauxGateway();
  const connection = await openConnection(gateway.open, info, signal);
  assert.deepEqual(connection.hello, hello);
  assert.equal(gateway.sent.length, 1);
  connection.close();
  assert.deepEqual(gateway.ended, [[1000, "bye"]]);
});

test("a gateway that is silent for two of its ticks is given up; each sign of life begins the wait anew", () => {
  const timers: { readonly work: () => void; readonly ms: number; isOn: boolean }[] = [];
  const silences: number[] = [];
  const watchdog = createWatchdog(
    (patienceMs) => silences.push(patienceMs),
    (work, ms) => {
      const timer = { work, ms, isOn: true };
      timers.push(timer);
      return () => void (timer.isOn = false);
    },
  );
  const ring = (): void => timers.filter(({ isOn }) => isOn).forEach(({ work }) => work());
  watchdog.heard();
  assert.equal(timers.length, 0);
  watchdog.start(30_000);
  watchdog.heard();
  assert.deepEqual(
    timers.map(({ ms, isOn }) => [ms, isOn]),
    [
      [60_000, false],
      [60_000, true],
    ],
  );
  ring();
  watchdog.stop();
  ring();
  assert.deepEqual(silences, [60_000]);
  watchdog.start(0);
  assert.equal(timers.at(-1)?.ms, 2_000);
});

test("the end of a connection is told to whoever waits for an answer", async () => {
  const gateway = fauxGateway();
  const connection = await openConnection(gateway.open, info, signal);
  const answer = connection.request("health", {}, signal, { timeoutMs: "none" });
  gateway.lost(unreachable("not_answering", "gone"));
  await assert.rejects(answer, { message: "gone" });
  assert.equal(connection.closed.aborted, true);
});

test("events that were left out are noticed by their numbers", async () => {
  const gateway = fauxGateway();
  const connection = await openConnection(gateway.open, info, signal);
  const heard: string[] = [];
  connection.listen(
    ({ event }) => heard.push(event),
    () => heard.push("gap"),
  );
  gateway.event("chat", 1);
  gateway.event("node.invoke.request");
  gateway.event("chat", 2);
  gateway.event("chat", 5);
  gateway.event("chat", 6);
  assert.deepEqual(heard, ["chat", "node.invoke.request", "chat", "gap", "chat", "chat"]);
  connection.close();
});

test("a lost connection is opened again, later each time; what trying cannot mend ends it", async () => {
  const waits: number[] = [];
  const outcomes: Error[] = [
    unreachable("not_running", "away"),
    unreachable("not_answering", "away"),
    new LoricaError("forbidden", "pairing", { details: { code: "PAIRING_REQUIRED", requestId: "r-1" } }),
    new LoricaError("unauthorized", "wrong token"),
  ];
  const kept = keepConnected(
    {
      open: () => Promise.reject(outcomes.shift()),
      use: async () => undefined,
      onDown: (_error, againInMs) => waits.push(againInMs),
      random: () => 1,
      wait: async () => undefined,
    },
    signal,
  );
  await assert.rejects(kept, { message: "wrong token" });
  assert.deepEqual(waits, [1_000, 2_000, limits.pairingPollMs]);
});

test("waiting doubles up to a bound, and half of it is left to chance", () => {
  assert.deepEqual(
    [0, 1, 4, 5, 99].map((failures) => backOffMs(failures, () => 1)),
    [1_000, 2_000, 16_000, 30_000, 30_000],
  );
  assert.deepEqual(
    [0, 99].map((failures) => backOffMs(failures, () => 0)),
    [500, 15_000],
  );
});

test("a request to be let in is shown only where its id could be one", () => {
  const error = (requestId: unknown): unknown =>
    pairingRequest(
      new LoricaError("forbidden", "x", { details: { code: "PAIRING_REQUIRED", requestId, reason: "not-paired" } }),
    );
  assert.deepEqual(error("3f2a-1"), { requestId: "3f2a-1", reason: "not-paired" });
  assert.deepEqual(
    [error("x; rm -rf /"), error(5), pairingRequest(new Error("no"))],
    [undefined, undefined, undefined],
  );
});
