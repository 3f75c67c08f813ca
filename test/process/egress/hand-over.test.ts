// What may come instead of a listener when a cell hands one over: nothing of it is read, and the broker goes on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { receiveListener } from "../../../src/broker/cell/listener.ts";

type Outcome = { readonly kind: "attached" | "failed"; readonly reason?: string };

async function handOver(file: string, args: readonly string[]): Promise<Outcome & { readonly pid: number }> {
  const child = spawn(file, args, { env: {}, stdio: ["ignore", "ignore", "inherit", "pipe", "ipc"] });
  const outcome = await new Promise<Outcome>((resolve) => {
    receiveListener(child, {
      trustFile: undefined,
      attach(listener) {
        listener.once("connection", (socket) => socket.end("from outside"));
        const client = connect({ host: "127.0.0.1", port: 3128 });
        client.once("data", (bytes) => {
          client.destroy();
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

test("a listener at the agreed address is taken, and answers", async () => {
  const code = `const s = net.createServer(); s.listen(3128, "127.0.0.1", () => process.send("x", s)); ${wait}`;
  const { kind, reason } = await handOver(...node(code));
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
