// The announcement as it is on the wire: the product's own confined process, a real multicast socket on the loopback, and
// a reader that knows nothing of the library that announces.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { describeGateway } from "../../../src/network/mdns/mdns.ts";
import { findGateways, startAnnouncing } from "../../../src/assembly/broker/network/mdns-process.ts";

const root = resolve(import.meta.dirname, "../../..");
const about = {
  mode: "full",
  port: 18_999,
  hostName: "test-den",
  tailnetName: undefined,
  tlsFingerprint: undefined,
  cliPath: "/nowhere/lorica",
  interfaces: ["lo"],
} as const;

const signal = new AbortController().signal;

async function found() {
  for (let tries = 0; tries < 10; tries += 1) {
    const gateways = await findGateways(root, 1_000, signal);
    const own = gateways.find(({ port }) => port === about.port);
    if (own !== undefined) return own;
  }
  return undefined;
}

test("DISC-001 a confined process announces the gateway, another finds it, and with the first it is gone", async (t) => {
  const announcement = describeGateway(about);
  const announcing = startAnnouncing(root, announcement);
  t.after(() => announcing.stop());
  assert.deepEqual(await Promise.race([found(), announcing.ended]), {
    name: "test-den",
    host: "test-den.local",
    port: 18_999,
    txt: announcement.txt,
  });
  const process = announcingProcess();
  assert.deepEqual([process.environment, process.folders], [["MALLOC_ARENA_MAX=1", "PWD=/"], []]);
  t.diagnostic(`the announcing process holds ${process.residentMb} MB`);
  await announcing.stop();
  assert.equal((await findGateways(root, 500, signal)).length, 0);
});

/** Looked at from outside: what it was started with, and whether it sees a home folder. */
function announcingProcess() {
  const mine = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((pid) => {
      const words = text(`/proc/${pid}/cmdline`).split("\0");
      return words[0]?.endsWith("node") === true && words.some((word) => word.endsWith("mdns/announce.ts"));
    });
  assert.ok(mine !== undefined);
  const environment = text(`/proc/${mine}/environ`).split("\0").filter(Boolean);
  const folders = ["home", "root", "etc/ssh", "tmp"].filter((name) => list(`/proc/${mine}/root/${name}`).length > 0);
  const residentMb = Math.round(Number(/VmRSS:\s+(\d+)/.exec(text(`/proc/${mine}/status`))?.[1]) / 1_024);
  return { environment, folders, residentMb };
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
