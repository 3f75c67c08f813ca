// Which changes of config give somebody more than before. They are marked in the audit record, so that the owner finds
// them among all the others, and over the network they are refused.
import { LoricaError } from "../base/errors.ts";
import { isRecord } from "../base/json.ts";
import type { Json } from "../base/json.ts";
import { redactedLiteral } from "../base/secret.ts";
import type { ConfigChange } from "./diff.ts";

type Widens = (before: Json | undefined, after: Json | undefined) => boolean;

/** The later in the list, the more it allows. */
const rises =
  (...order: readonly string[]): Widens =>
  (before, after) =>
    order.indexOf(String(after)) > order.indexOf(String(before));

const becomes =
  (value: Json): Widens =>
  (_before, after) =>
    after === value;

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

const rules: readonly (readonly [path: RegExp, widens: Widens])[] = [
  [/^gateway\.bind$/, (before, after) => isLocal(before) && !isLocal(after)],
  [/^gateway\.(customBindHost|remote\.url|remote\.tlsFingerprint)$/, changes],
  [/^gateway\.nodes\.allowCommands$/, gains],
  [/^gateway\.nodes\.denyCommands$/, loses],
  [/^gateway\.auth\.mode$/, becomes("none")],
  [/^gateway\.auth\.(token|password)$/, changes],
  [/^gateway\.trustedProxies$/, gains],
  [/^gateway\.controlUi\.enabled$/, becomes(true)],
  [/^gateway\.controlUi\.allowedOrigins$/, gains],
  [/^gateway\.http\.endpoints\.\w+\.enabled$/, becomes(true)],
  [/^gateway\.tools\.deny$/, loses],
  [/^gateway\.tools\.allow$/, gains],
  [/^gateway\.allowedAddresses$/, allows],
  [/^gateway\.auth\.mode$/, changes],
  [/^gateway\.auth\.trustedProxy\.(userHeader|allowUsers)$/, changes],
  [/^gateway\.auth\.trustedProxy\.requiredHeaders$/, loses],
  [/^gateway\.allowRealIpFallback$/, becomes(true)],
  [/^gateway\.tls\.enabled$/, becomes(false)],
  [/(^|\.)tools\.profile$/, rises("undefined", "minimal", "messaging", "coding", "full")],
  [/(^|\.)(tools|tools\.sandbox\.tools|tools\.subagents\.tools)\.allow$/, allows],
  [/(^|\.)(tools|tools\.sandbox\.tools|tools\.subagents\.tools)\.deny$/, loses],
  [/^tools\.exec\.security$/, rises("deny", "allowlist", "full")],
  [/^tools\.exec\.ask$/, rises("always", "on-miss", "off")],
  [/^tools\.loopDetection\.enabled$/, becomes(false)],
  [/\.?sandbox\.workspaceAccess$/, rises("none", "ro", "rw")],
  [/(^|\.)workspace$/, changes],
  [/\.allowFrom$|\.groupAllowFrom$|\.allowedGroups$|^commands\.ownerAllowFrom$/, gains],
  [/^channels\.[\w-]+(\.accounts\.[\w-]+)?\.(enabled|allowBots)$/, becomes(true)],
  [
    /^channels\.[\w-]+(\.accounts\.[\w-]+)?(\.groups\.[^.]+\.(enabled|requireMention|allowFrom)|\.apiRoot|\.webhookUrl|\.requireCommandPrefix)$/,
    changes,
  ],
  [/^channels\.[\w-]+(\.accounts\.[\w-]+)?\.groups(\.[^.]+)?$/, gains],
  [/\.dmPolicy$/, rises("disabled", "allowlist", "pairing", "open")],
  [/\.groupPolicy$/, rises("disabled", "allowlist", "open")],
  [/\.requireMention$/, becomes(false)],
  [/\.configWrites$|^commands\.(config|restart|bash)$/, becomes(true)],
  [/^models\.providers(\.[\w.-]+|\[[^\]]+\])?(\.(baseUrl|api|headers\b.*))?$/, changes],
  [/^models\.providers\b.*\.apiKey$/, changes],
  [/^agents\.list(\.[\w-]+|\[[^\]]+\])?$/, (before, after) => before === undefined && after !== undefined],
  [/\.subagents\.(allowAgents|maxSpawnDepth)$/, changes],
  [/^bindings$/, changes],
  [/^plugins\.|^env\.|^browser\.|^hooks\.|^cron\./, changes],
  [/^logging\.(redactSensitive|redactPatterns|level|file)$/, changes],
  [/^session\.(dmScope|identityLinks)/, changes],
  [/^security\.acknowledged$/, gains],
];

export function widens(change: ConfigChange): boolean {
  for (const { path, before, after } of within(change))
    if (rules.some(([pattern, judge]) => pattern.test(path) && judge(before, after))) return true;
  return false;
}

type Part = Pick<ConfigChange, "path" | "before" | "after">;

/** A branch that came or went whole is one change; what is in it is judged as if each key had been written alone. */
function* within({ path, before, after }: Part): Generator<Part> {
  yield { path, before, after };
  const [was, is] = [branchOf(before), branchOf(after)];
  if (was === undefined && is === undefined) return;
  for (const name of new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])]))
    yield* within({ path: `${path}.${name}`, before: was?.get(name), after: is?.get(name) });
}

/** An object by its names, a list of objects by their ids. */
function branchOf(value: Json | undefined): ReadonlyMap<string, Json> | undefined {
  if (isRecord(value)) return new Map(Object.entries(value as Record<string, Json>));
  if (!Array.isArray(value)) return undefined;
  const items = (value as readonly Json[]).flatMap((item) =>
    isRecord(item) && typeof item["id"] === "string" ? [[item["id"], item as Json] as const] : [],
  );
  return items.length === 0 ? undefined : new Map(items);
}

/** What a client over the network may not do: it names each key, and where the owner does it. */
export function refuseWidening(changes: readonly ConfigChange[], secrets: readonly string[]): void {
  const [secret] = secrets;
  if (secret !== undefined)
    throw new LoricaError("forbidden", `a credential is set on the machine itself: lorica secret set ${secret}`);
  const isSecret = ({ before, after }: ConfigChange): boolean =>
    before === redactedLiteral || after === redactedLiteral;
  const paths = changes.filter((change) => widens(change) || isSecret(change)).map(({ path }) => path);
  if (paths.length === 0) return;
  throw new LoricaError(
    "forbidden",
    `${paths.join(", ")}: this would give somebody more than before, so only the owner does it, on the machine itself: ${paths.map((path) => `lorica config set ${path} …`).join("; ")}`,
    { details: { reason: "widening", paths } },
  );
}

function isLocal(bind: Json | undefined): boolean {
  return bind === "loopback" || bind === "auto";
}

function keysOf(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return value.map((item: Json) => JSON.stringify(item));
  return isRecord(value) ? Object.keys(value) : [];
}
