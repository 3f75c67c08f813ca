// The listener that a cell's supervisor hands over. It comes as a descriptor beside a message, over a channel that Node
// would parse and act upon in this process; so not one byte of it is read. The first descriptor of a TCP socket is taken,
// and the channel is closed, all before a command has run in the cell.
import { createServer } from "node:net";
import type { Server } from "node:net";
import { inside } from "../../sandbox/sandbox.ts";
import type { Spawned } from "../spawn.ts";

/** What a cell with a way out is given, beside what every cell has. */
export type WayOut = {
  /** A file with the certificates that its programs are to trust; undefined where no TLS ends in the broker. */
  readonly trustFile: string | undefined;
  /** Accepts what comes from inside the cell from now on. */
  attach(listener: Server): void;
  /** The cell has none after all; its programs find nobody at the proxy's address. */
  fail(reason: string): void;
  close(): void;
};

type Channel = {
  onread?: (bytes: ArrayBuffer | undefined) => void;
  pendingHandle?: { readonly constructor: { readonly name: string }; close?: () => void } | null;
};

/** Right after the start of the child, before the event loop turns. */
export function receiveListener(child: Spawned["child"], wayOut: WayOut): void {
  // Node has no other way to a descriptor than its message channel. Where it names this one differently some day, the
  // cell has no way out, and a test says so.
  const name = Object.getOwnPropertySymbols(child).find(({ description }) => description === "kChannelHandle");
  const channel = name === undefined ? undefined : (child as unknown as Record<symbol, Channel | undefined>)[name];
  if (typeof channel?.onread !== "function") {
    wayOut.fail("this Node hides the channel over which a listener comes");
    return child.disconnect();
  }
  const nodesOwn = channel.onread;
  channel.onread = () => {
    const handle = channel.pendingHandle;
    channel.pendingHandle = null;
    // To Node the channel has reached its end: it closes it, and does not wait for it when the child has ended.
    nodesOwn.call(channel, undefined);
    if (handle?.constructor.name !== "TCP") {
      handle?.close?.();
      return wayOut.fail("the cell handed over something that is no listener");
    }
    take(handle, wayOut);
  };
}

function take(handle: object, wayOut: WayOut): void {
  const server = createServer({ allowHalfOpen: true });
  const refuse = (error: Error): void => wayOut.fail(`the cell's listener cannot be used: ${error.message}`);
  server.once("error", refuse);
  server.listen({ _handle: handle } as never, () => {
    server.off("error", refuse);
    const address = server.address();
    const isOurs = typeof address === "object" && address?.address === "127.0.0.1" && address.port === inside.proxyPort;
    if (isOurs) return wayOut.attach(server);
    server.close();
    wayOut.fail("the cell's listener is not where it must be");
  });
}
