// Old spellings become the present ones, each with a printed notice; the file itself is left as it is. What only has
// another name is in the table, what has another shape is below it.
import { renderPath } from "./issue.ts";
import type { Findings, Path } from "./issue.ts";
import { migrateChannels } from "./migrate-channels.ts";
import { migrateProvider } from "./migrate-provider.ts";
import { dotted, eachObject, move, peek, put, renamed, reword, take } from "./move.ts";
import type { Migrating } from "./move.ts";
import { emptyBranch, scalar } from "./tree.ts";
import type { Branch, Tree } from "./tree.ts";

const renames: readonly (readonly [from: string, to: string])[] = [
  ["agent.defaults", "agents.defaults"],
  ["agent.list", "agents.list"],
  ["agent", "agents.defaults"],
  ["sandbox", "agents.defaults.sandbox"],
  ["chatCompletions.enabled", "gateway.http.endpoints.chatCompletions.enabled"],
  ["responses.enabled", "gateway.http.endpoints.responses.enabled"],
  ["gateway.chatCompletions.enabled", "gateway.http.endpoints.chatCompletions.enabled"],
  ["gateway.responses.enabled", "gateway.http.endpoints.responses.enabled"],
  ["gateway.token", "gateway.auth.token"],
  ["gateway.password", "gateway.auth.password"],
  ["gateway.tls.cert", "gateway.tls.certPath"],
  ["gateway.tls.key", "gateway.tls.keyPath"],
  ["gateway.nodes.commands.allow", "gateway.nodes.allowCommands"],
  ["gateway.nodes.commands.deny", "gateway.nodes.denyCommands"],
  ["routing.dmScope", "session.dmScope"],
  ["routing.identityLinks", "session.identityLinks"],
  ["routing.bindings", "bindings"],
  ["sessions.pruneAfter", "session.maintenance.pruneAfter"],
  ["sessions.maxEntries", "session.maintenance.maxEntries"],
  ["sessions.rotateBytes", "session.maintenance.rotateBytes"],
  ["sessions.visibility", "tools.sessions.visibility"],
  ["dmHistoryLimit", "channels.defaults.dmHistoryLimit"],
  ["tools.shell", "tools.exec"],
  ["tools.bash", "tools.exec"],
  ["tools.exec.approvedPatterns", "tools.exec.allowlist"],
  ["memory.backend", "agents.defaults.memoryBackend"],
  ["agents.defaults.mediaModels.image", "agents.defaults.imageModel"],
  ["logging.maxFiles", "logging.rotation.maxFiles"],
  ["logging.maxFileBytes", "logging.rotation.maxSize"],
];

/** Accepted for the sake of old guides; what they did is fixed now, so they are dropped with a notice (C-75). */
const dropped: ReadonlyMap<string, string> = new Map([
  ["skills.autoDiscover", "skills are never loaded by themselves"],
  ["skills.requireApproval", "a skill always needs the owner's approval"],
  ["skills.sources", "skills are installed by command only"],
  ["skills.install", "skills are installed by command only"],
]);

const booleans = (yes: string, no: string): ReadonlyMap<unknown, string> =>
  new Map([
    [true, yes],
    [false, no],
  ]);

export function migrate(root: Branch, findings: Findings): void {
  const migrating: Migrating = { root, findings };
  // Before roots are merged, so that what is merged has one shape.
  for (const path of ["sandbox", "agent.sandbox", "agent.defaults.sandbox", "agents.defaults.sandbox"])
    migrateSandbox(migrating, dotted(path));
  for (const [from, to] of renames) moveOne(migrating, from, to);
  for (const [path, why] of dropped) drop(migrating, dotted(path), why);
  migrateAuth(migrating);
  migrateAgents(migrating);
  for (const pattern of ["agents.defaults", "agents.list.*"])
    for (const { path } of eachObject(migrating, pattern)) migrateAgent(migrating, path);
  migrateExec(migrating);
  migrateEnv(migrating);
  migrateProvider(migrating);
  migrateChannels(migrating);
  migrateBind(migrating);
  const mdns = peek(migrating, dotted("discovery.mdns"));
  if (mdns?.kind === "scalar")
    renamed(migrating, { from: dotted("discovery.mdns"), to: "discovery.mdns.mode", value: mdns });
  wrapScalar(migrating, dotted("discovery.mdns"), "mode");
  reword(migrating, dotted("discovery.mdns.mode"), booleans("minimal", "off"));
  reword(migrating, dotted("logging.redactSensitive"), booleans("tools", "off"));
  for (const pattern of ["tools", "agents.defaults.tools", "agents.list.*.tools"])
    for (const { path } of eachObject(migrating, pattern)) dropNull(migrating, [...path, "profile"]);
}

