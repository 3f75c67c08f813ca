// Which changes of config give somebody more than before. They are marked in the audit record, so that the owner finds
// them among all the others.
import { isRecord } from "../base/json.ts";
import type { Json } from "../base/json.ts";
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
  return rules.some(([path, judge]) => path.test(change.path) && judge(change.before, change.after));
}

function isLocal(bind: Json | undefined): boolean {
  return bind === "loopback" || bind === "auto";
}

function keysOf(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return value.map((item: Json) => JSON.stringify(item));
  return isRecord(value) ? Object.keys(value) : [];
}
