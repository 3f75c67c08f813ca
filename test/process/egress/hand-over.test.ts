// What may come instead of a listener when a cell hands one over: nothing of it is read, and the broker goes on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { whyNoSandbox } from "../../faux/outside/host.ts";
import { receiveListener } from "../../../src/broker/cell/listener.ts";

type Outcome = { readonly kind: "attached" | "failed"; readonly reason?: string };

async function handOver(file: string, args: readonly string[]): Promise<Outcome & { readonly pid: number }> {
  const child = spawn(file, args, {
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "ignore", "inherit", "pipe", "ipc"],
  });
  const outcome = await new Promise<Outcome>((resolve) => {
    receiveListener(child, {
      trustFile: undefined,
      attach(listener) {
        listener.once("connection", (socket) => socket.end("from outside"));
        child.stdio[3]?.once("data", (bytes: Buffer) => {
          listener.close();
          resolve({ kind: "attached", reason: bytes.toString() });
        });
      },
      fail: (reason) => resolve({ kind: "failed", reason }),
      close: () => undefined,
    });
  });
  if (child.exitCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  return { ...outcome, pid: child.pid ?? 0 };
}

const node = (code: string): [string, string[]] => [
  process.execPath,
  ["-e", `const net = require("node:net"); ${code}`],
];
const wait = "setTimeout(() => undefined, 20_000);";

/** In a network of its own, as in a cell: the agreed port is free there, whatever the host does with its own. */
const apart = (file: string, args: readonly string[]): [string, string[]] => [
  "bwrap",
  ["--die-with-parent", "--unshare-net", "--dev-bind", "/", "/", file, ...args],
];

test("a listener at the agreed address is taken, and answers", { skip: whyNoSandbox() ?? false }, async () => {
  // The sender is without it before it asks, as a cell's supervisor is; or it might be the one that answers.
  const ask = `net.connect(3128, "127.0.0.1").once("data", (bytes) => require("node:fs").writeSync(3, bytes))`;
  const sent = `() => s.close(() => ${ask})`;
  const code = `const s = net.createServer(); s.listen(3128, "127.0.0.1", () => process.send("x", s, {}, ${sent})); ${wait}`;
  const { kind, reason } = await handOver(...apart(...node(code)));
  assert.deepEqual({ kind, reason }, { kind: "attached", reason: "from outside" });
});

test("garbage, JSON of Node's own protocol, a flood and silence are no listener, and end nothing here", async () => {
  const messages = [
    "printf 'garbage{{{\\n' >&4",
    `printf '{"cmd":"NODE_HANDLE","type":"net.Server"}\\n' >&4`,
    `printf '{"cmd":"NODE_HANDLE","type":"__proto__"}\\n' >&4`,
    `printf '{"cmd":"NODE_HANDLE_ACK"}\\n' >&4`,
    `printf '{"cmd":"NODE_CLUSTER","act":"x"}\\n' >&4`,
    "head -c 1000000 /dev/zero >&4",
    "true",
  ];
  for (const message of messages) {
    const { kind, reason } = await handOver("/bin/sh", ["-c", `${message} 2>/dev/null`]);
    assert.deepEqual(
      { kind, reason },
      { kind: "failed", reason: "the cell handed over something that is no listener" },
    );
  }
});

test("a listener elsewhere, a connection and a UDP socket are no way out", async () => {
  const elsewhere = `const s = net.createServer(); s.listen(0, "127.0.0.1", () => process.send("x", s)); ${wait}`;
  assert.equal((await handOver(...node(elsewhere))).kind, "failed");
  const udp = `const u = require("node:dgram").createSocket("udp4"); u.bind(0, () => process.send("x", u)); ${wait}`;
  assert.equal((await handOver(...node(udp))).kind, "failed");
});