/** `agent` is an object that only used to be spelled so; a scalar there is a mistake for the schema to report. */
function moveOne(migrating: Migrating, from: string, to: string): void {
  const there = peek(migrating, dotted(from));
  if (there === undefined || (from === "agent" && there.kind !== "object")) return;
  move(migrating, dotted(from), dotted(to));
}

function drop(migrating: Migrating, path: Path, why: string): void {
  const taken = take(migrating, path);
  if (taken !== undefined) migrating.findings.note(renderPath(path), `has no effect any more: ${why}`, taken.place);
}

/** `profile: null` has meant `full` in places. Here it means that nothing was chosen (C-23). */
function dropNull(migrating: Migrating, path: Path): void {
  const there = peek(migrating, path);
  if (there?.kind !== "scalar" || there.value !== null) return;
  take(migrating, path);
  migrating.findings.note(renderPath(path), "null chooses nothing: the safe default holds, not `full`", there.place);
}

/** C-01, C-03. A guide's sample carries a token and, as `secret`, a placeholder: then the token is what counts. */
function migrateAuth(migrating: Migrating): void {
  const [from, to] = [dotted("gateway.auth.secret"), dotted("gateway.auth.token")];
  const secret = peek(migrating, from);
  if (secret !== undefined && peek(migrating, to) !== undefined && isPlaceholder(secret)) {
    take(migrating, from);
    migrating.findings.note(renderPath(from), "holds only a placeholder and was left out; delete it", secret.place);
  } else if (isPlaceholder(peek(migrating, to)) && secret !== undefined) {
    take(migrating, to);
    move(migrating, from, to);
  } else {
    move(migrating, from, to);
  }
  const enabled = take(migrating, dotted("gateway.auth.enabled"));
  if (enabled?.kind !== "scalar" || typeof enabled.value !== "boolean") return;
  const mode = dotted("gateway.auth.mode");
  // `enabled: true` beside another mode than `none` says nothing new.
  if (enabled.value && peek(migrating, mode) !== undefined && !isScalar(peek(migrating, mode), "none")) return;
  const value = scalar(enabled.value ? "token" : "none", enabled.place);
  renamed(migrating, { from: dotted("gateway.auth.enabled"), to: `gateway.auth.mode: "${value.value}"`, value });
  put(migrating, mode, { value, from: dotted("gateway.auth.enabled") });
}

/** `agents.entries.<id>` → `agents.list[]`. */
function migrateAgents(migrating: Migrating): void {
  const from = dotted("agents.entries");
  const entries = peek(migrating, from);
  if (entries?.kind !== "object") return;
  take(migrating, from);
  renamed(migrating, { from, to: "agents.list", value: entries });
  const list = peek(migrating, dotted("agents.list"));
  const items = list?.kind === "array" ? list.items : [];
  for (const [id, entry] of entries.members) {
    if (items.some((item) => item.kind === "object" && isScalar(item.members.get("id"), id)))
      migrating.findings.refuse(renderPath([...from, id]), "is in agents.list too; keep one", entry.place);
    else if (entry.kind === "object") entry.members.set("id", scalar(id, entry.place));
    items.push(entry);
  }
  if (list === undefined)
    put(migrating, dotted("agents.list"), { value: { kind: "array", place: entries.place, items }, from });
}

/** What an agent's settings have in common, in the defaults and in each entry. */
function migrateAgent(migrating: Migrating, path: Path): void {
  for (const name of ["model", "imageModel", "subagents.model"])
    wrapScalar(migrating, [...path, ...dotted(name)], "primary");
  migrateSandbox(migrating, [...path, "sandbox"]);
  const network = take(migrating, [...path, "sandboxNetwork"]);
  if (network !== undefined) {
    const to: Path = [...path, "sandbox", "docker", "network"];
    renamed(migrating, { from: [...path, "sandboxNetwork"], to: renderPath(to), value: network });
    put(migrating, to, { value: network, from: [...path, "sandboxNetwork"] });
  }
  const timeout = take(migrating, [...path, "timeout"]);
  if (timeout === undefined) return;
  const to: Path = [...path, "timeoutSeconds"];
  renamed(migrating, { from: [...path, "timeout"], to: `${renderPath(to)} (in seconds)`, value: timeout });
  const seconds = timeout.kind === "scalar" && typeof timeout.value === "number" ? timeout.value / 1_000 : undefined;
  const value = seconds === undefined ? timeout : scalar(Math.ceil(seconds), timeout.place);
  put(migrating, to, { value, from: [...path, "timeout"] });
}

