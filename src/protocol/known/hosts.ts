// catalogue
// Host names as rules and requests may spell them. One spelling only: whatever a resolver, a proxy and a certificate could
// read in different ways is no name here.
import { parsed, rejected } from "../../base/parsed.ts";
import type { Parsed } from "../../base/parsed.ts";

/** `below` is every name under it, and not the name itself. */
export type HostPattern = { readonly kind: "exact" | "below"; readonly name: string };

export type HostPlace = { readonly host: HostPattern; readonly port: number | undefined };

const labels = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Lower case. At least two labels, the last of which begins with a letter: no address, in whatever base, passes. */
export function parseHostName(text: string): Parsed<string> {
  const name = text.toLowerCase();
  if (name.length > 253) return rejected("a host name has 253 characters at most");
  if (name.includes("/")) return rejected("a host name alone, without https:// and without a path");
  if (name === "*") return rejected("every host at once cannot be named; name hosts one by one, or *.example.com");
  if (/[^a-z0-9.-]/.test(name)) return rejected("a host name is made of ASCII letters, digits, dots and hyphens");
  if (name.endsWith(".")) return rejected("a host name without a dot at its end");
  const parts = name.split(".");
  if (parts.length < 2) return rejected("a host name of two labels or more, as example.com");
  if (!parts.every((label) => labels.test(label)))
    return rejected("a label of a host name is empty, too long or misspelt");
  if (!/^[a-z]/.test(parts.at(-1) ?? "")) return rejected("an address is not a host name; name the host");
  return parsed(name);
}

/** `host`, `host:port`, `*.host` or `*.host:port`. */
export function parseHostPlace(text: string): Parsed<HostPlace> {
  const [, written = text, digits] = /^([^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) return rejected(`${digits} is no port`);
  const isBelow = written.startsWith("*.");
  const name = parseHostName(isBelow ? written.slice(2) : written);
  if (!name.ok) return rejected(`${JSON.stringify(text.slice(0, 80))}: ${name.reason}`);
  if (isBelow && isSharedZone(name.value))
    return rejected(`*.${name.value} would let anybody in who rents a name there; name the hosts one by one`);
  return parsed({ host: { kind: isBelow ? "below" : "exact", name: name.value }, port });
}

export function matchesHost(pattern: HostPattern, host: string): boolean {
  return pattern.kind === "exact" ? host === pattern.name : host.endsWith(`.${pattern.name}`);
}

export function renderHost(pattern: HostPattern): string {
  return pattern.kind === "exact" ? pattern.name : `*.${pattern.name}`;
}

/** Second-level labels under which registries sell names, as in `co.uk`. */
const secondLevels = new Set(["ac", "co", "com", "edu", "gob", "gov", "go", "ne", "net", "nom", "or", "org", "sch"]);

/** Zones in which a stranger gets a name for nothing. */
const sharedZones = new Set([
  "1drv.ms",
  "appspot.com",
  "azureedge.net",
  "azurefd.net",
  "azurewebsites.net",
  "b-cdn.net",
  "blogspot.com",
  "bunnycdn.com",
  "cloudapp.net",
  "cloudflarestorage.com",
  "cloudfront.net",
  "cloudfunctions.net",
  "core.windows.net",
  "blob.core.windows.net",
  "digitaloceanspaces.com",
  "ddns.net",
  "deno.dev",
  "duckdns.org",
  "dyndns.org",
  "edgekey.net",
  "fastly.net",
  "firebaseapp.com",
  "firebaseio.com",
  "fly.dev",
  "gitbook.io",
  "github.dev",
  "github.io",
  "githubpreview.dev",
  "githubusercontent.com",
  "gitlab.io",
  "glitch.me",
  "googleapis.com",
  "googleusercontent.com",
  "herokuapp.com",
  "hf.space",
  "interact.sh",
  "loca.lt",
  "myshopify.com",
  "netlify.app",
  "ngrok-free.app",
  "ngrok.app",
  "ngrok.io",
  "nip.io",
  "no-ip.org",
  "notion.site",
  "oast.fun",
  "oast.pro",
  "onrender.com",
  "pages.dev",
  "pipedream.net",
  "r2.dev",
  "railway.app",
  "readthedocs.io",
  "repl.co",
  "replit.app",
  "replit.dev",
  "run.app",
  "serveo.net",
  "sslip.io",
  "storage.googleapis.com",
  "supabase.co",
  "surge.sh",
  "trafficmanager.net",
  "translate.goog",
  "trycloudflare.com",
  "tumblr.com",
  "vercel.app",
  "web.app",
  "weebly.com",
  "wixsite.com",
  "wordpress.com",
  "workers.dev",
  "xip.io",
]);

function isSharedZone(name: string): boolean {
  const parts = name.split(".");
  if (parts.length < 2 || sharedZones.has(name)) return true;
  if (name === "amazonaws.com" || name.endsWith(".amazonaws.com")) return true;
  return parts.length === 2 && secondLevels.has(parts[0] ?? "") && (parts[1] ?? "").length === 2;
}
