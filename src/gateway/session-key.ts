// The session keys that clients write: short ones are completed, and a key never says more than where it points.
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

export type SessionTarget = { readonly agentId: string; readonly sessionKey: string };

const restMaxChars = 256;
const restPattern = /^[a-z0-9][a-z0-9._:@+=/-]*$/;

/** `main` → `agent:<agentId>:main`; a key that names an agent keeps it. Lower case throughout. */
export function parseSessionKey(text: string, agentId: string): Parsed<SessionTarget> {
  const key = text.trim().toLowerCase();
  const full = /^agent:([a-z0-9][a-z0-9_-]*):(.+)$/.exec(key);
  const rest = full?.[2] ?? key;
  if (key.startsWith("agent:") && full === null) return rejected('a session key is "agent:<agent>:<name>" or "<name>"');
  // A dot-dot segment means nothing here, and must never come to mean something where a key meets a file name.
  if (rest.length > restMaxChars || !restPattern.test(rest) || /(^|[/:])\.\.?([/:]|$)/.test(rest))
    return rejected(`a session name is 1 to ${restMaxChars} letters, digits and . _ : @ + = / -`);
  const owner = full?.[1] ?? agentId;
  return parsed({ agentId: owner, sessionKey: `agent:${owner}:${rest}` });
}

/** The part behind the agent, which says what kind of session it is. */
export function restOfKey(sessionKey: string): string {
  return sessionKey.split(":").slice(2).join(":");
}
