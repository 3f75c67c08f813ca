// What is in a file that is no text: found where people would read it, bounded, and said where it cannot be read.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { screenEgress } from "../../src/assembly/broker/dlp/wall.ts";
import { screenMedia } from "../../src/assembly/gateway/media.ts";
import { limits } from "../../src/base/limits.ts";
import { readTexts } from "../../src/dlp/files/read-texts.ts";
import type { BrokerEgress, OutgoingRequest } from "../../src/egress/egress.ts";
import type { Media } from "../../src/store/store.ts";
import { docxOf, gzipOf, jpegOf, pdfOf, pngOf, xlsxOf, zipOf } from "../faux/dlp/files.ts";
import { createTestInspector } from "../faux/dlp/inspector.ts";

const secret = "aZ3kP9qL0vT5xW8mR2nY7bD4";
const pasted = `ghp_${"a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"}`;
const { signal } = new AbortController();

const kinds: Readonly<Record<string, (text: string) => Buffer>> = {
  "a document": docxOf,
  "a sheet": xlsxOf,
  "a page of a PDF": (text) => pdfOf(text),
  "a PNG's text": (text) => pngOf(text, "tEXt"),
  "a PNG's packed text": (text) => pngOf(text, "zTXt"),
  "a PNG's international text": (text) => pngOf(text, "iTXt"),
  "a photo's metadata": (text) => jpegOf(text, "narrow"),
  "a photo's metadata of two bytes": (text) => jpegOf(text, "wide"),
  gzip: gzipOf,
  "gzip in gzip": (text) => gzipOf(gzipOf(text)),
  "a zip, not packed": (text) => zipOf([{ name: "a.txt", content: text, how: "stored" }]),
  "a document in a zip": (text) => zipOf([{ name: "a.docx", content: docxOf(text) }]),
  "a name in a zip": (text) => zipOf([{ name: `${text}.txt`, content: "x" }]),
  "an archive in gzip": (text) =>
    gzipOf(Buffer.concat([Buffer.from("a.txt"), Buffer.alloc(507), Buffer.from(text), Buffer.alloc(999)])),
  "bytes of a program": (text) => Buffer.concat([Buffer.alloc(99, 0x90), Buffer.from(text), Buffer.alloc(99)]),
};

function openMedia(unreadableFiles: "pass" | "stop" = "pass") {
  const saved: (readonly [mime: string, name: string, bytes: Buffer])[] = [];
  const inner: Media = {
    async save(bytes, mime, name) {
      saved.push([mime, name, Buffer.from(bytes)]);
      return { id: "id", mime, name, bytes: bytes.length };
    },
    load: async () => Buffer.from("there"),
  };
  const inspector = createTestInspector([secret]);
  const media = screenMedia(inner, { dlp: inspector, config: () => ({ dlp: { unreadableFiles } }) }, signal);
  return { saved, media, inspector };
}

for (const [name, make] of Object.entries(kinds))
  test(`DLP-012 DLP-003 a secret in ${name} keeps the file out of the store, and without it the file is kept byte by byte`, async () => {
    for (const text of [secret, pasted]) {
      const { saved, media } = openMedia();
      await media.save(make(`key: ${text}`), "application/octet-stream", "a.bin");
      await media.save(make("nothing to see"), "application/octet-stream", "b.bin");
      const [left, kept] = saved;
      assert.deepEqual(left?.slice(0, 2), ["text/plain", "a.bin.left-out.txt"]);
      assert.match(
        String(left?.[2]),
        /^The file "a.bin" was left out before it was stored: it holds .*lorica dlp allow/,
      );
      assert.ok(!String(left?.[2]).includes(text.slice(4, 20)));
      assert.deepEqual(kept, ["application/octet-stream", "b.bin", make("nothing to see")]);
    }
  });

test("DLP-012 a text in UTF-16 is cleaned like any other, and so is one that does not say that it is one", async () => {
  const { saved, media } = openMedia();
  const little = Buffer.from(`\ufeffkey: ${secret}`, "utf16le");
  await media.save(little, "text/plain", "a.txt");
  await media.save(Buffer.from(little).swap16(), "text/plain", "b.txt");
  await media.save(Buffer.from(`key: ${secret}`), "application/octet-stream", "c");
  const plain = Buffer.from("\ufeffnothing", "utf16le");
  await media.save(plain, "text/plain", "d.txt");
  assert.deepEqual(
    saved.map(([, , bytes]) => bytes.toString()),
    ["key: [redacted]", "key: [redacted]", "key: [redacted]", plain.toString()],
  );
});

test("DLP-011 a file that was left out by mistake is let in once", async () => {
  const { saved, media, inspector } = openMedia();
  const file = docxOf(secret);
  for (const allow of [false, true, false]) {
    if (allow) inspector.incidents.allow(inspector.incidents.list()[0]?.id ?? "");
    await media.save(file, "application/zip", "a.docx");
  }
  assert.deepEqual(
    saved.map(([, name]) => name),
    ["a.docx.left-out.txt", "a.docx", "a.docx.left-out.txt"],
  );
});

const unreadable: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
  "an encrypted zip": [zipOf([{ name: "a", content: "x", how: "encrypted" }]), /encrypted/],
  "a zip packed otherwise": [zipOf([{ name: "a", content: "x", how: "odd" }]), /packed in a way \(93\)/],
  "an encrypted PDF": [pdfOf("x", "/Encrypt 9 0 R"), /encrypted PDF/],
  "7z": [Buffer.from("7z\xbc\xaf\x27\x1c\0\x04", "latin1"), /7z/],
  age: [Buffer.from("age-encryption.org/v1\n-> X25519 abc\n"), /encrypted file/],
  "too many times over": [gzipOf(gzipOf(gzipOf(gzipOf(gzipOf("x"))))), /too many times/],
  "too many parts": [
    zipOf(Array.from({ length: limits.dlpFilePartsMax + 1 }, (_, at) => ({ name: `${at}`, content: "" }))),
    /too many parts/,
  ],
  "too much": [gzipOf(Buffer.alloc(limits.dlpFileReadMaxBytes + 1)), /too much/],
};

