// The file worker: the second program of a cell, behind read, write, edit, apply_patch, glob and grep. It sees what a
// command sees and nothing else; no check in here is what keeps a path inside the cell.
import { Socket } from "node:net";
import { isAbsolute, join, resolve } from "node:path";
import { failureOf, FileFailure } from "./failure.ts";
import { createFrameReader, encodeFrame, parseHead } from "../frames.ts";
import type { Frame } from "../frames.ts";
import { createInside } from "./inside.ts";
import { readFileAt } from "./read.ts";
import { findLines, findPaths } from "./search.ts";
import type { Search } from "./search.ts";
import type { FileAnswer, FileRequest, FilesSettings } from "../settings.ts";
import { applyChanges, planEdit, planPatch } from "./write.ts";
import type { Change } from "./write.ts";

const linkFd = 3;
const messageMaxChars = 2_000;
const workspace = process.cwd();
const settings = JSON.parse(process.argv[2] ?? "{}") as FilesSettings;
const bounds = settings.fileBounds;
const inside = createInside([workspace, ...settings.roots]);
const cancelled = new Set<number>();
const searching = new Set<number>();

const link = new Socket({ fd: linkFd, readable: true, writable: true });
const reader = createFrameReader({ headMaxBytes: settings.headMaxBytes, bodyMaxBytes: settings.requestMaxBytes });
link.on("data", (chunk: Buffer) => {
  for (const frame of reader.push(chunk)) take(frame);
});
link.on("error", () => process.exit(0));
link.on("close", () => process.exit(0));

function take(frame: Frame): void {
  const request = parseHead(frame) as unknown as FileRequest;
  if (request.kind === "cancel") {
    if (searching.has(request.call)) cancelled.add(request.call);
    return;
  }
  try {
    if (request.kind === "glob" || request.kind === "grep") void search(request);
    else perform(request, frame.body);
  } catch (error) {
    fail(request, error);
  }
}

function perform(
  request: Extract<FileRequest, { kind: "read" | "write" | "edit" | "apply_patch" }>,
  body: Buffer,
): void {
  const { call } = request;
  if (request.kind === "read") {
    const { body: content, ...answer } = readFileAt(locate(request.path), request, bounds);
    return reply({ call, ...answer }, content);
  }
  if (request.kind === "write") {
    applyChanges([{ path: locate(request.path), content: body, from: "any" }]);
    return reply({ call, kind: "changed", paths: [request.path], summary: `wrote ${body.length} bytes` });
  }
  if (request.kind === "edit") {
    const before = body.toString("utf8", 0, request.beforeBytes);
    const after = body.toString("utf8", request.beforeBytes);
    const { change, summary } = planEdit(
      locate(request.path),
      { before, after, occurrences: request.occurrences },
      bounds.editMaxBytes,
    );
    applyChanges([change]);
    return reply({ call, kind: "changed", paths: [request.path], summary });
  }
  const changes = planPatch(body.toString("utf8"), locate, bounds.editMaxBytes);
  const summary = changes.map((change) => `${letterOf(change)} ${shown(change.path)}`).join("\n");
  // Looked at before anything is changed: a patch that is done must be able to say what it did.
  if (summary.length > bounds.patchPathsMaxChars)
    throw new FileFailure("too_large", "the patch names too many files; split it");
  applyChanges(changes);
  reply({ call, kind: "changed", paths: changes.map((change) => shown(change.path)), summary });
}

/** Added, changed or deleted. */
function letterOf(change: Change): "A" | "M" | "D" {
  if (change.content === undefined) return "D";
  return change.from === undefined ? "A" : "M";
}

async function search(request: Extract<FileRequest, { kind: "glob" | "grep" }>): Promise<void> {
  const { call } = request;
  searching.add(call);
  try {
    const options: Search = {
      root: locate(request.path),
      shown: request.path === "." ? "" : request.path,
      bounds,
      isCancelled: () => cancelled.has(call),
    };
    const found =
      request.kind === "glob" ? await findPaths(request.pattern, options) : await findLines(request, options);
    reply({ call, kind: "matches", truncated: found.truncated }, Buffer.from(found.lines.join("\n")));
  } catch (error) {
    fail(request, error);
  } finally {
    searching.delete(call);
    cancelled.delete(call);
  }
}

function locate(path: string): string {
  if (path.includes("\0") || path === "") throw new FileFailure("invalid_request", "a path is missing, or holds a NUL");
  if (path === "~" || path.startsWith("~/")) return inside(join(settings.home, path.slice(1)));
  return inside(isAbsolute(path) ? resolve(path) : resolve(workspace, path));
}

function shown(path: string): string {
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : path;
}

function fail(request: FileRequest, error: unknown): void {
  const path = "path" in request ? request.path : "patch";
  const failure = failureOf(error, path);
  // Anything else is a bug of this program: it ends, the broker sees that, and the next request gets a new one.
  if (failure === undefined) throw error;
  reply({ call: request.call, kind: "failed", code: failure.code, message: failure.message.slice(0, messageMaxChars) });
}

function reply(answer: FileAnswer, body?: Buffer): void {
  link.write(encodeFrame("file", answer, body));
}
