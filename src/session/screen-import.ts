// What is brought in was on a disk in between, and may hold what was never to be stored: each of its texts is looked at
// like what somebody writes.
import { isRecord } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import type { EntryBody } from "../base/transcript.ts";
import type { Inspector } from "../dlp/dlp.ts";

export type ScreenBodies = (bodies: readonly EntryBody[], signal: AbortSignal) => Promise<readonly EntryBody[]>;

export function screenImport(
  dlp: Inspector,
  about: { readonly agentId: string; readonly sessionKey: string },
): ScreenBodies {
  return async (bodies, signal) => {
    const texts: string[] = [];
    mapTexts(bodies, (text) => {
      texts.push(text);
      return text;
    });
    const clean: string[] = [];
    for (let at = 0; at < texts.length; at += limits.dlpTextsMax) {
      const some = texts.slice(at, at + limits.dlpTextsMax);
      clean.push(...(await dlp.inspect({ point: "inbound", ...about, texts: some }, signal)).texts);
    }
    let next = 0;
    return mapTexts(bodies, (text) => clean[next++] ?? text) as readonly EntryBody[];
  };
}

/** In the same order each time. */
function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change)]));
}
