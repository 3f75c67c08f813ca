// The age format (age-encryption.org/v1) for X25519 recipients, made of what Node brings. The library does the same and
// everything else that age can, and loading it costs a start about 60 ms and 36 MB; every start reads the vault.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { errnoOf, LoricaError } from "../../base/errors.ts";
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";
import { agree, parseRecipient, publicOf, secretOf } from "./key.ts";
import type { AgeKey } from "./key.ts";

const versionLine = "age-encryption.org/v1";
const wrapInfo = `${versionLine}/X25519`;
export const fileKeyBytes = 16;
const nonceBytes = 16;
const tagBytes = 16;
const chunkBytes = 65_536;
const headMaxBytes = 65_536;
const noNonce = Buffer.alloc(12);

export type Unsealed =
  | { readonly kind: "unsealed"; readonly plain: Buffer }
  /** It is a whole age file, and sealed for somebody else. */
  | { readonly kind: "other key" }
  | { readonly kind: "damaged"; readonly reason: string };

export function sealFile(plain: Uint8Array, recipients: readonly string[]): Buffer {
  const fileKey = randomBytes(fileKeyBytes);
  return sealFor(
    plain,
    fileKey,
    recipients.map((recipient) => wrap(fileKey, recipient)),
  );
}

export function unsealFile(sealed: Buffer, key: AgeKey): Unsealed {
  const secret = secretOf(key);
  const unsealed = unsealBy(sealed, (stanza) => unwrap(stanza, secret));
  secret.fill(0);
  return unsealed;
}

/** For anything that a file key can be wrapped with; `stanzas` are the lines of the head that hold it. */
export function sealFor(plain: Uint8Array, fileKey: Buffer, stanzas: readonly string[]): Buffer {
  const head = `${versionLine}\n${stanzas.join("")}---`;
  const nonce = randomBytes(nonceBytes);
  const payload = sealPayload(plain, derive(fileKey, nonce, "payload"));
  const sealed = Buffer.concat([Buffer.from(`${head} ${encode(macOf(fileKey, head))}\n`), nonce, payload]);
  fileKey.fill(0);
  return sealed;
}

export function unsealBy(sealed: Buffer, unwrapOne: (stanza: Stanza) => Buffer | undefined): Unsealed {
  const file = parseHead(sealed);
  if (!file.ok) return { kind: "damaged", reason: file.reason };
  const { head, mac, stanzas, rest } = file.value;
  const fileKey = stanzas.map(unwrapOne).find((found) => found !== undefined);
  if (fileKey === undefined) return { kind: "other key" };
  const expected = macOf(fileKey, head);
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected))
    return { kind: "damaged", reason: "its head was changed" };
  if (rest.length < nonceBytes) return { kind: "damaged", reason: "it is cut off" };
  const payloadKey = derive(fileKey, rest.subarray(0, nonceBytes), "payload");
  const plain = unsealPayload(rest.subarray(nonceBytes), payloadKey);
  return plain.ok ? { kind: "unsealed", plain: plain.value } : { kind: "damaged", reason: plain.reason };
}

function wrap(fileKey: Buffer, recipient: string): string {
  const to = parseRecipient(recipient);
  if (!to.ok) throw new LoricaError("invalid_request", to.reason);
  const ephemeral = randomBytes(32);
  const share = publicOf(ephemeral);
  const wrapKey = derive(agree(ephemeral, to.value), Buffer.concat([share, to.value]), wrapInfo);
  return `-> X25519 ${encode(share)}\n${encode(wrapKeyWith(wrapKey, fileKey))}\n`;
}

