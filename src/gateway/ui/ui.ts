// Serves the page: its files, and its index for every path that the page itself understands. What it serves is the same
// for everybody and says nothing about this gateway; who may do what is decided when the page connects.
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Peer } from "../../pairing/pairing.ts";
import { securityHeaders } from "../http/answer.ts";
import { readPageFiles } from "./files.ts";
import type { PageFile, PageFiles } from "./files.ts";
import { notBuilt, notSecure, renderPlain, tokenInAddress } from "./plain.ts";
import type { PlainPage } from "./plain.ts";

export type PageSettings = {
  readonly enabled: boolean;
  /** Begins with a slash and ends without one; empty for the root. */
  readonly basePath: string;
};

export type PageVisit = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly peer: Pick<Peer, "isLocal" | "isSecure">;
};

export type Page = {
  /** False for what is none of the page's business; else it has answered. */
  answer(visit: PageVisit): boolean;
};

/** Where `tools/build-web.ts` puts it. */
export const builtPage = join(import.meta.dirname, "../../../web/dist");

/**
 * Nothing but its own files and its own gateway; no script or style that stands in the page; nothing turned from text
 * into markup, which the browser itself refuses here.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers: Readonly<Record<string, string>> = {
  ...securityHeaders,
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
};

/** What people put into addresses and must not: none of it is read, only its name. */
const secretNames = /^(?:access_?token|api_?key|auth|code|key|password|secret|token)$/i;

/** The page's own paths; the rest of the address space belongs to others. */
const pagePath = /^\/(?:index\.html|chat(?:\/.{0,1024})?)?$/s;

export function createPage(deps: { readonly folder: string; readonly settings: () => PageSettings }): Page {
  let read: { readonly basePath: string; readonly files: PageFiles } | undefined;

  /** Looked for anew as long as there is none: somebody may be building it. */
  function files(basePath: string): PageFiles | undefined {
    if (read?.basePath === basePath) return read.files;
    const found = readPageFiles(deps.folder, basePath);
    if (found !== undefined) read = { basePath, files: found };
    return found;
  }

  return {
    answer(visit) {
      const { enabled, basePath } = deps.settings();
      const within = enabled ? pathWithin(visit.path, basePath) : undefined;
      if (within === undefined || !isReading(visit.req)) return false;
      if (!pagePath.test(within)) {
        const name = within.slice(1);
        const file = /^[\w.-]+$/.test(name) ? files(basePath)?.get(name) : undefined;
        if (file !== undefined) sendFile(visit, file);
        return file !== undefined;
      }
      const index = files(basePath)?.get("index.html");
      const problem = problemOf(visit) ?? (index === undefined ? notBuilt : undefined);
      if (problem !== undefined) sendPlain(visit, problem, basePath);
      else if (index !== undefined) sendFile(visit, index);
      return true;
    },
  };
}

function problemOf({ req, peer }: PageVisit): PlainPage | undefined {
  const query = new URLSearchParams((req.url ?? "").split("?", 2)[1]?.split("#", 1)[0]);
  if ([...query.keys()].some((name) => secretNames.test(name))) return tokenInAddress;
  return peer.isLocal || peer.isSecure ? undefined : notSecure;
}

/** The path below the base, beginning with a slash; undefined for one that lies elsewhere. */
function pathWithin(path: string, basePath: string): string | undefined {
  if (path === basePath) return "/";
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : undefined;
}

function isReading(req: IncomingMessage): boolean {
  return req.method === "GET" || req.method === "HEAD";
}

function sendFile({ req, res }: PageVisit, file: PageFile): void {
  const zipped = /\bgzip\b/.test(String(req.headers["accept-encoding"] ?? ""));
  const common = {
    ...headers,
    "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    etag: file.etag,
    vary: "accept-encoding",
  };
  if (req.headers["if-none-match"] === file.etag) {
    res.writeHead(304, common).end();
    return;
  }
  const bytes = zipped ? file.gzip : file.bytes;
  res.writeHead(200, {
    ...common,
    "content-type": file.type,
    "content-length": String(bytes.length),
    ...(zipped ? { "content-encoding": "gzip" } : {}),
  });
  res.end(req.method === "HEAD" ? undefined : bytes);
}

function sendPlain({ req, res }: PageVisit, page: PlainPage, basePath: string): void {
  const bytes = Buffer.from(renderPlain(page, basePath));
  res.writeHead(page.status, {
    ...headers,
    "content-type": "text/html; charset=utf-8",
    "content-length": String(bytes.length),
  });
  res.end(req.method === "HEAD" ? undefined : bytes);
}