/** C-04, C-06, C-07: a name in place of the object, and words of earlier releases. */
function migrateSandbox(migrating: Migrating, path: Path): void {
  const there = peek(migrating, path);
  if (there?.kind === "scalar" && typeof there.value === "string") {
    const isMode = ["off", "non-main", "all", "agent"].includes(there.value);
    take(migrating, path);
    const members = new Map<string, Tree>([[isMode ? "mode" : "backend", scalar(there.value, there.place)]]);
    if (!isMode) members.set("mode", scalar("all", there.place));
    const spelled = isMode ? `mode: "${there.value}"` : `mode: "all", backend: "${there.value}"`;
    renamed(migrating, { from: path, to: `${renderPath(path)}: { ${spelled} }`, value: there });
    put(migrating, path, { value: { ...emptyBranch(there.place), members }, from: path });
  }
  if (isScalar(peek(migrating, [...path, "mode"]), "agent")) {
    const mode = take(migrating, [...path, "mode"]) as Tree;
    renamed(migrating, { from: [...path, "mode"], to: 'mode: "all", scope: "agent"', value: mode });
    put(migrating, [...path, "mode"], { value: scalar("all", mode.place), from: [...path, "mode"] });
    put(migrating, [...path, "scope"], { value: scalar("agent", mode.place), from: [...path, "mode"] });
  }
  reword(migrating, [...path, "scope"], new Map([["dedicated", "session"]]));
}

/** C-27: one word that used to hold two decisions. */
function migrateExec(migrating: Migrating): void {
  const [security, ask] = [dotted("tools.exec.security"), dotted("tools.exec.ask")];
  const mode = take(migrating, dotted("tools.exec.mode"));
  if (mode !== undefined) {
    renamed(migrating, { from: dotted("tools.exec.mode"), to: "tools.exec.security and tools.exec.ask", value: mode });
    put(migrating, security, { value: mode, from: dotted("tools.exec.mode") });
  }
  const word = peek(migrating, security);
  if (!isScalar(word, "ask") && !isScalar(word, "auto")) return;
  const asked = scalar(isScalar(word, "ask") ? "always" : "on-miss", (word as Tree).place);
  take(migrating, security);
  renamed(migrating, { from: security, to: `security: "allowlist", ask: "${asked.value}"`, value: asked });
  put(migrating, security, { value: scalar("allowlist", asked.place), from: security });
  put(migrating, ask, { value: asked, from: security });
}

/** `env.<NAME>` → `env.vars.<NAME>`. */
function migrateEnv(migrating: Migrating): void {
  const env = peek(migrating, ["env"]);
  if (env?.kind !== "object") return;
  for (const name of [...env.members.keys()].filter((key) => key !== "vars" && key !== "shellEnv"))
    move(migrating, ["env", name], ["env", "vars", name]);
}

/** Addresses in the place of words. */
function migrateBind(migrating: Migrating): void {
  const bind = dotted("gateway.bind");
  reword(
    migrating,
    bind,
    new Map([
      ["localhost", "loopback"],
      ["127.0.0.1", "loopback"],
      ["0.0.0.0", "lan"],
      ["::", "lan"],
    ]),
  );
  const there = peek(migrating, bind);
  if (there?.kind !== "scalar" || typeof there.value !== "string" || !/^[\d.]+$|:/.test(there.value)) return;
  take(migrating, bind);
  const to = 'gateway.bind: "custom" with gateway.customBindHost';
  renamed(migrating, { from: bind, to, value: there });
  put(migrating, bind, { value: scalar("custom", there.place), from: bind });
  put(migrating, dotted("gateway.customBindHost"), { value: there, from: bind });
}

/** A plain value where an object belongs: it is the object's main key. */
function wrapScalar(migrating: Migrating, path: Path, name: string): void {
  const there = peek(migrating, path);
  if (there?.kind !== "scalar" || there.value === null) return;
  take(migrating, path);
  put(migrating, [...path, name], { value: there, from: path });
}

export function isScalar(tree: Tree | undefined, value: unknown): boolean {
  return tree?.kind === "scalar" && tree.value === value;
}

/** What samples print where a secret belongs. */
export function isPlaceholder(tree: Tree | undefined): boolean {
  if (tree?.kind !== "scalar" || typeof tree.value !== "string") return false;
  return /^(<.*>|REDACTED|\[REDACTED\]|\*{3,}|GENERATE[_-].*|CHANGE[_-]?ME.*|REPLACE[_-].*|YOUR[_-].*|x{8,}|\.{3})$/i.test(
    tree.value.trim(),
  );
}
