// The wire between the broker, a cell's supervisor and its file worker. A frame is a lane, a JSON head and a raw body:
//   u8 lane · u24 head length · u32 body length · head · body
// Either side may be hostile to the other, so lengths are judged before a byte is kept, and a bad frame is final.

/** `control` is for the supervisor; `file` goes through it unread, to the file worker and back. */
export type Lane = "control" | "file";

export type Head = { readonly [key: string]: unknown };

export type Frame = { readonly lane: Lane; readonly head: Buffer; readonly body: Buffer };

export type FrameBounds = { readonly headMaxBytes: number; readonly bodyMaxBytes: number };

const prefixBytes = 8;
const lanes: readonly Lane[] = ["control", "file"];
const empty = Buffer.alloc(0);

export class FrameError extends Error {
  override readonly name = "FrameError";
}

export function encodeFrame(lane: Lane, head: Head, body: Uint8Array = empty): Buffer {
  return packFrame({
    lane,
    head: Buffer.from(JSON.stringify(head)),
    body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  });
}

/** Encodes a frame whose head is JSON already: how the supervisor passes one on without reading it. */
export function packFrame(frame: Frame): Buffer {
  const prefix = Buffer.allocUnsafe(prefixBytes);
  prefix.writeUInt32BE(lanes.indexOf(frame.lane) * 0x1000000 + frame.head.length, 0);
  prefix.writeUInt32BE(frame.body.length, 4);
  return Buffer.concat([prefix, frame.head, frame.body]);
}

/** The head as an object. Throws FrameError for anything else. */
export function parseHead(frame: Frame): Head {
  let head: unknown;
  try {
    head = JSON.parse(frame.head.toString("utf8"));
  } catch (cause) {
    throw new FrameError("a frame's head is not JSON", { cause });
  }
  if (typeof head !== "object" || head === null || Array.isArray(head))
    throw new FrameError("a frame's head is not an object");
  return head as Head;
}

export type FrameReader = {
  /** The frames that this chunk completes. Throws FrameError once the stream cannot be trusted any more. */
  push(chunk: Buffer): readonly Frame[];
};

export function createFrameReader(bounds: FrameBounds): FrameReader {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = prefixBytes;
  let broken = false;

  function judge(prefix: Buffer): number {
    const headLength = prefix.readUIntBE(1, 3);
    const bodyLength = prefix.readUInt32BE(4);
    if (
      lanes[prefix.readUInt8(0)] === undefined ||
      headLength > bounds.headMaxBytes ||
      bodyLength > bounds.bodyMaxBytes
    ) {
      broken = true;
      throw new FrameError("a frame is larger than allowed, or not a frame");
    }
    return prefixBytes + headLength + bodyLength;
  }

  return {
    push(chunk) {
      if (broken) throw new FrameError("this stream has failed already");
      chunks.push(chunk);
      held += chunk.length;
      const frames: Frame[] = [];
      while (held >= wanted) {
        const buffer = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, held);
        chunks = [buffer];
        const length = judge(buffer);
        if (held < length) {
          wanted = length;
          break;
        }
        frames.push(unpack(buffer, length));
        held -= length;
        chunks = held === 0 ? [] : [buffer.subarray(length)];
        wanted = prefixBytes;
      }
      return frames;
    },
  };
}

function unpack(buffer: Buffer, length: number): Frame {
  const lane = lanes[buffer.readUInt8(0)] ?? "control";
  const bodyAt = prefixBytes + buffer.readUIntBE(1, 3);
  return { lane, head: buffer.subarray(prefixBytes, bodyAt), body: buffer.subarray(bodyAt, length) };
}
