// What stands in the head of a request and of its answer. Credentials are the broker's to add, so whatever the gateway
// sends under their names is dropped.
import { validateHeaderName, validateHeaderValue } from "node:http";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { canBeSought } from "../../dlp/dlp.ts";
import type { Use } from "../../vault/vault.ts";
import { pathTokenPlaceholder } from "../../protocol/known/channels.ts";
import type { CredentialRule, ProviderCeiling, Target } from "./target.ts";
import type { OutgoingRequest } from "./route.ts";

/** Credentials, and what belongs to the connection and not to the request. */
const dropped: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "proxy-authenticate",
  "x-api-key",
  "x-goog-api-key",
  "api-key",
  "cookie",
  "set-cookie",
  "host",
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "content-length",
  "accept-encoding",
]);

export function parseRequestHeaders(request: OutgoingRequest): Record<string, string> {
  const entries = Object.entries(request.headers);
  if (entries.length > limits.fetchHeadersMax)
    throw new LoricaError("invalid_request", `a request with more than ${limits.fetchHeadersMax} headers`);
  const headers: Record<string, string> = {};
  for (const [name, value] of entries) {
    checkHeader(name, value);
    if (!dropped.has(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  // Answers come as they are: nothing here would decode them.
  headers["accept-encoding"] = "identity";
  if (request.body !== undefined && request.bodyBytes !== undefined)
    headers["content-length"] = String(request.bodyBytes);
  return headers;
}

function checkHeader(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (cause) {
    throw new LoricaError("invalid_request", `not a header: ${JSON.stringify(name.slice(0, 64))}`, { cause });
  }
  if (value.length > limits.fetchHeaderMaxBytes)
    throw new LoricaError("invalid_request", `the header ${name} is longer than ${limits.fetchHeaderMaxBytes} bytes`);
}

export type Credentials = {
  readonly headers: Readonly<Record<string, string>>;
  /** What the path is to hold, and in place of which segment. */
  readonly inPath: { readonly segment: string; readonly filled: string } | undefined;
  /** The bare values, which must not come back. Not those that are in ordinary words. */
  readonly values: readonly string[];
};

/** The value for one use; throws where the credential is bound to others. */
export type ReadSecret = (name: string, use: Use) => Promise<string | undefined>;

export async function credentialHeaders(
  provider: ProviderCeiling,
  readSecret: ReadSecret,
  use: Omit<Use, "at">,
): Promise<Credentials> {
  const headers: Record<string, string> = {};
  const values: string[] = [];
  const rule = provider.credential;
  const key =
    rule === "none"
      ? undefined
      : (provider.value ?? (await readSecret(provider.secret, { ...use, at: placeOf(rule) })));
  if (key !== undefined) {
    // Also what is behind its last colon, which is written in one way wherever it stands.
    values.push(key, key.slice(key.lastIndexOf(":") + 1));
    if (typeof rule === "string") Object.assign(headers, renderCredential(rule, key));
  }
  for (const [name, secret] of Object.entries(provider.secretHeaders ?? {})) {
    const value = await readSecret(secret, { ...use, at: name.toLowerCase() });
    if (value === undefined) continue;
    values.push(value);
    headers[name.toLowerCase()] = value;
  }
  for (const [name, value] of Object.entries(headers)) {
    // Without the value: it is the credential.
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw new LoricaError(
        "config_invalid",
        `the credential for the header ${name} holds characters it cannot; set it again`,
      );
  }
  const inPath = typeof rule === "string" ? undefined : pathToken(rule.prefix, key);
  return { headers, inPath, values: [...new Set(values)].filter(canBeSought) };
}

function placeOf(rule: CredentialRule): string {
  if (typeof rule !== "string") return "path";
  return rule === "bearer" ? "authorization" : rule;
}

function pathToken(prefix: string, token: string | undefined): NonNullable<Credentials["inPath"]> {
  if (token === undefined)
    throw new LoricaError("unauthorized", "no token is stored for this account; give it one with: lorica channels add");
  // Whatever could mean another path, or be written in two ways, is no token of any platform.
  if (!/^[A-Za-z0-9:_-]+$/.test(token))
    throw new LoricaError("config_invalid", "the account's token holds characters that no token has; set it again");
  return { segment: `${prefix}${pathTokenPlaceholder}`, filled: `${prefix}${token}` };
}

/** Puts the token into the path of a target that was checked. A request that leaves no place for it is none of ours. */
export function fillPath(target: Target, { segment, filled }: NonNullable<Credentials["inPath"]>): Target {
  const [path = "", ...query] = target.path.split("?");
  const segments = path.split("/");
  const at = segments.indexOf(segment);
  if (at < 0) throw new LoricaError("forbidden", "a request without a place for the account's token");
  segments[at] = filled;
  return { ...target, path: [segments.join("/"), ...query].join("?") };
}

function renderCredential(rule: Extract<CredentialRule, string>, key: string): Readonly<Record<string, string>> {
  switch (rule) {
    case "bearer":
      return { authorization: `Bearer ${key}` };
    case "x-api-key":
    case "x-goog-api-key":
      return { [rule]: key };
    case "none":
      return {};
  }
}

/** Lower-case and flat; cookies stay behind, and so does a credential that the far side repeats. */
export function renderResponseHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  values: readonly string[],
): Readonly<Record<string, string>> {
  const rendered: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || dropped.has(name.toLowerCase())) continue;
    const text = Array.isArray(value) ? value.join(", ") : value;
    rendered[name.toLowerCase()] = values.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  }
  return rendered;
}
