// catalogue
// What credentials of well-known makers look like. Each pattern is linear: a fixed beginning, then one run of one class
// of characters, so that no text can make it slow (LOG-010). A text without any of a pattern's words is not searched.
import { isPlaceholder, looksRandom } from "../known/random.ts";
import type { Span } from "./finding.ts";

export type CredentialFormat = {
  readonly name: string;
  /** Without one of them the pattern cannot match. */
  readonly words: readonly string[];
  /** Where there is a group, it is the credential. */
  readonly pattern: RegExp;
  /** What the words alone prove; the others must look random besides, or they are somebody's explanation. */
  readonly certain?: true;
};

export const credentialFormats: readonly CredentialFormat[] = [
  { name: "anthropic", words: ["sk-ant-"], pattern: /\bsk-ant-[\w-]{16,256}/dg },
  { name: "openai", words: ["sk-"], pattern: /\bsk-(?:proj-|svcacct-|or-v1-)?[\w-]{20,256}/dg },
  { name: "google", words: ["AIza"], pattern: /\bAIza[\w-]{30,64}/dg },
  { name: "xai", words: ["xai-"], pattern: /\bxai-[\w-]{20,256}/dg },
  { name: "perplexity", words: ["pplx-"], pattern: /\bpplx-[\w-]{20,256}/dg },
  { name: "groq", words: ["gsk_"], pattern: /\bgsk_\w{20,256}/dg },
  { name: "huggingface", words: ["hf_"], pattern: /\bhf_\w{20,256}/dg },
  {
    name: "github",
    words: ["ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_"],
    pattern: /\b(?:gh[opsur]_\w{30,255}|github_pat_\w{30,255})/dg,
  },
  { name: "gitlab", words: ["glpat-"], pattern: /\bglpat-[\w-]{16,64}/dg },
  { name: "npm", words: ["npm_"], pattern: /\bnpm_\w{30,64}/dg },
  { name: "pypi", words: ["pypi-AgEI"], pattern: /\bpypi-AgEI[\w-]{50,512}/dg },
  { name: "slack", words: ["xox"], pattern: /\bxox[abeprs]-[\w-]{10,255}/dg },
  {
    name: "slack-webhook",
    words: ["hooks.slack.com/services/"],
    pattern: /hooks\.slack\.com\/services\/([\w/]{20,128})/dg,
  },
  { name: "telegram", words: [":AA"], pattern: /\b\d{8,10}:AA[\w-]{30,40}/dg },
  { name: "aws", words: ["AKIA", "ASIA"], pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/dg },
  { name: "stripe", words: ["k_live_"], pattern: /\b[rs]k_live_\w{16,255}/dg },
  { name: "sendgrid", words: ["SG."], pattern: /\bSG\.[\w-]{16,32}\.[\w-]{32,64}/dg },
  { name: "linear", words: ["lin_api_"], pattern: /\blin_api_\w{30,64}/dg },
  { name: "digitalocean", words: ["dop_v1_"], pattern: /\bdop_v1_[a-f0-9]{64}/dg },
  { name: "age", words: ["AGE-SECRET-KEY-1"], pattern: /\bAGE-SECRET-KEY-1[A-Z0-9]{40,70}/dg, certain: true },
  {
    name: "jwt",
    words: ["eyJ"], // It begins where a run of its characters does, so that no run is gone through once more from each of them.
    pattern: /(?<![\w-])eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000}/dg,
  },
  { name: "bearer", words: ["earer "], pattern: /\b[Bb]earer [\w.~+/=-]{16,4096}/dg },
  {
    name: "private-key",
    words: ["PRIVATE KEY-----"],
    pattern: /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[^-]{0,16384}(?:-----END [A-Z ]{0,32}PRIVATE KEY-----)?/dg,
    certain: true,
  },
  { name: "url-password", words: ["://"], pattern: /:\/\/[^\s/:@"]{0,128}:([^\s/:@"]{3,256})@/dg },
];

export type FormatMatch = Span & { readonly name: string };

/** `sure` leaves out what is written in place of a credential; `every` is for logs, where a line less is no loss. */
export function findFormats(text: string, mode: "sure" | "every"): readonly FormatMatch[] {
  const found: FormatMatch[] = [];
  for (const { name, words, pattern, certain } of credentialFormats) {
    if (!words.some((word) => text.includes(word))) continue;
    for (const match of text.matchAll(pattern)) {
      const [start, end] = match.indices?.[1] ?? match.indices?.[0] ?? [0, 0];
      const matched = text.slice(start, end);
      if (mode === "every" || (certain === true ? isWhole(name, matched) : isReal(matched)))
        found.push({ name, start, end });
    }
  }
  return found;
}

/** A password is somebody's own words, but it is not what documentation calls one. */
function isReal(matched: string): boolean {
  const body = matched.replace(/^(?:[Bb]earer |[A-Za-z]{2,8}\d{0,3}[-_])+/, "");
  return looksRandom(body) && !isPlaceholder(body);
}

/** The words that a key file begins with are no key. */
function isWhole(name: string, matched: string): boolean {
  return name !== "private-key" || matched.replace(/-----[^-]*-----/g, "").replace(/\\n|\s/g, "").length >= 32;
}