/** Undefined where the stanza is not for this key. */
function unwrap({ kind, args, body }: Stanza, secret: Buffer): Buffer | undefined {
  const share = decode(args[0] ?? "");
  if (kind !== "X25519" || share.length !== 32) return undefined;
  try {
    const wrapKey = derive(agree(secret, share), Buffer.concat([share, publicOf(secret)]), wrapInfo);
    return unwrapKeyWith(wrapKey, body);
  } catch (error) {
    // A share of low order: Node refuses it, and nobody wraps a key with one in earnest.
    if (errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}

export function wrapKeyWith(wrapKey: Buffer, fileKey: Buffer): Buffer {
  return sealOnce(fileKey, wrapKey, noNonce);
}

export function unwrapKeyWith(wrapKey: Buffer, body: Buffer): Buffer | undefined {
  return body.length === fileKeyBytes + tagBytes ? openOnce(body, wrapKey, noNonce) : undefined;
}

/** One way in which the file key is wrapped. */
export type Stanza = { readonly kind: string; readonly args: readonly string[]; readonly body: Buffer };
type Head = {
  /** Everything that the check sum covers. */
  readonly head: string;
  readonly mac: Buffer;
  readonly stanzas: readonly Stanza[];
  readonly rest: Buffer;
};

export function parseHead(sealed: Buffer): Parsed<Head> {
  const text = sealed.subarray(0, headMaxBytes).toString("latin1");
  const found = headShape.exec(text);
  if (found === null) return rejected(sealed.length === 0 ? "it is empty" : "it does not begin as an age file");
  const [whole, head = "", macText = ""] = found;
  const mac = decode(macText);
  // Its last letter has bits to spare, which nothing else covers.
  if (encode(mac) !== macText) return rejected("its head was changed");
  const stanzas = [...head.matchAll(/^-> ([^ \n]+) ?([^\n]*)\n([A-Za-z0-9+/\n]*)\n/gm)].map(
    ([, kind = "", args = "", body = ""]): Stanza => ({ kind, args: args.split(" "), body: decode(body) }),
  );
  return parsed({ head, mac, stanzas, rest: sealed.subarray(whole.length) });
}

const headShape =
  /^(age-encryption\.org\/v1\n(?:->[^\n]*\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n)+---) ([A-Za-z0-9+/]{43})\n/;

/** Chunks that are numbered and of which the last says so: none can be left out, added, or moved. */
function sealPayload(plain: Uint8Array, key: Buffer): Buffer {
  const count = Math.max(1, Math.ceil(plain.length / chunkBytes));
  const chunks = Array.from({ length: count }, (_, at) => {
    const chunk = plain.subarray(at * chunkBytes, (at + 1) * chunkBytes);
    return sealOnce(chunk, key, chunkNonce(at, at === count - 1));
  });
  return Buffer.concat(chunks);
}

function unsealPayload(payload: Buffer, key: Buffer): Parsed<Buffer> {
  const size = chunkBytes + tagBytes;
  const count = Math.max(1, Math.ceil(payload.length / size));
  const chunks: Buffer[] = [];
  for (let at = 0; at < count; at += 1) {
    const isLast = at === count - 1;
    const chunk = openOnce(payload.subarray(at * size, (at + 1) * size), key, chunkNonce(at, isLast));
    if (chunk === undefined || (chunk.length === 0 && count > 1))
      return rejected(`it was changed or cut off in the ${at + 1}. piece of ${count}`);
    chunks.push(chunk);
  }
  return parsed(Buffer.concat(chunks));
}

function chunkNonce(at: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(at, 7);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

function sealOnce(plain: Uint8Array, key: Buffer, nonce: Buffer): Buffer {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: tagBytes });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined where the key is another one, or a bit has changed. */
function openOnce(sealed: Uint8Array, key: Buffer, nonce: Buffer): Buffer | undefined {
  if (sealed.length < tagBytes) return undefined;
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const plain = decipher.update(sealed.subarray(0, -tagBytes));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    // What `final` throws says only that the tag does not match.
    return undefined;
  }
}

function derive(secret: Buffer, salt: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, info, 32));
}

function macOf(fileKey: Buffer, head: string): Buffer {
  return createHmac("sha256", derive(fileKey, Buffer.alloc(0), "header"))
    .update(head)
    .digest();
}

/** Without padding, as age writes it. */
export function encode(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}

export function decode(text: string): Buffer {
  return Buffer.from(text, "base64");
}
