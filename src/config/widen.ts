// Which changes of config give somebody more than before. They are marked in the audit record, so that the owner finds
// them among all the others. Over the network they are refused, and so is what no rule here knows: a key that is new to
// the schema is the owner's until somebody has thought about it.
import { LoricaError } from "../base/errors.ts";
import { isRecord } from "../base/json.ts";
import type { Json } from "../base/json.ts";
import { redactedLiteral } from "../base/secret.ts";
import type { ConfigChange } from "./diff.ts";
import { stepBelow } from "./read/issue.ts";
import type { Config } from "./schema/schema.ts";

type Widens = (before: Json | undefined, after: Json | undefined) => boolean;

/** The later in the list, the more it allows. A key that is taken out inherits what nobody sees from here. */
const rises =
  (...order: readonly string[]): Widens =>
  (before, after) => {
    const rank = order.indexOf(String(after));
    return rank < 0 || rank > Math.max(0, order.indexOf(String(before)));
  };

/** Everything but this value, for a key that is taken out means what it inherits. */
const isNot =
  (value: Json): Widens =>
  (_before, after) =>
    after !== value;

const gains: Widens = (before, after) => {
  if (after === undefined) return false;
  const known = new Set(keysOf(before));
  return keysOf(after).some((key) => !known.has(key));
};

const loses: Widens = (before, after) => gains(after, before);
const changes: Widens = () => true;

/** An allow list that is dropped allows everything; one that is new or shorter allows less. */
const allows: Widens = (before, after) => {
  if (before === undefined) return false;
  return after === undefined || gains(before, after);
};

/** An agent's own allow list takes the place of the one that it would inherit, which may be shorter. */
const allowsAgent: Widens = (before, after) =>
  before === undefined ? keysOf(after).length > 0 : allows(before, after);

/** A list on which nobody means everybody. */
const opens: Widens = (before, after) =>
  keysOf(before).length > 0 && (keysOf(after).length === 0 || gains(before, after));

/** People or groups. Where nobody is named, another list counts, or none. */
const admits: Widens = (before, after) =>
  gains(before, after) || (keysOf(before).length > 0 && keysOf(after).length === 0);

const rules: readonly (readonly [path: RegExp, widens: Widens])[] = [
  [/^gateway\.bind$/, (_before, after) => !isLocal(after)],
  [/^gateway\.(customBindHost|allowRealIpFallback|remote\.(url|tlsFingerprint)|(tailscale|tls)\..*)$/, changes],
  [/^gateway\.nodes\.allowCommands$/, gains],
  [/^gateway\.nodes\.denyCommands$/, loses],
  [/^discovery\.mdns\.mode$/, rises("off", "minimal", "full")],
  [/^gateway\.auth\./, changes],
  [/^gateway\.trustedProxies$/, gains],
  [/^gateway\.allowedAddresses$/, opens],
  [/^gateway\.controlUi\.enabled$/, isNot(false)],
  [/^gateway\.controlUi\.allowedOrigins$/, gains],
  [/^gateway\.http\.endpoints\.\w+\.enabled$/, isNot(false)],
  [/^gateway\.tools\.deny$/, loses],
  [/^gateway\.tools\.allow$/, gains],
  [/(^|\.)tools\.profile$/, rises("minimal", "messaging", "coding", "full")],
  [/^(tools|tools\.sandbox\.tools|tools\.subagents\.tools)\.allow$/, allows],
  [/^agents\..*\.tools\.allow$/, allowsAgent],
  [/(^|\.)(tools|tools\.sandbox\.tools|tools\.subagents\.tools)\.deny$/, loses],
  [/^tools\.exec\.security$/, rises("deny", "allowlist", "full")],
  [/^tools\.exec\.ask$/, rises("always", "on-miss", "off")],
  [/^tools\.loopDetection\.enabled$/, isNot(true)],
  [/\.sandbox\.workspaceAccess$/, rises("none", "ro", "rw")],
  [/\.sandbox\.mode$/, rises("all", "non-main", "off")],
  [/\.sandbox\.scope$/, rises("session", "agent", "shared")],
  [/\.sandbox\.instructions$/, rises("ro", "rw")],
  [/\.sandbox\.(docker|prune)\b/, changes],
  [/\.trust$/, changes],
  [/(^|\.)workspace$/, changes],
  [/^channels\.[^.]+\.allowFrom$|^commands\.ownerAllowFrom$/, gains],
  [/^channels\..*\.(groups|accounts)\b.*\.allowFrom$|\.(groupAllowFrom|allowedGroups)$/, admits],
  [/^channels\.[^.]+(\.accounts\.[^.]+)?\.(enabled|allowBots)$/, isNot(false)],
  [
    /^channels\..*(\.groups(\.|\[).*\.(enabled|requireMention)|\.apiRoot|\.webhookUrl|\.requireCommandPrefix)$/,
    changes,
  ],
  [/^channels\..*\.groups(\.[^.]+|\[[^\]]+\])?$/, gains],
  [/\.dmPolicy$/, rises("disabled", "allowlist", "pairing", "open")],
  [/\.groupPolicy$/, rises("disabled", "allowlist", "open")],
  [/\.requireMention$/, isNot(true)],
  [/\.configWrites$|^commands\.(config|restart|bash)$/, isNot(false)],
  [/^models\.providers(\.[\w.-]+|\[[^\]]+\])?(\.(baseUrl|api|headers\b.*))?$/, changes],
  [/^models\.providers\b.*\.apiKey$/, changes],
  [/^agents\.list(\.[\w-]+|\[[^\]]+\])?$/, (before, after) => before === undefined && after !== undefined],
  [/^agents\.list.*\.default$/, changes],
  [/\.subagents\.(allowAgents|maxSpawnDepth)$/, changes],
  // Whoever is named as a recipient can read everything that is in a backup.
  [/^backup\b/, changes],
  [/^bindings\b/, changes],
  [/^plugins\.|^env\.|^browser\.|^hooks\.|^cron\./, changes],
  [/^logging\.(redactSensitive|redactPatterns|file)$/, changes],
  [/^dlp\.(enabled|freeze|entropy)$/, isNot(true)],
  [/^dlp\.(windowMessages|pii)/, changes],
  [/^dlp\.unreadableFiles$/, isNot("stop")],
  [/^session\.(scope|dmScope|identityLinks)/, changes],
  [/^security\.acknowledged$/, gains],
  [/(^|\.)egress\.(allow|presets)$/, gains],
  // Whose TLS is not ended any more escapes the rules about methods and paths.
  [/(^|\.)egress\.(deny|terminate)$/, loses],
  [/^egress\.proxy$|\.egress\.uploadMaxBytes$/, changes],
  [/\.egress\.profile$/, rises("none", "web-read", "listed", "packages")],
];

