// The text so far, while an answer is being made: Telegram's own drafts, which vanish by themselves within half a minute
// and as soon as a message is sent. So a half answer is never left standing as the last word, whatever ends the process.
import { limits } from "../../../src/base/limits.ts";
import { sleep } from "../../../src/base/wait.ts";
import { LoricaError } from "../../../src/base/errors.ts";
import type { Line } from "../line.ts";
import type { Address } from "./address.ts";

export type Draft = { readonly draftId: string; readonly text: string };

export type Drafts = {
  /** Shows it now, or in a moment where one was just shown; only the newest is. */
  show(to: Address, draft: Draft, signal: AbortSignal): Promise<void>;
  /** Before the answer itself is sent: what is under way is waited for, and nothing is shown behind it. */
  end(to: Address): Promise<void>;
};

type Place = { nextAt: number; latest: Draft | undefined; showing: Promise<void> };

export function createDrafts(line: Line): Drafts {
  const places = new Map<string, Place>();
  let isKnown = true;
  return {
    async show(to, draft, signal) {
      // Telegram has drafts in direct chats only. A group sees that somebody types.
      if (to.chat <= 0 || !isKnown || draft.text.trim() === "") return;
      const key = keyOf(to);
      const place = places.get(key) ?? { nextAt: 0, latest: undefined, showing: Promise.resolve() };
      places.set(key, place);
      forgetOldest(places);
      place.latest = draft;
      const wait = place.nextAt - line.context.clock.now();
      if (wait > 0) await sleep(wait, signal);
      if (place.latest !== draft) return;
      place.latest = undefined;
      place.nextAt = line.context.clock.now() + limits.telegramDraftIntervalMs;
      const shown = send(line, { to, draft }, signal).then((verdict) => {
        if (verdict === "unknown method") isKnown = false;
        if (typeof verdict === "number") place.nextAt = line.context.clock.now() + verdict;
      });
      place.showing = shown.catch(ignoreForEnd);
      await shown;
    },
    async end(to) {
      const place = places.get(keyOf(to));
      if (place === undefined) return;
      place.latest = undefined;
      await place.showing;
      places.delete(keyOf(to));
    },
  };
}

/** How long to keep quiet, where Telegram says so. */
async function send(
  line: Line,
  { to, draft }: { readonly to: Address; readonly draft: Draft },
  signal: AbortSignal,
): Promise<number | "shown" | "unknown method"> {
  const wanted = {
    chat_id: to.chat,
    draft_id: numberFor(draft.draftId),
    text: Array.from(draft.text.slice(-limits.telegramTextMaxChars)).join(""),
    ...(to.thread === undefined ? {} : { message_thread_id: to.thread }),
  };
  const answer = await line.api.call((api, ending) => api.sendMessageDraft(wanted, ending), signal);
  if (answer.kind === "ok") return "shown";
  if (answer.code === 404) return "unknown method";
  if (answer.retryAfterMs !== undefined) return answer.retryAfterMs;
  throw new LoricaError("upstream", `Telegram refused a draft: ${answer.description}`);
}

/** Telegram wants a number that is not zero; the same draft is the same number. */
function numberFor(draftId: string): number {
  let hash = 0;
  for (const char of draftId) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) | 0;
  return (hash >>> 1) + 1;
}

function forgetOldest(places: Map<string, Place>): void {
  const oldest = places.keys().next().value;
  if (places.size > limits.telegramDraftChatsMax && oldest !== undefined) places.delete(oldest);
}

function keyOf({ chat, thread }: Address): string {
  return `${chat} ${thread ?? ""}`;
}

/** The caller of `show` hears of it. */
function ignoreForEnd(): void {}
