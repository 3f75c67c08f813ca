// The one judge of everything that leaves: a command's connection, a request to a provider or a platform. No rule means no,
// and a rule that denies wins. It is pure: who asks resolves the name afterwards, and dials the address that was checked.
import { matchesHost, parseHostName } from "../../protocol/known/hosts.ts";
import type { HostPattern } from "../../protocol/known/hosts.ts";
import type { Reach } from "../../network/network.ts";
import { seesRequest } from "./rules.ts";
import type { AgentEgress, EgressRule } from "./rules.ts";

export { endedHosts, hasWayOut, presets, renderRule } from "./rules.ts";
export type { AgentEgress, EgressRule, Preset, PresetName } from "./rules.ts";

export type EgressQuestion = {
  readonly agentId: string;
  readonly host: string;
  readonly port: number;
  /** Both or neither: a tunnel shows none of them. */
  readonly method?: string;
  readonly path?: string;
  readonly account?: string;
  readonly credential?: string;
  /** `route` is the broker's own request to what a base URL names; all others come out of a cell. */
  readonly transport: "tunnel" | "tls" | "http" | "route";
};

export type EgressVerdict =
  | {
      readonly verdict: "allow";
      readonly rule: string;
      readonly reach: Reach;
      /** The tunnel's TLS must end here, or rules about methods and paths would not hold. */
      readonly terminate: boolean;
      /** Whether any rule about this host looks at methods or paths. */
      readonly seesRequest: boolean;
      /** The vault's names whose placeholders may be filled in at this host. */
      readonly credentials: readonly string[];
    }
  /** `reason` may be shown to a model. */
  | { readonly verdict: "deny"; readonly rule: string; readonly reason: string };

export function judge(egress: AgentEgress | undefined, asked: EgressQuestion, now: number): EgressVerdict {
  const host = asked.transport === "route" ? asked.host : plainHost(asked.host);
  if (host === undefined)
    return deny("grammar", "that is not a plain host name; addresses and unusual spellings are not dialled");
  const question = { ...asked, host };
  const near = (egress?.rules ?? []).filter((rule) => isNear(rule, question, now));
  const isVisible = question.path !== undefined;
  if (isVisible && near.some(seesRequest) && !isPlainPath(question.path))
    return deny("grammar", "a path that could be read in two ways, at a host whose rules name paths");
  const denied = near.find(
    (rule) => rule.verdict === "deny" && (isVisible ? fits(rule, question) : !seesRequest(rule)),
  );
  if (denied !== undefined) return deny(denied.id, `the owner's rule ${denied.id} denies ${describe(question)}`);
  const allowed = near.filter((rule) => rule.verdict === "allow" && (!isVisible || fits(rule, question)));
  const [first] = allowed;
  if (first === undefined) return unlisted(question, near);
  return {
    verdict: "allow",
    rule: first.id,
    reach: allowed.some(({ reach }) => reach === "owner-named") ? "owner-named" : "public",
    terminate: !isVisible && mustTerminate(host, { near, allowed, terminate: egress?.terminate ?? [] }),
    seesRequest: near.some(seesRequest),
    credentials: [...new Set(allowed.flatMap(({ credentials }) => credentials ?? []))],
  };
}

function plainHost(text: string): string | undefined {
  const host = parseHostName(text);
  return host.ok ? host.value : undefined;
}

/** Whether a rule speaks of this place and this asker at all. */
function isNear(rule: EgressRule, { host, port, ...asked }: EgressQuestion, now: number): boolean {
  if (rule.until !== undefined && rule.until <= now) return false;
  if (rule.agents !== undefined && !rule.agents.includes(asked.agentId)) return false;
  if (rule.ports.length === 0 ? rule.verdict === "allow" : !rule.ports.includes(port)) return false;
  if (rule.accounts !== undefined && (asked.account === undefined || !rule.accounts.includes(asked.account)))
    return false;
  if (rule.credentials !== undefined && !meansCredential(rule, asked)) return false;
  if (rule.host.kind === "literal") return asked.transport === "route" && rule.host.name === host;
  return matchesHost(rule.host, host);
}

/** In a cell's rule that allows, the credentials are what a placeholder may become; elsewhere they are what is sent. */
function meansCredential(rule: EgressRule, asked: Pick<EgressQuestion, "credential" | "transport">): boolean {
  if (rule.verdict === "allow" && asked.transport !== "route") return true;
  return asked.credential !== undefined && (rule.credentials ?? []).includes(asked.credential);
}

/** What a rule that denies names is found in every spelling that a server might fold; what one allows in one only. */
function fits({ verdict, methods, paths }: EgressRule, { method = "", path = "" }: EgressQuestion): boolean {
  if (methods !== undefined && !methods.includes(method.toUpperCase())) return false;
  if (paths === undefined) return true;
  const bare = path.split("?")[0] ?? "";
  const [wanted, prefixes] =
    verdict === "deny" ? [unescaped(bare).toLowerCase(), paths.map((prefix) => prefix.toLowerCase())] : [bare, paths];
  return prefixes.some((prefix) => isBelow(wanted, prefix));
}

function unescaped(path: string): string {
  return path.replaceAll(/%[0-9a-f]{2}/gi, (code) => String.fromCodePoint(Number.parseInt(code.slice(1), 16)));
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
}

/** No dot segments, no empty ones, nothing that a server would decode into another path. */
function isPlainPath(path = ""): boolean {
  const bare = path.split("?")[0] ?? "";
  if (!bare.startsWith("/") || /\/\/|\/\.{1,2}(\/|$)|\\|;|#|[^\x21-\x7e]/.test(bare)) return false;
  return !/%(?:2e|2f|5c|25|00|3b)/i.test(bare);
}

function mustTerminate(
  host: string,
  known: {
    readonly near: readonly EgressRule[];
    readonly allowed: readonly EgressRule[];
    readonly terminate: readonly HostPattern[];
  },
): boolean {
  return (
    known.terminate.some((pattern) => matchesHost(pattern, host)) ||
    known.near.some((rule) => rule.verdict === "deny" && seesRequest(rule)) ||
    known.allowed.every(seesRequest)
  );
}

function unlisted(asked: EgressQuestion, near: readonly EgressRule[]): EgressVerdict {
  const { agentId, host, port } = asked;
  const isRequest = near.some(({ verdict }) => verdict === "allow");
  if (isRequest)
    return deny("default", `${describe(asked)} is not among the methods and paths that are allowed at ${host}`);
  const place = port === 443 ? host : `${host}:${port}`;
  return deny(
    "default",
    `${place} is not on the list of agent ${agentId}; the owner can add it with: lorica egress allow ${place} --agent ${agentId}`,
  );
}

function describe({ method, host, port, path }: EgressQuestion): string {
  if (method === undefined || path === undefined) return `${host}:${port}`;
  return `${method.slice(0, 16)} ${host}${(path.split("?")[0] ?? "").slice(0, 128)}`;
}

function deny(rule: string, reason: string): EgressVerdict {
  return { verdict: "deny", rule, reason };
}
