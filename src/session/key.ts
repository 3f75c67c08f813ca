// Session keys: `agent:<agent>:<rest>`. A key names a conversation; it is never a path, and nothing is derived from it
// but other keys. One spelling each, so that two doors cannot mean the same session and get different ones.
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

export type SessionKey = { readonly key: string; readonly agentId: string; readonly rest: string };

const keyMaxChars = 512;
const agentPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const plainCharacters = /^[A-Za-z0-9._~@!+=$-]$/;

/**
 * Segments that only Lorica itself may begin a key with: what they name has rights or a life of its own. An editor's
 * `acp-bridge` has neither: it is a client's own conversation.
 */
const reserved = new Set(["subagent", "cron", "acp", "hook", "heartbeat"]);

/**
 * Reads a key as a client wrote it. A bare key belongs to `defaultAgent`. The answer is the one canonical spelling;
 * anything that could be taken for a path, or hide in a log, is refused rather than repaired.
 */
export function parseSessionKey(text: string, defaultAgent: string): Parsed<SessionKey> {
  const wanted = text.trim();
  if (wanted === "") return rejected("a session key cannot be empty");
  if (wanted.length > keyMaxChars) return rejected(`a session key has at most ${keyMaxChars} characters`);
  const parts = wanted.split(":");
  const scoped = parts[0]?.toLowerCase() === "agent";
  if (scoped && parts.length < 3) return rejected(`not a session key: it looks like agent:<agent>:<rest>`);
  const agentId = scoped ? (parts[1] ?? "").toLowerCase() : defaultAgent;
  if (!agentPattern.test(agentId)) return rejected("the agent in a session key has letters, digits, - and _ only");
  const segments = scoped ? parts.slice(2) : parts;
  const problem = segments.map(segmentProblem).find((found) => found !== undefined);
  if (problem !== undefined) return rejected(problem);
  return parsed(sessionKey(agentId, foldCase(segments)));
}

export function isReserved(key: SessionKey): boolean {
  const segments = key.rest.split(":");
  return segments.some((segment) => segment.startsWith("incognito-")) || reserved.has(segments[0] ?? "");
}

/** Turns what a platform calls somebody into a segment: everything unusual is percent-encoded, `:` and `/` included. */
export function encodeSegment(text: string): string {
  const encoded = [...text.toWellFormed()].map((character) =>
    plainCharacters.test(character) ? character : encodeURIComponent(character).replaceAll(/[*'()]/g, escapeByte),
  );
  const segment = encoded.join("");
  // No character of any text has this byte, so nobody else is called that.
  if (segment === "") return "%FF";
  return /^\.+$/.test(segment) ? segment.replaceAll(".", "%2E") : segment;
}

export function sessionKey(agentId: string, segments: readonly string[]): SessionKey {
  const rest = segments.join(":");
  return { key: `agent:${agentId}:${rest}`, agentId, rest };
}

/** Platform ids in which case means something: Signal's groups, Matrix's rooms and users. */
export function foldCase(segments: readonly string[]): readonly string[] {
  const channel = segments[0]?.toLowerCase();
  const keepsCase = (segment: string): boolean =>
    (channel === "signal" && segments.includes("group")) || (channel === "matrix" && /^([!@#$]|%23)/.test(segment));
  const marks = new Set(["signal", "matrix", "group", "channel", "direct", "thread", "topic"]);
  return segments.map((segment) =>
    keepsCase(segment) && !marks.has(segment.toLowerCase()) ? segment : foldSegment(segment),
  );
}

/** Lower case, except for percent escapes: those are written in capitals everywhere. */
function foldSegment(segment: string): string {
  return segment.toLowerCase().replaceAll(/%[0-9a-f]{2}/g, (escape) => escape.toUpperCase());
}

function segmentProblem(segment: string): string | undefined {
  if (segment === "") return "a session key has no empty part";
  if (/^\.+$/.test(segment)) return "a part of a session key is not a path";
  const strange = [...segment].find((character) => !plainCharacters.test(character) && character !== "%");
  if (strange !== undefined)
    return `a session key cannot hold ${JSON.stringify(strange)}; write it as ${encodeSegment(strange)}`;
  return /%(?![0-9A-Fa-f]{2})/.test(segment) ? "a % in a session key is followed by two hexadecimal digits" : undefined;
}

function escapeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
