// What a credential may be used for. A credential that is bound goes nowhere else, whatever the config comes to say.
import { z } from "zod";
import { LoricaError } from "../base/errors.ts";
import { parsed, rejected } from "../base/parsed.ts";
import type { Parsed } from "../base/parsed.ts";

const host = z
  .string()
  .max(255)
  .regex(/^[a-z0-9.[\]:_-]+$/, "is a host as in an address, with its port where it is not the usual one");

export const bindingSchema = z.strictObject({
  /** Whole names, `host` or `host:port`: `api.x.com` is not `evil-api.x.com` nor `api.x.com.evil.org`. */
  hosts: z.array(host).min(1).max(8),
  methods: z.array(z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])).optional(),
  /** Of whole segments: `/v1` covers `/v1/models` and not `/v10`. */
  path: z.string().startsWith("/").max(512).optional(),
  /** Where in a request it stands: a header's name, or `path`. */
  at: z.string().min(1).max(64).optional(),
  /** `channel/account`. */
  account: z.string().min(1).max(128).optional(),
  agents: z.array(z.string().min(1).max(64)).min(1).max(64).optional(),
  /** Nobody said it: it is where the credential was first used, as the config had it then. Another value forgets it. */
  derived: z.literal(true).optional(),
});

export type Binding = z.infer<typeof bindingSchema>;

/** One use that a credential is wanted for. */
export type Use = {
  readonly url: string;
  readonly method: string;
  readonly at: string;
  readonly account?: string | undefined;
  readonly agentId?: string | undefined;
};

/** Why a credential may not be used so; undefined where it may. */
export function violationOf(binding: Binding, use: Use): string | undefined {
  const wanted = placeOf(use);
  const { pathname } = new URL(use.url);
  if (!binding.hosts.includes(wanted)) return `it is bound to ${binding.hosts.join(", ")}, not ${wanted}`;
  if (binding.methods !== undefined && !binding.methods.some((method) => method === use.method))
    return `it is bound to ${binding.methods.join(", ")}, not ${use.method}`;
  if (binding.path !== undefined && !isBelow(pathname, binding.path))
    return `it is bound to paths below ${binding.path}`;
  if (binding.at !== undefined && binding.at !== use.at) return `it is bound to ${binding.at}, not ${use.at}`;
  if (binding.account !== undefined && binding.account !== use.account)
    return `it is bound to the account ${binding.account}`;
  if (binding.agents !== undefined && (use.agentId === undefined || !binding.agents.includes(use.agentId)))
    return `it is bound to the agents ${binding.agents.join(", ")}`;
  return undefined;
}

/** Its host; without TLS with its port always, so that what is bound to a host never goes there in plain text. */
function placeOf({ url }: Use): string {
  const { protocol, host, hostname, port } = new URL(url);
  const isPlain = port === "" && (protocol === "http:" || protocol === "ws:");
  return isPlain ? `${hostname}:80` : host;
}

function isBelow(path: string, prefix: string): boolean {
  const folder = prefix.endsWith("/") ? prefix : `${prefix}/`;
  return path === prefix || path.startsWith(folder);
}

/** Throws with the command that the owner binds it anew with. */
export function checkUse(name: string, binding: Binding | undefined, use: Use): void {
  const violation = binding === undefined ? undefined : violationOf(binding, use);
  if (violation === undefined) return;
  const wanted = placeOf(use);
  throw new LoricaError(
    "forbidden",
    `the credential ${name} was not used: ${violation}. If this is meant: lorica vault set ${name} --only-bind --bind host=${wanted}`,
    { details: { reason: "binding", secret: name } },
  );
}

/** What a credential is bound to that its owner has not bound: where it is first used. */
export function deriveBinding(use: Use): Binding {
  const account = use.account === undefined ? {} : { account: use.account };
  return { hosts: [placeOf(use)], at: use.at, ...account, derived: true };
}

/** `host=api.x.com,path=/v1,method=POST`; what may be several stands several times. */
export function parseBinding(text: string): Parsed<Binding> {
  const found: Record<string, string[]> = {};
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const key = keyNames[part.slice(0, at).trim()];
    const value = part.slice(at + 1).trim();
    if (at < 1 || key === undefined || value === "")
      return rejected(
        `not a binding: ${JSON.stringify(part)}. Write host=NAME, path=/…, method=…, at=HEADER, account=…, agent=…`,
      );
    (found[key] ??= []).push(key === "hosts" ? value.toLowerCase() : value);
  }
  const { path, at, account, ...lists } = found;
  const single = Object.fromEntries(
    Object.entries({ path, at, account }).flatMap(([key, values]) => (values === undefined ? [] : [[key, values[0]]])),
  );
  const binding = bindingSchema.safeParse({ ...lists, ...single });
  if (binding.success) return parsed(binding.data);
  return rejected(`not a binding: ${z.prettifyError(binding.error).replaceAll("\n", " ")}`);
}

/** As `parseBinding` reads it. */
export function renderBinding(binding: Binding): string {
  return Object.entries(keyNames)
    .flatMap(([word, key]) => [binding[key] ?? []].flat().map((value) => `${word}=${value}`))
    .join(",");
}

const keyNames: Readonly<Record<string, Exclude<keyof Binding, "derived">>> = {
  host: "hosts",
  method: "methods",
  path: "path",
  at: "at",
  account: "account",
  agent: "agents",
};
