// The head of a request on its way through: what belongs to one connection stays behind, and placeholders become the
// credentials that they stand for, where these are bound to.
import type { IncomingHttpHeaders, OutgoingHttpHeader, OutgoingHttpHeaders } from "node:http";
import { refusalOf } from "./way.ts";
import type { Asker, ProxyDeps, Refusal } from "./way.ts";

const ofTheConnection = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** Without what is for this connection only, by its name or by the word of `connection` itself. */
export function throughHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const words = (headers.connection ?? "").toLowerCase().split(",");
  const named = new Set(words.map((name) => name.trim()));
  const entries = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !ofTheConnection.has(name) && !named.has(name),
  );
  return Object.fromEntries(entries);
}

/** What frameworks let stand for another method, path or host than the request's own. */
const turning = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "x-original-host",
  "x-forwarded-host",
  "x-host",
  "forwarded",
];

export function turningHeader(headers: IncomingHttpHeaders): string | undefined {
  return turning.find((name) => headers[name] !== undefined);
}

/** A header of an answer without the credentials that its request held. */
export function strikeOut(value: OutgoingHttpHeader | undefined, secrets: readonly string[]): string | string[] {
  const strike = (text: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return Array.isArray(value) ? value.map(strike) : strike(String(value));
}

export type Filled =
  /** `values` are what must not come back: the credentials, and as base64 what holds one. */
  | { readonly kind: "filled"; readonly headers: OutgoingHttpHeaders; readonly values: readonly string[] }
  | { readonly kind: "refused"; readonly refusal: Refusal };

type At = Asker & { readonly host: string; readonly method: string; readonly path: string };

/** `vault:NAME` as a word of a header, with a name as the vault has them; what only looks like one is refused, too. */
const placeholder = /(?<![\w-])vault:([a-z][a-z0-9-]{0,31}:[a-z0-9][a-z0-9._-]{0,63}|[A-Za-z0-9][\w.-]{0,127})/g;

/** `bound` are the names that a rule lets stand for a value at this host; any other one is refused, never sent. */
export async function fillPlaceholders(
  headers: OutgoingHttpHeaders,
  { at, bound, fill }: { readonly at: At; readonly bound: readonly string[]; readonly fill: ProxyDeps["fill"] },
): Promise<Filled> {
  const values: string[] = [];
  const filled: OutgoingHttpHeaders = { ...headers };
  for (const [header, text] of Object.entries(headers)) {
    // Basic credentials hide theirs in base64, and only for them it is looked for there.
    const plain = unwrapBasic(String(text));
    for (const [whole, name = ""] of plain.text.matchAll(placeholder)) {
      const value = bound.includes(name) ? await fill?.({ ...at, name, header }) : undefined;
      if (value === undefined || /[^\t\x20-\x7e]/.test(value))
        return { kind: "refused", refusal: refusalOf("credential", `the secret ${name} is not bound to ${at.host}`) };
      values.push(value);
      plain.text = plain.text.replace(whole, () => value);
      filled[header] = plain.wrap(plain.text);
    }
    if (filled[header] !== text && plain.isWrapped) values.push(Buffer.from(plain.text, "latin1").toString("base64"));
  }
  return { kind: "filled", headers: filled, values };
}

type Plain = { text: string; readonly wrap: (text: string) => string; readonly isWrapped: boolean };

function unwrapBasic(text: string): Plain {
  const [, encoded] = /^basic ([A-Za-z0-9+/=]{1,4096})$/i.exec(text) ?? [];
  if (encoded === undefined) return { text, wrap: (plain) => plain, isWrapped: false };
  const decoded = Buffer.from(encoded, "base64").toString("latin1");
  if (!decoded.includes("vault:")) return { text, wrap: (plain) => plain, isWrapped: false };
  const wrap = (plain: string): string => `Basic ${Buffer.from(plain, "latin1").toString("base64")}`;
  return { text: decoded, wrap, isWrapped: true };
}
