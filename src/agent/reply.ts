// What people see of an answer (AG-022, AG-027): directives for the delivery, chat-template tokens and leaked thinking
// come out, outside of code; the word for "nothing to say" becomes silence. The same for a stream, line by line.

const directive = /\[\[\s*(?:reply_to_current|reply_to\s*:[^\]\n]{0,200}|audio_as_voice|silent)\s*\]\]/gi;
const templateToken = /<\|[\w ]{1,40}\|>|<\/?s>|\[\/?(?:INST|TOOL_CALLS?|TOOL_RESULTS?)\]/g;
const marker = /<<<(?:END_)?EXTERNAL_UNTRUSTED_CONTENT[^>\n]{0,200}>>>/g;
const silences = ["NO_REPLY", "HEARTBEAT_OK"];
/** The longest thing that may be cut off at the end of what came so far. */
const tailChars = 256;
const lineMaxChars = 4_096;

export function sanitizeReply(text: string): string {
  const stream = createReplyStream();
  stream.push(text);
  return stream.end();
}

export type ReplyStream = {
  /** All that may be shown so far; never shows what a later piece would take back. */
  push(delta: string): string;
  /** All of it, in its final form. */
  end(): string;
};

export function createReplyStream(): ReplyStream {
  let finished = "";
  let line = "";
  let block: "none" | "code" | "thinking" = "none";

  function finishLine(text: string): string {
    if (/^\s*(?:```|~~~)/.test(text) && block !== "thinking") {
      block = block === "code" ? "none" : "code";
      return text;
    }
    if (block === "code") return text;
    return withoutThinking(text);
  }

  function withoutThinking(text: string): string {
    const parts = text.split(/(<\/?think(?:ing)?>)/i);
    const kept = parts.filter((part) => {
      if (/^<think(?:ing)?>$/i.test(part)) block = "thinking";
      else if (/^<\/think(?:ing)?>$/i.test(part)) block = "none";
      else return block === "none";
      return false;
    });
    return sanitizeLine(kept.join(""));
  }

  function takeLines(): void {
    for (let at = line.indexOf("\n"); at >= 0; at = line.indexOf("\n")) {
      const before = block;
      const clean = finishLine(line.slice(0, at));
      // A line that held nothing but thinking leaves no empty line behind.
      if (clean !== "" || (before !== "thinking" && line.slice(0, at) === "")) finished += `${clean}\n`;
      line = line.slice(at + 1);
    }
    if (line.length <= lineMaxChars) return;
    finished += finishLine(line.slice(0, line.length - tailChars));
    line = line.slice(line.length - tailChars);
  }

  function openLine(): string {
    if (block === "code") return line;
    if (block === "thinking") return "";
    const thinking = line.search(/<think(?:ing)?>/i);
    const shown = thinking < 0 ? line : line.slice(0, thinking);
    return sanitizeLine(shown.slice(0, undecidedFrom(shown)));
  }

  return {
    push(delta) {
      line += delta;
      takeLines();
      const text = (finished + openLine()).trimStart();
      return mayBecomeSilence(text) ? "" : text;
    },
    end() {
      finished += finishLine(line);
      line = "";
      const text = finished.trim();
      return silences.some((word) => isSilence(text, word)) ? "" : withoutSilence(text);
    },
  };
}

/** Outside of `code`, which says what it says. */
function sanitizeLine(line: string): string {
  if (!/[[<]/.test(line)) return line;
  return line
    .split(/(`[^`]*`)/)
    .map((part, at) =>
      at % 2 === 1 ? part : part.replace(directive, "").replace(marker, "").replace(templateToken, ""),
    )
    .join("")
    .replace(/^ +(?=\S)/, (indent) => (/^[[<]/.test(line) ? "" : indent));
}

/** Where something begins at the end of the line that may yet turn out to be a token. */
function undecidedFrom(line: string): number {
  const from = Math.max(0, line.length - tailChars);
  const tail = line.slice(from);
  const open = /(?:\[(?:\[[^\]]*\]?|\/?[A-Z_]*)?|<(?:\|[^>]*|<{0,2}[A-Z_]*[^>]*|\/?[a-z]*))$/i.exec(tail);
  return open === null ? line.length : from + open.index;
}

function mayBecomeSilence(text: string): boolean {
  const plain = text.trim();
  return silences.some((word) => word.startsWith(plain) || isSilence(plain, word));
}

function isSilence(text: string, word: string): boolean {
  return text.replace(/^[*_`"'\s]+|[*_`"'.\s]+$/g, "") === word;
}

/** Some models say it and something else; the something else is the answer. */
function withoutSilence(text: string): string {
  return text.replace(/(?:\n|^)\s*(?:NO_REPLY|HEARTBEAT_OK)\s*$/, "").trimEnd();
}
