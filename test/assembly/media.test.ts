// Files on their way into the store.
import assert from "node:assert/strict";
import { test } from "node:test";
import { screenMedia } from "../../src/assembly/gateway/media.ts";
import { limits } from "../../src/base/limits.ts";
import type { Media } from "../../src/store/store.ts";
import { createTestInspector } from "../faux/dlp/inspector.ts";

const config = () => ({ dlp: { unreadableFiles: "pass" } }) as const;
const said = "aZ3kP9qL0vT5xW8mR2nY7bD4";

function open() {
  const saved: (readonly [string, string])[] = [];
  const media: Media = {
    async save(bytes, mime, name) {
      saved.push([name, Buffer.from(bytes).toString("latin1")]);
      return { id: "id", mime, name, bytes: bytes.length };
    },
    load: async () => Buffer.from("there"),
  };
  return {
    saved,
    media: screenMedia(media, { dlp: createTestInspector([said]), config }, new AbortController().signal),
  };
}

test("DLP-012 a file of text is looked at before it is stored, its name and its last line included", async () => {
  const { saved, media } = open();
  const lines = "an ordinary line of a file\n".repeat(Math.ceil((2 * limits.dlpFilePieceChars) / 27));
  await media.save(Buffer.from(`${lines}key: ${said}`), "text/plain", `${said}.txt`);
  await media.save(Buffer.from(lines), "application/json", "a.json");
  assert.deepEqual(saved, [
    ["[redacted].txt", `${lines}key: [redacted]`],
    ["a.json", lines],
  ]);
});

test("what is no text is stored as it came, and so is text that holds nothing, byte by byte", async () => {
  const { saved, media } = open();
  const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x61]);
  await media.save(bytes, "image/png", "a.png");
  await media.save(bytes, "text/plain", "a.txt");
  assert.deepEqual(saved, [
    ["a.png", bytes.toString("latin1")],
    ["a.txt", bytes.toString("latin1")],
  ]);
  assert.equal(Buffer.from(await media.load({ id: "", mime: "", name: "", bytes: 0 })).toString(), "there");
});
