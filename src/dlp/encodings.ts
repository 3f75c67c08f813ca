// The spellings under which a secret may turn up in text: as it is, escaped, percent-encoded, in hex and in base64.

const valueMinChars = 8;

/** A shorter value would match by accident all over: a local server's placeholder key `x` is in every other word. */
export function canBeSought(value: string): boolean {
  return value.length >= valueMinChars;
}

/** Longest first, so that a spelling which holds another one is replaced as a whole. */
export function spellingsOf(values: Iterable<string>): readonly string[] {
  const found = new Set<string>();
  for (const value of values) {
    if (!canBeSought(value)) continue;
    const bytes = Buffer.from(value);
    found.add(value);
    found.add(JSON.stringify(value).slice(1, -1));
    found.add(percentEncoded(value));
    found.add(bytes.toString("hex"));
    found.add(bytes.toString("hex").toUpperCase());
    for (const core of base64Cores(bytes)) {
      found.add(core);
      found.add(core.replaceAll("+", "-").replaceAll("/", "_"));
    }
  }
  return [...found].filter(canBeSought).toSorted((left, right) => right.length - left.length);
}

/**
 * Base64 of a longer text holds the value at one of three alignments; the characters at either end depend on the
 * neighbours, so what is searched for is the part in between.
 */
function base64Cores(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const whole = Math.floor((before + bytes.length) / 3) * 4;
    return text.slice(before === 0 ? 0 : 4, whole);
  });
}

/** A lone surrogate has no percent-encoding; such a value is searched for in its other spellings. */
function percentEncoded(value: string): string {
  return value.isWellFormed() ? encodeURIComponent(value) : value;
}
