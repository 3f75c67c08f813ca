// Transcripts on their way in or out, text by text. What is brought in was on a disk in between and may hold what was never
// to be stored; what is brought out may hold what became a secret only after it was stored. Both are looked at where the
// values are known.
import { isRecord } from "../base/json.ts";
import type { EntryBody } from "../base/transcript.ts";
import { batchesOf } from "../dlp/dlp.ts";
import type { Inspector, Question } from "../dlp/dlp.ts";

export type ScreenBodies = (bodies: readonly EntryBody[], signal: AbortSignal) => Promise<readonly EntryBody[]>;

type About = Pick<Question, "agentId" | "sessionKey"> & { readonly point: "inbound" | "export" };

export function screenBodies(dlp: Inspector, about: About): ScreenBodies {
  return async (bodies, signal) => {
    const texts = new Set<string>();
    mapTexts(bodies, (text) => {
      texts.add(text);
      return text;
    });
    const clean = new Map<string, string>();
    for (const some of batchesOf(texts)) {
      const left = (await dlp.inspect({ ...about, texts: some }, signal)).texts;
      for (const [at, text] of some.entries()) clean.set(text, left[at] ?? "");
    }
    return mapTexts(bodies, (text) => clean.get(text) ?? "") as readonly EntryBody[];
  };
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change)]));
}
