import assert from "node:assert/strict";
import { test } from "node:test";
import { buildSeccompFilter, syscallNumber } from "../../src/sandbox/seccomp.ts";

const allow = "allow";
const eperm = "errno 1";
const enosys = "errno 38";
const noFamily = "errno 97";
const audit = { x64: 0xc000003e, arm64: 0xc00000b7, i386: 0x40000003 };

type Call = { readonly arch?: number; readonly nr: number; readonly args?: readonly number[] };

const numbers = {
  x64: { read: 0, clone: 56, socket: 41, ioctl: 16, personality: 135, execve: 59, socketpair: 53 },
  arm64: { read: 63, clone: 220, socket: 198, ioctl: 29, personality: 92, execve: 221, socketpair: 199 },
};

for (const architecture of ["x64", "arm64"] as const) {
  const nr = numbers[architecture];
  const run = (call: Call): string =>
    evaluate(buildSeccompFilter(architecture), { arch: audit[architecture], ...call });
  const vectors: readonly (readonly [string, Call, string])[] = [
    ["an ordinary call", { nr: nr.read }, allow],
    ["starting a program", { nr: nr.execve }, allow],
    ["a pair of connected sockets", { nr: nr.socketpair, args: [1, 1] }, allow],
    ["a fork", { nr: nr.clone, args: [0x11] }, allow],
    ["a thread", { nr: nr.clone, args: [0x3d0f00] }, allow],
    ["clone into a user namespace", { nr: nr.clone, args: [0x10000011] }, eperm],
    ["clone into a network namespace", { nr: nr.clone, args: [0x40000011] }, eperm],
    ["clone into a mount namespace", { nr: nr.clone, args: [0x00020011] }, eperm],
    ["clone3, whose flags cannot be seen", { nr: 435 }, enosys],
    ["an internet socket", { nr: nr.socket, args: [2, 1, 0] }, allow],
    ["an IPv6 socket", { nr: nr.socket, args: [10, 2, 0] }, allow],
    ["a route netlink socket", { nr: nr.socket, args: [16, 3, 0] }, allow],
    ["another netlink socket", { nr: nr.socket, args: [16, 3, 12] }, noFamily],
    ["a unix socket", { nr: nr.socket, args: [1, 1, 0] }, noFamily],
    ["a vsock", { nr: nr.socket, args: [40, 1, 0] }, noFamily],
    ["a crypto socket", { nr: nr.socket, args: [38, 5, 0] }, noFamily],
    ["a packet socket", { nr: nr.socket, args: [17, 3, 0] }, noFamily],
    ["typing into a terminal", { nr: nr.ioctl, args: [0, 0x5412] }, eperm],
    ["pasting into a console", { nr: nr.ioctl, args: [0, 0x541c] }, eperm],
    ["asking a terminal's size", { nr: nr.ioctl, args: [0, 0x5413] }, allow],
    ["an ordinary personality", { nr: nr.personality, args: [0] }, allow],
    ["asking for the personality", { nr: nr.personality, args: [0xffffffff] }, allow],
    ["a personality that weakens memory", { nr: nr.personality, args: [0x0400000] }, eperm],
    ["ptrace", { nr: syscallNumber(architecture, "ptrace") }, eperm],
    ["keyctl", { nr: syscallNumber(architecture, "keyctl") }, eperm],
    ["unshare", { nr: syscallNumber(architecture, "unshare") }, eperm],
    ["mount", { nr: syscallNumber(architecture, "mount") }, eperm],
    ["io_uring_setup", { nr: syscallNumber(architecture, "io_uring_setup") }, eperm],
    ["bpf", { nr: syscallNumber(architecture, "bpf") }, eperm],
    ["another architecture's call", { arch: audit.i386, nr: nr.read }, "kill"],
  ];
  for (const [name, call, verdict] of vectors) {
    test(`${architecture} filter: ${name}`, () => assert.equal(run(call), verdict));
  }
}

test("x64 filter: the x32 numbers do not exist", () => {
  assert.equal(evaluate(buildSeccompFilter("x64"), { arch: audit.x64, nr: 0x40000000 + 101 }), enosys);
});

test("an unknown architecture gets no filter, and so no cell", () => {
  assert.throws(() => buildSeccompFilter("riscv64"), { name: "LoricaError", code: "unavailable" });
});

/** What the kernel's interpreter of classic BPF would answer. */
function evaluate(program: Buffer, call: Required<Pick<Call, "arch" | "nr">> & Call): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.nr, 0);
  data.writeUInt32LE(call.arch, 4);
  (call.args ?? []).forEach((value, index) => data.writeBigUInt64LE(BigInt(value), 16 + index * 8));
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    assert.ok((at + 1) * 8 <= program.length, "a filter must end in a verdict");
    const code = program.readUInt16LE(at * 8);
    const value = program.readUInt32LE(at * 8 + 4);
    const jump = (taken: boolean): number => program.readUInt8(at * 8 + (taken ? 2 : 3));
    if (code === 0x20) accumulator = data.readUInt32LE(value);
    else if (code === 0x15) at += jump(accumulator === value);
    else if (code === 0x35) at += jump(accumulator >= value);
    else if (code === 0x45) at += jump((accumulator & value) !== 0);
    else if (code === 0x06) return verdictOf(value);
    else assert.fail(`instruction ${code} is not one that the builder writes`);
  }
}

function verdictOf(value: number): string {
  if (value === 0x7fff0000) return allow;
  if (value === 0x80000000) return "kill";
  return `errno ${value & 0xffff}`;
}
