// How fast one address may open connections. Whoever opens more waits unread, and beyond a bound is hung up on: what a
// connection costs before anybody knows who it is must not be taken from those who are known.
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { limits } from "../../base/limits.ts";
import { addressGroup } from "../../network/network.ts";
import { createRecent } from "../recent.ts";

/**
 * Takes the server's own listener and gives it connections at a pace. Answers how to stop. Behind a proxy of the owner's
 * everybody has its one address, so that nobody is slowed down there: each is told apart, and bounded, by what it asks.
 */
export function paceConnections(server: Server, isProxy: (address: string) => boolean): () => void {
  const usual = server.listeners("connection");
  server.removeAllListeners("connection");
  const pass = (socket: Socket): void => {
    for (const listener of usual) Reflect.apply(listener, server, [socket]);
  };
  const pace = createPace(pass);
  server.on("connection", (socket: Socket) => {
    if (isProxy(socket.remoteAddress ?? "")) return pass(socket);
    pace.arrived(socket);
  });
  return pace.close;
}

type Waiting = { readonly socket: Socket; readonly address: string };

export function createPace(pass: (socket: Socket) => void) {
  const everyMs = 1_000 / limits.connectionsPerSecond;
  const now = () => performance.now();
  // What is kept of an address is one moment: when it has, at its pace, used up all that it has opened.
  const usedUpAt = createRecent<number>({ entriesMax: limits.rateAddressesMax, windowMs: limits.rateMemoryMs, now });
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;

  function mayPass(address: string): boolean {
    const next = Math.max(usedUpAt.find(address) ?? 0, now()) + everyMs;
    if (next - now() > limits.connectionsBurst * everyMs) return false;
    usedUpAt.add(address, next);
    return true;
  }

  function passSome(): void {
    const late: Waiting[] = [];
    for (const one of waiting) {
      if (one.socket.destroyed) continue;
      if (mayPass(one.address)) pass(one.socket);
      else late.push(one);
    }
    waiting = late;
    if (waiting.length > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    arrived(socket: Socket): void {
      const address = addressGroup(socket.remoteAddress ?? "unknown");
      if (mayPass(address)) return pass(socket);
      if (waiting.length >= limits.connectionsWaitingMax) return void socket.destroy();
      socket.on("error", ignore);
      waiting.push({ socket, address });
      timer ??= setInterval(passSome, everyMs);
    },
    close(): void {
      clearInterval(timer);
      for (const { socket } of waiting) socket.destroy();
      waiting = [];
    },
  };
}

/** A peer that goes away while it waits is no news. */
function ignore(): void {}
