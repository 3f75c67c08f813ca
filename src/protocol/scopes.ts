// What a connection may do. A client names the scopes it wants, gets what it is entitled to, and each method asks for one.

export const scopes = [
  "operator.admin",
  "operator.read",
  "operator.write",
  "operator.sessions.read",
  "operator.sessions.write",
  "operator.approvals",
  "operator.questions",
  "operator.pairing",
  "operator.talk",
  "operator.talk.secrets",
] as const;

export type Scope = (typeof scopes)[number];

const implied: Partial<Record<Scope, readonly Scope[]>> = {
  "operator.admin": scopes,
  "operator.write": ["operator.read", "operator.talk", "operator.sessions.read", "operator.sessions.write"],
  "operator.read": ["operator.sessions.read"],
  "operator.sessions.write": ["operator.sessions.read"],
};

export function isScope(name: string): name is Scope {
  return (scopes as readonly string[]).includes(name);
}

export function holdsScope(held: readonly Scope[], needed: Scope): boolean {
  return held.some((scope) => scope === needed || implied[scope]?.includes(needed) === true);
}
