// What one recipient has been given lately: a value that leaves in pieces is known by what the pieces make together,
// also where each of them says nothing.
import { limits } from "../../base/limits.ts";
import { partOf } from "../find/detect.ts";
import type { Finding } from "../find/finding.ts";
import type { Hit } from "../known/gram-index.ts";
import type { KnownValues } from "../known/known.ts";

export type Ledger = {
  /** What this text completes of what went to the same place before. */
  judge(to: string, text: string, fragments: readonly Hit[]): readonly Finding[];
  /** The text goes. */
  add(to: string, text: string, fragments: readonly Hit[]): void;
};

type Message = { readonly tail: string; readonly parts: readonly Hit["part"][] };

/** Of a value this much in pieces is as bad as the whole of it. */
const shareMin = 0.5;
const charsMin = 12;

export function createLedger(known: KnownValues, messagesMax: () => number): Ledger {
  const recipients = new Map<string, Message[]>();
  let version = known.version();

  /** Once the values have changed their pieces are called otherwise. */
  function forgetOld(): void {
    if (version === known.version()) return;
    version = known.version();
    recipients.clear();
  }

  return {
    judge(to, text, fragments) {
      forgetOld();
      const before = recipients.get(to) ?? [];
      return together([...joined(before, text, known), ...collected(before, fragments)]);
    },
    add(to, text, fragments) {
      const messages = recipients.get(to) ?? [];
      recipients.delete(to);
      const parts = fragments.slice(0, limits.dlpFragmentsMax).map(({ part }) => part);
      messages.push({ tail: text.slice(-limits.dlpWindowMessageChars), parts });
      while (messages.length > messagesMax()) messages.shift();
      recipients.set(to, messages);
      const [oldest] = recipients.keys();
      if (recipients.size > limits.dlpRecipientsMax && oldest !== undefined) recipients.delete(oldest);
    },
  };
}

/** Each message goes on where the one before it ended. */
function joined(before: readonly Message[], text: string, known: KnownValues): readonly Finding[] {
  const tail = before
    .map((message) => message.tail)
    .join("\n")
    .slice(-limits.dlpWindowChars);
  if (tail === "") return [];
  const { hits } = known.scan(`${tail}\n${text.slice(0, limits.dlpWindowChars)}`);
  const from = tail.length + 1;
  return hits.flatMap((hit) =>
    hit.start < from && hit.end > from
      ? [split({ start: 0, end: Math.min(text.length, hit.end - from) }, partOf(hit))]
      : [],
  );
}

/** The pieces may have other words around them, and come in any order. */
function collected(before: readonly Message[], fragments: readonly Hit[]): readonly Finding[] {
  const spellings = new Set(fragments.map(({ part }) => part.spelling));
  return [...spellings].flatMap((spelling) => {
    const own = fragments.filter(({ part }) => part.spelling === spelling);
    const parts = [...before.flatMap((message) => message.parts), ...own.map(({ part }) => part)].filter(
      (part) => part.spelling === spelling,
    );
    const covered = new Set<number>();
    for (const { from, to } of parts) for (let at = from; at < to; at++) covered.add(at);
    const length = parts[0]?.length ?? 0;
    if (covered.size < Math.max(charsMin, length * shareMin)) return [];
    return own.map((hit) => split(hit, partOf(hit)));
  });
}

/** Whoever is told that there are pieces is not told which: they are one part of the value. */
function together(findings: readonly Finding[]): readonly Finding[] {
  const part = findings.flatMap((finding) => finding.part ?? []).join(" ");
  return findings.map((finding, at) => ({ ...finding, part: at === 0 ? part : undefined }));
}

function split({ start, end }: Pick<Finding, "start" | "end">, part: string | undefined): Finding {
  return { rule: "vault.split", severity: "critical", start, end, disguised: true, part };
}