/** One step into a map or a list of named items, as `renderPath` and `stepBelow` write it. */
const step = String.raw`(?:\.[\w$-]+|\["(?:[^"\\]|\\.)*"\])`;
const anAgent = new RegExp(`^agents\\.list${step}$`);

/** Keys of which no value lets anybody do or see more. Whatever is neither here nor in a rule is the owner's to change. */
const harmless: readonly RegExp[] = [
  ofAgent(String.raw`(name|description|identity\.(name|theme|emoji))`),
  ofAgent(String.raw`((imageModel|model|subagents\.model)\.(primary|fallbacks)|utilityModel)`),
  ofAgent(String.raw`(thinkingDefault|subagents\.thinking|verboseDefault|reasoningDefault)`),
  ofAgent(String.raw`(contextTokens|bootstrapMaxChars|bootstrapTotalMaxChars|userTimezone|typingIntervalSeconds)`),
  ofAgent(String.raw`(compaction\.\w+|contextPruning\..*|models${step}\.(alias|streaming))`),
  new RegExp(String.raw`^models\.providers${step}\.(timeoutSeconds|maxTokens)$`),
  new RegExp(
    String.raw`^models\.providers${step}\.models${step}\.(name|reasoning|contextWindow|contextTokens|maxTokens)$`,
  ),
  new RegExp(String.raw`^channels${step}(\.accounts${step})?\.(name|textChunkLimit|mediaMaxMb|responsePrefix)$`),
  new RegExp(String.raw`^channels${step}(\.accounts${step})?\.(historyLimit|dmHistoryLimit)$`),
  /^messages\.((queue|inbound)\.[^[]+|responsePrefix|ackReaction|groupChat\.historyLimit)$/,
  /^session\.(reset\.\w+|resetTriggers)$/,
  /^logging\.(consoleLevel|consoleStyle)$/,
  /^ui\.(seamColor|prefs\b.*)$/,
];

/**
 * What an owner may change with an editor and have at once, beyond that: bounds, times and looks. None of them is open to
 * clients over the network, and none lets anybody do, see or reach more.
 */
const byHand: readonly RegExp[] = [
  /^(\$schema|version|meta\b.*|gateway\.(port|reload\.\w+))$/,
  /^(messages|ui|transcripts|attachments)\./,
  /^session\.(maintenance\.\w+|jsonlMirror|reset\b.*)$/,
  /^logging\.(level|maxFileBytes|rotation\.\w+)$/,
  ofAgent(String.raw`(timeoutSeconds|maxConcurrent|imageMaxDimensionPx|mediaMaxMb|skipBootstrap|sandbox\.prune\.\w+)`),
  ofAgent(String.raw`(sandbox\.docker\.(pidsLimit|memory|memorySwap|cpus)|heartbeat\.(every|timeoutSeconds))`),
  new RegExp(String.raw`^channels${step}(\.accounts${step})?\.(streaming|replyToMode|typingMode|draft\b.*)$`),
];

function ofAgent(key: string): RegExp {
  return new RegExp(String.raw`^agents\.(defaults|list${step})\.${key}$`);
}

export function widens(change: ConfigChange): boolean {
  return within(change).some(partWidens);
}

function partWidens({ path, before, after }: Part): boolean {
  return rules.some(([pattern, judge]) => pattern.test(path) && judge(before, after));
}

/** Whether somebody has thought about each key of it, and found that this gives nobody more. */
function isWithinReach(change: ConfigChange, besides: readonly RegExp[] = []): boolean {
  // An agent that is gone does nothing any more.
  if (anAgent.test(change.path) && change.after === undefined) return true;
  return within(change).every((part) => {
    if (partWidens(part)) return false;
    const isBranch = (branchOf(part.before) ?? branchOf(part.after) ?? new Map()).size > 0;
    return (
      isBranch || [...harmless, ...besides, ...rules.map(([pattern]) => pattern)].some((known) => known.test(part.path))
    );
  });
}

type Part = Pick<ConfigChange, "path" | "before" | "after">;

/** A branch that came or went whole is one change; what is in it is judged as if each key had been written alone. */
function within(part: Part): readonly Part[] {
  const [was, is] = [branchOf(part.before), branchOf(part.after)];
  const names = new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])]);
  return [part, ...[...names].flatMap((name) => within(partBelow(part, name)))];
}

