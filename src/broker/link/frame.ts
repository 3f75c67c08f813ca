// The bytes on the link: [length u32][type u8][call id u32][payload]. What comes from the other side is hostile input:
// the decoder is bounded, total, and says why it stops.
import { limits } from "../../base/limits.ts";

export const frameTypes = { call: 1, result: 2, error: 3, data: 4, end: 5, credit: 6, cancel: 7, note: 8 } as const;
export type FrameType = keyof typeof frameTypes;

export type Frame = { readonly type: FrameType; readonly id: number; readonly payload: Buffer };

const headBytes = 9;
const names: ReadonlyMap<number, FrameType> = new Map(
  Object.entries(frameTypes).map(([name, number]) => [number, name as FrameType]),
);

/** The most that a payload of each type may hold. JSON is large where a file is written; everything else is small. */
const payloadMaxBytes: Readonly<Record<FrameType, number>> = {
  call: limits.linkFrameMaxBytes,
  result: limits.linkFrameMaxBytes,
  error: limits.linkErrorMaxBytes,
  data: limits.linkChunkBytes,
  end: 0,
  credit: 4,
  cancel: 0,
  note: limits.linkNoteMaxBytes,
};

export function encodeHead(type: FrameType, id: number, payloadBytes: number): Buffer {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32BE(headBytes - 4 + payloadBytes, 0);
  head.writeUInt8(frameTypes[type], 4);
  head.writeUInt32BE(id, 5);
  return head;
}

export function fits(type: FrameType, payloadBytes: number): boolean {
  return payloadBytes <= payloadMaxBytes[type];
}

export type FrameDecoder = {
  /** Hands every whole frame to `onFrame`. Answers why the stream is broken, after which nothing more is decoded. */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): string | undefined;
};

export function createFrameDecoder(): FrameDecoder {
  // Chunks are joined only once a whole frame is there, so that a large frame costs one copy and not one per chunk.
  let chunks: Buffer[] = [];
  let buffered = 0;
  let wanted = headBytes;
  let broken: string | undefined;
  return {
    push(chunk, onFrame) {
      if (broken !== undefined) return broken;
      chunks.push(chunk);
      buffered += chunk.length;
      if (buffered < wanted) return undefined;
      let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks);
      wanted = headBytes;
      while (rest.length >= headBytes) {
        const head = readHead(rest);
        if ("reason" in head) return (broken = head.reason);
        const end = headBytes + head.payloadBytes;
        if (rest.length < end) {
          wanted = end;
          break;
        }
        onFrame({ type: head.type, id: head.id, payload: rest.subarray(headBytes, end) });
        rest = rest.subarray(end);
      }
      chunks = rest.length === 0 ? [] : [rest];
      buffered = rest.length;
      return undefined;
    },
  };
}

type Head = { readonly type: FrameType; readonly id: number; readonly payloadBytes: number };

function readHead(bytes: Buffer): Head | { readonly reason: string } {
  const payloadBytes = bytes.readUInt32BE(0) - (headBytes - 4);
  const number = bytes.readUInt8(4);
  const type = names.get(number);
  if (type === undefined) return { reason: `a frame of unknown type ${number}` };
  if (payloadBytes < 0) return { reason: "a frame that is shorter than its own head" };
  if (!fits(type, payloadBytes)) return { reason: `a ${type} frame of ${payloadBytes} bytes` };
  if (type === "credit" && payloadBytes !== 4) return { reason: "a credit frame without a number" };
  return { type, id: bytes.readUInt32BE(5), payloadBytes };
}
