// Carries bytes between two sockets: half-closed where one side has ended, slow where the other is, and ended where a
// bound is reached.
import type { Socket } from "node:net";
import { limits } from "../../base/limits.ts";

export type Carried = {
  readonly upBytes: number;
  readonly downBytes: number;
  /** What ended it before its time. */
  readonly cut: "upload" | "bytes" | "idle" | undefined;
};

export type PumpBounds = { readonly uploadMaxBytes: number | undefined; readonly sentBytes: number };

export async function pump(cell: Socket, far: Socket, bounds: PumpBounds): Promise<Carried> {
  const carried = { up: bounds.sentBytes, down: 0, cut: undefined as Carried["cut"] };
  const cut = (why: Carried["cut"]): void => {
    carried.cut ??= why;
    cell.destroy();
    far.destroy();
  };
  carry(cell, far, (bytes) => {
    carried.up += bytes;
    if (bounds.uploadMaxBytes !== undefined && carried.up > bounds.uploadMaxBytes) cut("upload");
    else if (carried.up > limits.egressConnectionMaxBytes) cut("bytes");
    return carried.cut === undefined;
  });
  carry(far, cell, (bytes) => {
    carried.down += bytes;
    if (carried.down > limits.egressConnectionMaxBytes) cut("bytes");
    return carried.cut === undefined;
  });
  for (const socket of [cell, far]) socket.setTimeout(limits.egressIdleTimeoutMs, () => idle());
  /** Quiet in one direction is usual; both must be. */
  let quiet = { up: -1, down: -1 };
  function idle(): void {
    if (quiet.up === carried.up && quiet.down === carried.down) return cut("idle");
    quiet = { up: carried.up, down: carried.down };
    for (const socket of [cell, far]) socket.setTimeout(limits.egressIdleTimeoutMs);
  }
  await Promise.all([closed(cell, far), closed(far, cell)]);
  return { upBytes: carried.up, downBytes: carried.down, cut: carried.cut };
}

/** `take` counts, and says whether the bytes may still go. */
function carry(from: Socket, to: Socket, take: (bytes: number) => boolean): void {
  from.on("data", (chunk: Buffer) => {
    if (take(chunk.length) && !to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
  from.resume();
}

async function closed(socket: Socket, other: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    // What broke says so by closing.
    socket.on("error", () => undefined);
    const gone = (): void => {
      // One that is gone without a proper end takes the other with it.
      if (!socket.readableEnded) other.destroy();
      resolve();
    };
    if (socket.destroyed) gone();
    else socket.once("close", gone);
  });
}
