// What looks as if a machine had made it up. A part of a random value gives it away wherever it stands; a part of what
// people write is a word like others, and only the whole of it can be sought.

/** Letters and digits in no order that words, names, dates or paths have. */
export function looksRandom(text: string): boolean {
  const plain = text.replace(/[^A-Za-z0-9]/g, "");
  if (plain.length < 8) return false;
  const digits = plain.replace(/\D/g, "").length;
  if (digits === plain.length) return false;
  const changes = changesBetweenKinds(plain);
  if (digits > 0 && changes >= plain.length / 6) return true;
  const upper = plain.replace(/[^A-Z]/g, "").length / plain.length;
  return upper > 0.25 && upper < 0.75 && changes >= plain.length / 3;
}

/** Between lower-case letters, upper-case letters and digits. */
function changesBetweenKinds(plain: string): number {
  let changes = 0;
  let before = kindOf(plain.charCodeAt(0));
  for (let at = 1; at < plain.length; at++) {
    const kind = kindOf(plain.charCodeAt(at));
    if (kind !== before) changes += 1;
    before = kind;
  }
  return changes;
}

function kindOf(code: number): number {
  if (code < 58) return 0;
  return code < 91 ? 1 : 2;
}

/** What documentation writes where a key would stand. */
const placeholder =
  /example|placeholder|your|change.?me|replace|dummy|sample|xxxx|\*{3}|\.{3}|0{6}|1234567|abcdef|test.?key|<[^>]*>|\$\{|redacted/i;

export function isPlaceholder(text: string): boolean {
  return placeholder.test(text);
}

const coreMinChars = 12;
/** Keys of all makers begin the same for everybody, as do the first bytes of every key file. */
const keyFileHeadChars = 64;
const makersPrefix = /^(?:[A-Za-z]{2,8}\d{0,3}[-_]){1,4}/;

/** The parts of a value of which a dozen characters are enough to know it. */
export function coresOf(value: string): readonly string[] {
  const keyFile = /-----BEGIN [^-]{1,64}-----([\s\S]*?)(?:-----END|$)/.exec(value)?.[1];
  if (keyFile !== undefined) {
    const body = keyFile.replace(/\\n|\s/g, "");
    return body.length > keyFileHeadChars + coreMinChars ? [body.slice(keyFileHeadChars)] : [];
  }
  const parts = value.split(".");
  // Of a signed token everything but the signature may be known to others.
  const sought = parts.length === 3 && value.startsWith("eyJ") ? (parts[2] ?? "") : value;
  const runs = sought.match(/[A-Za-z0-9+/=_-]{12,}/g) ?? [];
  return [...new Set(runs.map(withoutPrefix))].filter((core) => core.length >= coreMinChars && isCore(core));
}

function withoutPrefix(run: string): string {
  const rest = run.replace(makersPrefix, "");
  return rest.length >= coreMinChars ? rest : run;
}

function isCore(run: string): boolean {
  return looksRandom(run) || (/^[A-Za-z0-9]{20,}$/.test(run) && !/[a-z][A-Z][a-z]/.test(run));
}

/** What people write where a local server wants a key and looks at none: it stands in every other text. */
export function isNoKey(value: string): boolean {
  return value
    .toLowerCase()
    .split(/[-_. ]/)
    .every((word) => noKeys.has(word));
}

const noKeys: ReadonlySet<string> = new Set(
  "ollama local localhost lm studio lmstudio vllm llama cpp llamacpp dummy none not needed no key required sk api apikey placeholder test empty unused default null token secret password changeme".split(
    " ",
  ),
);
