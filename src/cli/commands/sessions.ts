// `sessions`: what conversations there are, reading them, moving them, starting afresh.
import { open } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { errnoOf, LoricaError } from "../../base/errors.ts";
import { isRecord } from "../../base/json.ts";
import type { ClientMessage, SessionRow } from "../../protocol/shapes.ts";
import type { CliContext, Invocation } from "../context.ts";
import { confirm, readInput } from "../input.ts";
import { showable } from "../io.ts";
import { withGateway } from "../reach.ts";
import type { GatewayClient } from "../reach.ts";
import { renderDuration, renderTable } from "../text.ts";

const rowsMax = 1_000;

export async function listSessions(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  if (options.text("store") !== undefined)
    throw new LoricaError(
      "invalid_request",
      "--store is not supported: all sessions are in the gateway's one database",
    );
  const agentId = options.text("agent");
  const activeMs = options.duration("active");
  const result = await withGateway(invocation, (gateway) =>
    gateway.call("sessions.list", {
      limit: options.whole("limit", { min: 1, max: rowsMax }) ?? 50,
      ...(agentId === undefined ? {} : { agentId }),
      ...(activeMs === undefined ? {} : { activeMinutes: Math.max(1, Math.ceil(activeMs / 60_000)) }),
    }),
  );
  io.result(result, () => {
    if (result.sessions.length === 0) return io.line("no sessions yet");
    const rows = [["session", "model", "messages", "used", ""], ...result.sessions.map((row) => cells(row, result.ts))];
    for (const line of renderTable(rows, { width: io.width })) io.line(showable(io, line));
    if (result.hasMore) io.note(`${result.totalCount} in all; --limit shows more`);
  });
}

function cells(row: SessionRow, now: number): string[] {
  const used = `${renderDuration(now - row.updatedAt)} ago`;
  return [row.key, row.model ?? "", String(row.messageCount), used, row.hasActiveRun ? "running" : ""];
}

export async function showSession(invocation: Invocation): Promise<void> {
  const { io, options, args } = invocation;
  const sessionKey = keyOf(args);
  const limit = options.whole("limit", { min: 1, max: rowsMax }) ?? 200;
  const result = await withGateway(invocation, async (gateway) => {
    const { session } = await gateway.call("sessions.describe", { key: sessionKey });
    if (session === null) throw new LoricaError("not_found", `there is no session ${JSON.stringify(sessionKey)}`);
    return gateway.call("chat.history", { sessionKey, limit });
  });
  io.result(result, () => {
    if (!("totalMessages" in result)) return;
    for (const message of result.messages) io.line(showable(io, renderMessage(message, io.style)));
    if (result.hasMore) io.note(`${result.totalMessages} messages in all; --limit shows more`);
  });
}

function renderMessage(message: ClientMessage, style: Invocation["io"]["style"]): string {
  const at = new Date(message.timestamp).toISOString().slice(0, 16).replace("T", " ");
  return `${style("dim", at)} ${style("bold", message.role)}\n${textOf(message.content)}\n`;
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return JSON.stringify(content);
  return content.map((block: unknown) => renderBlock(block)).join("\n");
}

function renderBlock(block: unknown): string {
  if (!isRecord(block)) return JSON.stringify(block);
  if (block["type"] === "toolCall") return `▸ ${String(block["name"])} ${JSON.stringify(block["arguments"])}`;
  return typeof block["text"] === "string" ? block["text"] : `[${String(block["type"])}]`;
}

export async function exportSession(invocation: Invocation): Promise<void> {
  const { io, options, args, context } = invocation;
  const key = keyOf(args);
  const output = options.text("output");
  const exported = await withGateway(invocation, (gateway) => readAll(gateway, key));
  const text = exported.map((line) => `${line}\n`).join("");
  if (output === undefined) return io.write(text);
  await writeNew(context, output, text);
  io.result({ key, file: output, lines: exported.length }, () => io.note(`${exported.length} lines in ${output}`));
}

async function readAll(gateway: GatewayClient, key: string): Promise<readonly string[]> {
  const lines: string[] = [];
  let offset: number | null = 0;
  while (offset !== null) {
    const part: { readonly lines: readonly string[]; readonly nextOffset: number | null } = await gateway.call(
      "sessions.export",
      { key, offset },
    );
    lines.push(...part.lines);
    offset = part.nextOffset;
  }
  return lines;
}

/** A conversation is private, and somebody's file of that name is theirs. */
async function writeNew(context: CliContext, path: string, text: string): Promise<void> {
  const full = isAbsolute(path) ? path : join(context.callerDirectory ?? "", path);
  try {
    const file = await open(full, "wx", 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (errnoOf(cause) === "EEXIST") throw new LoricaError("conflict", `${path} is there already`, { cause });
    throw new LoricaError("forbidden", `cannot write ${full} (${errnoOf(cause)}). Without --output it goes to stdout`, {
      cause,
    });
  }
}

export async function importSession(invocation: Invocation): Promise<void> {
  const { io, options, args, context } = invocation;
  const [path] = args;
  if (path === undefined) throw new LoricaError("invalid_request", "name the file to import, or - for stdin");
  const text = await readInput(context, path);
  if (text.trim() === "")
    throw new LoricaError("invalid_request", `${path === "-" ? "stdin" : path} holds nothing to import`);
  const agentId = options.text("agent");
  const key = options.text("key");
  const result = await withGateway(invocation, (gateway) =>
    gateway.call("sessions.import", {
      text,
      ...(agentId === undefined ? {} : { agentId }),
      ...(key === undefined ? {} : { key }),
    }),
  );
  io.result(result, () => io.line(`imported ${result.entries} entries as ${result.key}`));
}

export async function resetSession(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const key = keyOf(args);
  const result = await withGateway(invocation, (gateway) => gateway.call("sessions.reset", { key, reason: "reset" }));
  io.result(result, () => io.line(`${result.key} starts afresh; what was said stays in the store`));
}

export async function deleteSession(invocation: Invocation): Promise<void> {
  const { io, args, context, options } = invocation;
  const key = keyOf(args);
  if (!options.flag("yes")) await confirm(context, `Delete the session ${key} with all that was said in it?`);
  const result = await withGateway(invocation, (gateway) => gateway.call("sessions.delete", { key }));
  if (!result.deleted) throw new LoricaError("not_found", `there is no session ${JSON.stringify(key)}`);
  io.result(result, () => io.line(`${result.key} is deleted`));
}

function keyOf(args: readonly string[]): string {
  const [key] = args;
  if (key === undefined || key === "") throw new LoricaError("invalid_request", "name the session, as main");
  return key;
}
