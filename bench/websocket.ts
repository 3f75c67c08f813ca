// WebSocket clients: what an idle one costs, how fast `health` is answered, and what a flood of connections that never
// introduce themselves costs a client that is paired.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { WebSocket } from "ws";
import { createDeviceIdentity } from "../src/protocol/device/identity.ts";
import { payloadOf } from "../test/faux/ws/client.ts";
import { connectDevice } from "../test/faux/ws/device.ts";
import type { Connected } from "../test/faux/ws/device.ts";
import { cli, figure, memoryMb, percentile, removeHome, root, startGateway } from "./harness.ts";

const fewClients = 1_000;
const manyClients = 3_000;
const connectingAtOnce = 16;
const settleMs = 20_000;
const requests = 4_000;
const floodMs = 5_000;

const gateway = await startGateway();
const url = `ws://127.0.0.1:${gateway.port}`;
const identity = createDeviceIdentity();
const token = await pair();
const client = await enter();

await measureRequests();
await measureFlood();
await measureIdle();
client.end();
await gateway.stop();
removeHome(gateway.home);

async function measureRequests(): Promise<void> {
  await timesOf(client, 500);
  const times = await timesOf(client, requests);
  figure("health over a WebSocket, p50", [percentile(times, 0.5), "ms"], { atMost: 1 });
  figure("health over one connection, one after the other", [rate(requests, sum(times)), "/s"]);
  for (const connections of [1, 8]) {
    const clients = await Promise.all(Array.from({ length: connections }, () => enter()));
    const started = performance.now();
    await Promise.all(clients.map((each) => inParallel(each, requests / connections, 32)));
    const perSecond = rate(requests, performance.now() - started);
    figure(`health over ${connections} connection(s), 32 at once on each`, [perSecond, "/s"], { atLeast: 4_000 });
    for (const each of clients) each.end();
  }
}

async function measureFlood(): Promise<void> {
  const usual = percentile(await timesFor(floodMs), 0.95);
  figure("health, p95", [usual, "ms"]);
  const flood = spawn(process.execPath, [join(root, "bench/flood.ts"), String(gateway.port)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const came = text(flood.stdout);
  const times = await timesFor(floodMs);
  flood.stdin.end();
  figure("connects in the flood", [rate(Number(await came), floodMs), "/s"]);
  figure("health during the flood, p95", [percentile(times, 0.95), "ms"], { atMost: 2 * usual });
}

async function timesFor(durationMs: number): Promise<readonly number[]> {
  const times: number[] = [];
  const until = performance.now() + durationMs;
  while (performance.now() < until) times.push(...(await timesOf(client, 50)));
  return times;
}

async function measureIdle(): Promise<void> {
  const clients: Connected[] = [];
  const grow = async (count: number): Promise<number> => {
    while (clients.length < count) {
      const size = Math.min(connectingAtOnce, count - clients.length);
      clients.push(...(await Promise.all(Array.from({ length: size }, () => enter()))));
    }
    await new Promise((done) => setTimeout(done, settleMs));
    return memoryMb(gateway.pid);
  };
  const few = await grow(fewClients);
  const many = await grow(manyClients);
  const eachKb = ((many - few) * 1_024) / (manyClients - fewClients);
  figure(`memory with ${fewClients} idle clients`, [few, "MB"]);
  figure(`memory with ${manyClients} idle clients`, [many, "MB"]);
  figure("memory for each idle client, from 1,000 to 3,000", [eachKb, "KB"], { atMost: 10 });
  for (const each of clients) each.end();
}

async function timesOf(on: Connected, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let done = 0; done < count; done++) {
    const started = performance.now();
    await ask(on.ws, done);
    times.push(performance.now() - started);
  }
  return times;
}

async function inParallel(on: Connected, count: number, width: number): Promise<void> {
  let left = count;
  const one = async (worker: number): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await ask(on.ws, worker);
    }
  };
  await Promise.all(Array.from({ length: width }, (_, worker) => one(worker)));
}

/** Without the client's own bookkeeping, which keeps every frame. */
function ask(ws: WebSocket, number: number): Promise<void> {
  const id = `ask-${number}-${Math.random()}`;
  return new Promise((resolve) => {
    const hear = (data: unknown): void => {
      if (!String(data).includes(id)) return;
      ws.off("message", hear);
      resolve();
    };
    ws.setMaxListeners(0).on("message", hear);
    ws.send(`{"type":"req","id":"${id}","method":"health","params":{}}`);
  });
}

async function enter(): Promise<Connected> {
  return connectDevice(url, identity, { auth: { deviceToken: token }, scopes: ["operator.read"] });
}

async function pair(): Promise<string> {
  const auth = { token: gateway.token };
  const asking = await connectDevice(url, identity, { auth, scopes: ["operator.read"] });
  await cli(gateway, ["devices", "approve", String(asking.hello.error?.details?.["requestId"])]);
  const paired = await connectDevice(url, identity, { auth, scopes: ["operator.read"] });
  paired.end();
  return payloadOf<{ deviceToken: string }>(paired.hello, "auth").deviceToken;
}

function rate(count: number, ms: number): number {
  return (count * 1_000) / ms;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
