// As much of DNS as a question to the local network and the answers to it need. Answers come from anybody: every length is
// held against what is there, and a name's pointers lead only backwards.

export type DnsRecord =
  | { readonly kind: "pointer"; readonly name: string; readonly target: string }
  | { readonly kind: "service"; readonly name: string; readonly host: string; readonly port: number }
  | { readonly kind: "text"; readonly name: string; readonly values: Readonly<Record<string, string>> };

const recordsMax = 256;
const types = { pointer: 12, text: 16, service: 33 } as const;

/** A question for a service's instances; whoever is asked may answer directly. */
export function encodeQuestion(name: string): Uint8Array {
  const labels = name.split(".").map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, "latin1")]));
  const head = Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, types.pointer, 0x80, 1])]);
}

/** Undefined for what is no answer. Records of other kinds are passed over. */
export function parseAnswer(bytes: Uint8Array): readonly DnsRecord[] | undefined {
  const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return recordsOf(packet);
  } catch (error) {
    // Reading past the end is how a broken packet shows.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function recordsOf(packet: Buffer): readonly DnsRecord[] | undefined {
  const isAnswer = (packet.readUInt16BE(2) & 0x8000) !== 0;
  if (!isAnswer) return undefined;
  const questions = packet.readUInt16BE(4);
  const count = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10);
  if (questions > recordsMax || count > recordsMax) return undefined;
  let at = 12;
  for (let left = questions; left > 0; left -= 1) at = readName(packet, at).end + 4;
  const records: DnsRecord[] = [];
  for (let left = count; left > 0; left -= 1) {
    const { text: name, end } = readName(packet, at);
    const type = packet.readUInt16BE(end);
    const [from, to] = [end + 10, end + 10 + packet.readUInt16BE(end + 8)];
    if (to > packet.length) throw new RangeError("a record beyond the end");
    const record = recordOf(packet, { name, type, from, to });
    if (record !== undefined) records.push(record);
    at = to;
  }
  return records;
}

type Place = { readonly name: string; readonly type: number; readonly from: number; readonly to: number };

function recordOf(packet: Buffer, { name, type, from, to }: Place): DnsRecord | undefined {
  if (type === types.pointer) return { kind: "pointer", name, target: readName(packet, from).text };
  if (type === types.service)
    return { kind: "service", name, port: packet.readUInt16BE(from + 4), host: readName(packet, from + 6).text };
  if (type === types.text) return { kind: "text", name, values: readValues(packet.subarray(from, to)) };
  return undefined;
}

function readValues(data: Buffer): Readonly<Record<string, string>> {
  const values: [string, string][] = [];
  for (let at = 0; at < data.length; at += 1 + data.readUInt8(at)) {
    const text = data.subarray(at + 1, at + 1 + data.readUInt8(at)).toString("utf8");
    const split = text.indexOf("=");
    if (split > 0) values.push([text.slice(0, split), text.slice(split + 1)]);
  }
  return Object.fromEntries(values);
}

function readName(packet: Buffer, start: number): { readonly text: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  for (;;) {
    const length = packet.readUInt8(at);
    if (length === 0) return { text: labels.join("."), end: end ?? at + 1 };
    if (length < 0x40) {
      if (labels.length >= 32 || at + 1 + length > packet.length) throw new RangeError("a name beyond its bounds");
      labels.push(packet.toString("utf8", at + 1, at + 1 + length));
      at += 1 + length;
      continue;
    }
    const target = packet.readUInt16BE(at) & 0x3fff;
    // Only backwards, so that it ends.
    if (length < 0xc0 || target >= at) throw new RangeError("a name that leads nowhere");
    end ??= at + 2;
    at = target;
  }
}