function partBelow({ path, before, after }: Part, name: string): Part {
  return { path: stepBelow(path, name), before: branchOf(before)?.get(name), after: branchOf(after)?.get(name) };
}

/** An object by its names, a list of objects by their ids. */
function branchOf(value: Json | undefined): ReadonlyMap<string, Json> | undefined {
  return isRecord(value) ? new Map(Object.entries(value as Record<string, Json>)) : itemsById(value);
}

/** The items of a list in which each has an id; undefined for anything else. */
export function itemsById(value: Json | undefined): ReadonlyMap<string, Json> | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const items = new Map<string, Json>();
  for (const item of value as readonly Json[]) {
    if (!isRecord(item) || typeof item["id"] !== "string") return undefined;
    items.set(item["id"], item as Json);
  }
  return items;
}

/** A change as it comes over the network: what it amounts to, and the names of the credentials that it sets. */
export type FarChange = {
  readonly before: Config;
  readonly after: Config;
  readonly changes: readonly ConfigChange[];
  readonly secrets: readonly string[];
};

/** What a client over the network may not do: it names each key, and where the owner does it. */
export function refuseWidening({ before, after, changes, secrets }: FarChange): void {
  const [secret] = secrets;
  if (secret !== undefined)
    throw new LoricaError("forbidden", `a credential is set on the machine itself: lorica secret set ${secret}`);
  const isSecret = ({ before: was, after: is }: ConfigChange): boolean =>
    was === redactedLiteral || is === redactedLiteral;
  const refused = changes.filter((change) => !isWithinReach(change) || isSecret(change)).map(({ path }) => path);
  // Everybody who is bound to no agent would be answered by another one, who may do more.
  const paths = defaultAgent(before) === defaultAgent(after) ? refused : [...refused, "agents.list"];
  if (paths.length === 0) return;
  throw new LoricaError(
    "forbidden",
    `${paths.join(", ")}: this could give somebody more than before, so only the owner does it, on the machine itself: ${paths.map((path) => `lorica config set ${path} …`).join("; ")}`,
    { details: { reason: "widening", paths } },
  );
}

/** What of a change by hand waits for the owner's yes: each key that could give somebody more than before. */
export function widensByHand({ before, after, changes }: Omit<FarChange, "secrets">): readonly string[] {
  const paths = changes.filter((change) => !isWithinReach(change, byHand)).map(({ path }) => path);
  return defaultAgent(before) === defaultAgent(after) ? paths : [...new Set([...paths, "agents.list"])];
}

function defaultAgent({ agents }: Config): string | undefined {
  return (agents.list.find((entry) => entry.default) ?? agents.list[0])?.id;
}

function isLocal(bind: Json | undefined): boolean {
  return bind === "loopback" || bind === "auto";
}

function keysOf(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return value.map((item: Json) => JSON.stringify(item));
  return isRecord(value) ? Object.keys(value) : [];
}
