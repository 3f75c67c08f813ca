// SOCKS5 as far as a cell may speak it: one connection to a name. No address, no listening, no UDP.

export type Socks =
  | { readonly kind: "more" }
  /** What to answer before the next step. */
  | { readonly kind: "greeted"; readonly used: number }
  | { readonly kind: "connect"; readonly host: string; readonly port: number; readonly used: number }
  | { readonly kind: "refused"; readonly code: number; readonly reason: string };

export const socksVersion = 5;
export const socksCodes = { done: 0, failed: 1, forbidden: 2, unreachable: 4, command: 7, address: 8 } as const;

export function readGreeting(bytes: Buffer): Socks {
  if (bytes.length < 2) return { kind: "more" };
  if (bytes[0] !== socksVersion) return refused(socksCodes.failed, "not SOCKS5");
  const methods = bytes[1] ?? 0;
  if (bytes.length < 2 + methods) return { kind: "more" };
  // Who asks is known by the listener; whoever must present a password here is told that none is wanted.
  if (!bytes.subarray(2, 2 + methods).includes(0)) return refused(0xff, "a SOCKS5 client that insists on a password");
  return { kind: "greeted", used: 2 + methods };
}

export function readRequest(bytes: Buffer): Socks {
  if (bytes.length < 5) return { kind: "more" };
  const [version, command, reserved, kind, length = 0] = bytes;
  if (version !== socksVersion || reserved !== 0) return refused(socksCodes.failed, "a malformed SOCKS5 request");
  if (command !== 1) return refused(socksCodes.command, "only connections: no listening and no UDP");
  if (kind === 1 || kind === 4) return refused(socksCodes.forbidden, "an address; name the host");
  if (kind !== 3) return refused(socksCodes.address, "an address of an unknown kind");
  if (bytes.length < 7 + length) return { kind: "more" };
  const host = bytes.toString("latin1", 5, 5 + length);
  return { kind: "connect", host, port: bytes.readUInt16BE(5 + length), used: 7 + length };
}

export function renderReply(code: number): Buffer {
  return Buffer.from([socksVersion, code, 0, 1, 0, 0, 0, 0, 0, 0]);
}

function refused(code: number, reason: string): Socks {
  return { kind: "refused", code, reason };
}
