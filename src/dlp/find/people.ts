// Lists of people: one address in an answer is an answer, many of them are an export. Only where the owner asked for it.
import type { Span } from "./finding.ts";

export type PeopleRules = {
  readonly emails: boolean;
  readonly phones: boolean;
  readonly members: readonly string[];
  /** So many different ones make a list. */
  readonly atLeast: number;
};

export type PeopleMatch = { readonly name: "emails" | "phones" | "members"; readonly values: readonly Span[] };

const email = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}/dg;
const phone = /\+\d[\d ()/-]{6,18}\d/dg;

export function findPeople(text: string, rules: PeopleRules): readonly PeopleMatch[] {
  const found: PeopleMatch[] = [];
  const take = (name: PeopleMatch["name"], values: readonly Span[]): void => {
    const different = new Set(values.map(({ start, end }) => text.slice(start, end).toLowerCase()));
    if (different.size >= rules.atLeast) found.push({ name, values });
  };
  if (rules.emails && text.includes("@")) take("emails", matches(text, email));
  if (rules.phones && text.includes("+")) take("phones", matches(text, phone));
  if (rules.members.length > 0)
    take(
      "members",
      rules.members.flatMap((member) => places(text, member)),
    );
  return found;
}

function matches(text: string, pattern: RegExp): readonly Span[] {
  return [...text.matchAll(pattern)].map((match) => ({ start: match.index, end: match.index + match[0].length }));
}

function places(text: string, member: string): readonly Span[] {
  const at = text.indexOf(member);
  return member === "" || at < 0 ? [] : [{ start: at, end: at + member.length }];
}
