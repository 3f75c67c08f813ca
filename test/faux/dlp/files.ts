// Files of the kinds that people send, made by hand so that a test knows where in them something is.
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";

export type Member = {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly how?: "packed" | "stored" | "streamed" | "encrypted" | "odd";
};

const methods = { packed: 8, stored: 0, streamed: 8, encrypted: 8, odd: 93 };
const flagsOf = { packed: 0, stored: 0, streamed: 8, encrypted: 1, odd: 0 };

export function zipOf(members: readonly Member[]): Buffer {
  const files: Buffer[] = [];
  const table: Buffer[] = [];
  let at = 0;
  for (const { name, content, how = "packed" } of members) {
    const bytes = Buffer.from(content);
    const data = how === "stored" ? bytes : deflateRawSync(bytes);
    const head = Buffer.alloc(30);
    head.write("PK\x03\x04", "latin1");
    head.writeUInt16LE(20, 4);
    head.writeUInt16LE(flagsOf[how], 6);
    head.writeUInt16LE(methods[how], 8);
    // What is written as a stream says only behind it how long it was.
    if (how !== "streamed") head.writeUInt32LE(data.length, 18);
    if (how !== "streamed") head.writeUInt32LE(bytes.length, 22);
    head.writeUInt16LE(Buffer.byteLength(name), 26);
    const entry = Buffer.alloc(46);
    entry.write("PK\x01\x02", "latin1");
    head.copy(entry, 6, 4, 30);
    entry.writeUInt32LE(at, 42);
    table.push(entry, Buffer.from(name));
    files.push(head, Buffer.from(name), data);
    at += 30 + Buffer.byteLength(name) + data.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(members.length, 10);
  return Buffer.concat([...files, ...table, end]);
}

export function docxOf(text: string): Buffer {
  const runs = [...text].map((letter) => `<w:r><w:rPr><w:b/></w:rPr><w:t>${letter}</w:t></w:r>`).join("");
  return zipOf([
    { name: "[Content_Types].xml", content: '<?xml version="1.0"?><Types/>' },
    {
      name: "word/document.xml",
      content: `<w:document><w:body><w:p>${runs}</w:p></w:body></w:document>`,
      how: "streamed",
    },
  ]);
}

export function xlsxOf(text: string): Buffer {
  const content = `<sst><si><t>ordinary</t></si><si><t>${text}</t></si></sst>`;
  return zipOf([{ name: "xl/sharedStrings.xml", content }]);
}

/** A page that draws a text a few letters at a time, as programs that write PDF do. */
export function pdfOf(text: string, trailer = ""): Buffer {
  const pieces = (text.match(/.{1,3}/g) ?? []).map((piece) => `(${piece.replace(/[()\\]/g, "\\$&")})-20`).join("");
  const page = deflateSync(Buffer.from(`BT /F1 12 Tf 72 720 Td [${pieces}] TJ ET`));
  return Buffer.concat([
    Buffer.from(
      `%PDF-1.7\n%\xe2\xe3\xcf\xd3\n4 0 obj\n<</Length ${page.length}/Filter/FlateDecode>>\nstream\r\n`,
      "latin1",
    ),
    page,
    Buffer.from(`\nendstream\nendobj\ntrailer\n<</Size 5 ${trailer}>>\n%%EOF\n`),
  ]);
}

export function pngOf(text: string, kind: "tEXt" | "zTXt" | "iTXt"): Buffer {
  const packed = deflateSync(Buffer.from(text));
  const data = {
    tEXt: Buffer.from(`Comment\0${text}`),
    zTXt: Buffer.concat([Buffer.from("Comment\0\0"), packed]),
    iTXt: Buffer.concat([Buffer.from("Comment\0\x01\0en\0Comment\0"), packed]),
  }[kind];
  const chunk = (name: string, content: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(content.length);
    head.write(name, 4, "latin1");
    return Buffer.concat([head, content, Buffer.alloc(4)]);
  };
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", Buffer.alloc(13)),
    chunk(kind, data),
    chunk("IDAT", deflateSync(Buffer.alloc(1_000))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A picture with metadata as cameras write them: one text of one byte a letter, one of two. */
export function jpegOf(text: string, letters: "narrow" | "wide"): Buffer {
  const said = letters === "narrow" ? Buffer.from(text) : Buffer.from(text, "utf16le");
  return Buffer.concat([
    Buffer.from("\xff\xd8\xff\xe1\0\x40Exif\0\0II*\0", "latin1"),
    said,
    Buffer.from([0, 0xff, 0xda, 1, 2, 3, 0xff, 0xd9]),
  ]);
}

export function gzipOf(text: string | Uint8Array): Buffer {
  return gzipSync(text);
}
