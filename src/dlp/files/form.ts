// The parts of a form with files in it (RFC 7578). What stands before the first of them and behind the last is a part too:
// it is sent like the others.
import { limits } from "../../base/limits.ts";

export type FormPart = {
  readonly head: string;
  readonly content: Buffer;
  /** Of a field; a file has none. */
  readonly field: string | undefined;
};

const headEnd = Buffer.from("\r\n\r\n");

/** All of it as one part where it is no form, or one of too many parts. */
export function formParts(bytes: Buffer, contentType: string): readonly FormPart[] {
  const whole = [{ head: "", content: bytes, field: undefined }];
  const [, quoted, plain] =
    /^multipart\/[^;]+;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return whole;
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: FormPart[] = [];
  for (let from = 0; from < bytes.length;) {
    const next = bytes.indexOf(delimiter, from);
    const to = next < 0 ? bytes.length : next;
    if (to > from) parts.push(parsePart(bytes.subarray(from, to)));
    if (parts.length > limits.dlpFormPartsMax) return whole;
    from = to + delimiter.length;
  }
  return parts;
}

function parsePart(bytes: Buffer): FormPart {
  const at = bytes.indexOf(headEnd);
  if (at < 0) return { head: "", content: bytes, field: undefined };
  const head = bytes.toString("utf8", 0, at);
  // The line break in front of the next boundary is not part of the content.
  const content = bytes.subarray(at + headEnd.length, bytes.length - 2);
  const name = /\bname="([^"]{1,200})"/i.exec(head)?.[1];
  return { head, content, field: /\bfilename\*?=/i.test(head) ? undefined : name };
}
