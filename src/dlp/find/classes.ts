// Whole kinds of content that must not leave whatever their values are: files of variables, this product's own config,
// the environment of a process. Names alone are no secret: what counts is a name that promises one, with a value that
// looks like one.
import { isPlaceholder, looksRandom } from "../known/random.ts";
import type { Span } from "./finding.ts";

export type ClassMatch = { readonly name: "dotenv" | "config" | "environ"; readonly values: readonly Span[] };

const secretName = /KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|PRIVATE|DSN|WEBHOOK/;
const assignment = /^[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]{2,64})[ \t]*=[ \t]*["']?([^\s"'\0]{8,512})/dgm;
const processName = /(?:^|\0|\n)(?:PATH|HOME|PWD|SHELL|USER|LANG|LOGNAME|TERM)=/g;
const configValue =
  /["']?\b(?:botToken|apiKey|token|password|appToken|signingSecret|webhookSecret|clientSecret|secret)["']?[ \t]*:[ \t]*["']([\w+/=.:~-]{12,512})["']/dg;
const configArea =
  /["']?\b(?:gateway|channels|agents|models|providers|auth|telegram|plugins|bindings)["']?[ \t]*:[ \t]*[{[]/g;

export function findClasses(text: string): readonly ClassMatch[] {
  const found: ClassMatch[] = [];
  if (text.includes("=")) {
    const values = secretAssignments(text);
    const isEnviron = values.length > 0 && count(text, processName) >= 3;
    if (isEnviron) found.push({ name: "environ", values });
    else if (values.length >= 2) found.push({ name: "dotenv", values });
  }
  if (text.includes(":")) {
    const values = spansOf(text, configValue, 1);
    if (values.length > 0 && count(text, configArea) >= 2) found.push({ name: "config", values });
  }
  return found;
}

/** The values behind names that promise a secret, line by line or as a process has them. */
export function secretAssignments(text: string): readonly Span[] {
  if (!secretName.test(text)) return [];
  // A process keeps its variables with a NUL after each; places stay the same.
  const lines = text.replaceAll("\0", "\n");
  return spansOf(lines, assignment, 2, (match) => secretName.test(match[1] ?? ""));
}

function spansOf(
  text: string,
  pattern: RegExp,
  group: number,
  isSought: (match: RegExpExecArray) => boolean = () => true,
): readonly Span[] {
  const found: Span[] = [];
  for (const match of text.matchAll(pattern)) {
    const [start, end] = match.indices?.[group] ?? [0, 0];
    if (isSought(match) && isSecretLike(text.slice(start, end))) found.push({ start, end });
  }
  return found;
}

function isSecretLike(value: string): boolean {
  if (!/^[\w+/=.:~@-]{12,}$/.test(value) || isPlaceholder(value)) return false;
  if (/^[./~]|^\d+([.:-]\d+)*$/.test(value)) return false;
  return looksRandom(value);
}

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}
