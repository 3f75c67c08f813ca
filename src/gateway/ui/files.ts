// The page's finished files, read when somebody first asks for them and kept from then on: some hundred kilobytes that a
// gateway whose owner never opens the page does not spend.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../base/ids.ts";

export type PageFile = {
  readonly type: string;
  readonly etag: string;
  /** Its name changes with what is in it. */
  readonly immutable: boolean;
  readonly bytes: Buffer;
  readonly gzip: Buffer;
};

export type PageFiles = ReadonlyMap<string, PageFile>;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Undefined while the page is not built. */
export function readPageFiles(folder: string, basePath: string): PageFiles | undefined {
  const files = new Map<string, PageFile>();
  for (const name of listFolder(folder)) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const found = readFileSync(join(folder, name));
    files.set(name, pageFile(name === "index.html" ? withBase(found, basePath) : found, name, type));
  }
  return files.has("index.html") ? files : undefined;
}

function pageFile(bytes: Buffer, name: string, type: string): PageFile {
  return {
    type,
    etag: `"${sha256(bytes).slice(0, 32)}"`,
    immutable: /\.[A-Z0-9]{8}\.(?:js|css)$/.test(name),
    bytes,
    gzip: gzipSync(bytes, { level: 9 }),
  };
}

function withBase(index: Buffer, basePath: string): Buffer {
  return Buffer.from(index.toString("utf8").replaceAll("{base}", basePath));
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw cause;
  }
}