for (const [name, [file, why]] of Object.entries(unreadable))
  test(`a file that cannot be looked into (${name}) is said to be one, and kept or stopped as the config says`, async () => {
    assert.match((await readTexts(file, signal)).unread ?? "", why);
    const names = [];
    for (const rule of ["pass", "stop"] as const) {
      const { saved, media } = openMedia(rule);
      await media.save(file, "application/octet-stream", "a.bin");
      names.push(saved[0]?.[1]);
    }
    assert.deepEqual(names, ["a.bin", "a.bin.left-out.txt"]);
  });

test("what a file makes of itself is bounded, whatever bytes it has", async () => {
  const beginnings = ["PK\x03\x04", "\x1f\x8b\x08\0", "%PDF-1.4\n", "\x89PNG\r\n\x1a\n", ""];
  const file = fc
    .tuple(
      fc.constantFrom(...beginnings),
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom(...beginnings, "stream\n", "(", "<"),
    )
    .map(([first, bytes, last]) =>
      Buffer.concat([Buffer.from(first, "latin1"), bytes, Buffer.from(last, "latin1"), bytes]),
    );
  await fc.assert(
    fc.asyncProperty(file, async (bytes) => {
      const { texts } = await readTexts(bytes, signal);
      assert.ok(texts.join("").length < 100_000);
    }),
    { numRuns: 500 },
  );
});

function openWall(sendsUnread = true) {
  const sent: Buffer[] = [];
  const egress: BrokerEgress = {
    async fetch({ body }) {
      const chunks: Uint8Array[] = [];
      if (body !== undefined) for await (const chunk of body) chunks.push(chunk);
      sent.push(Buffer.concat(chunks));
      return { status: 200, headers: {}, body: ReadableStream.from([]) };
    },
    close: async () => undefined,
  };
  const inspector = createTestInspector([secret]);
  const wall = screenEgress(egress, inspector, () => sendsUnread);
  const send = async (body: Buffer, contentType = "multipart/form-data; boundary=b0") => {
    const request: OutgoingRequest = {
      resource: { channel: "telegram", account: "default", method: "POST", url: "https://far.test/sendDocument" },
      headers: { "Content-Type": contentType },
      bodyBytes: body.length,
      body: ReadableStream.from([new Uint8Array(body)]),
    };
    await wall.fetch(request, signal);
  };
  return { send, sent, inspector };
}

function formOf(file: Buffer, { name = "a.bin", caption = "here" } = {}): Buffer {
  const field = (key: string, value: string) =>
    `--b0\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`;
  const head = `--b0\r\ncontent-disposition: form-data; name="document"; filename="${name}"\r\n\r\n`;
  return Buffer.concat([
    Buffer.from(field("chat_id", "7") + field("caption", caption) + head),
    file,
    Buffer.from("\r\n--b0--\r\n"),
  ]);
}

test("DLP-001 DLP-002 no file carries a secret out, packed or not, nor its name or the words beside it", async () => {
  for (const [name, make] of Object.entries(kinds)) {
    for (const text of [secret, pasted]) {
      const { send, sent } = openWall();
      await assert.rejects(send(formOf(make(`key: ${text}`))), /was stopped: it holds/, name);
      await assert.rejects(send(make(`key: ${text}`), "application/octet-stream"), /was stopped/, name);
      await send(formOf(make("nothing to see")));
      assert.deepEqual(sent, [formOf(make("nothing to see"))], name);
    }
  }
  const { send, sent } = openWall();
  const file = docxOf("nothing");
  for (const change of [{ name: `${secret}.docx` }, { caption: `x ${secret}` }])
    await assert.rejects(send(formOf(file, change)), /was stopped: it holds/);
  // Neither in front of the first part nor behind the last one.
  await assert.rejects(send(Buffer.concat([gzipOf(secret), formOf(file)])), /was stopped/);
  await assert.rejects(send(Buffer.concat([formOf(file), Buffer.from(secret)])), /was stopped/);
  assert.deepEqual(sent, []);
});

test("DLP-005 the words beside a file go on what the recipient was sent before", async () => {
  const { send, sent } = openWall();
  await send(formOf(docxOf("x"), { caption: `one ${secret.slice(0, 8)} two` }));
  await assert.rejects(send(formOf(docxOf("x"), { caption: `three ${secret.slice(8, 16)} four` })), /in pieces/);
  assert.equal(sent.length, 1);
});

test("a file that nobody can look into leaves only where the owner lets it", async () => {
  const file = formOf(zipOf([{ name: "a", content: "x", how: "encrypted" }]));
  const open = openWall(true);
  await open.send(file);
  assert.equal(open.sent.length, 1);
  const closed = openWall(false);
  await assert.rejects(closed.send(file), /a file in it is encrypted, so nobody can look into it/);
  await closed.send(formOf(docxOf("x")));
  assert.equal(closed.sent.length, 1);
});

test("DLP-011 an upload that was stopped by mistake goes out once, to that recipient", async () => {
  const { send, sent, inspector } = openWall();
  const file = formOf(docxOf(secret));
  await assert.rejects(send(file), /was stopped/);
  inspector.incidents.allow(inspector.incidents.list()[0]?.id ?? "");
  await send(file);
  await assert.rejects(send(file), /was stopped/);
  assert.deepEqual(sent, [file]);
});
