// Channels as earlier guides write them: a list with types, policies as objects, one switch for all (C-17 to C-20).
import { renderPath } from "./issue.ts";
import type { Path } from "./issue.ts";
import { dotted, eachObject, move, peek, put, renamed, take } from "./move.ts";
import type { Migrating } from "./move.ts";
import { emptyBranch, scalar } from "./tree.ts";
import type { Branch, Tree } from "./tree.ts";

export function migrateChannels(migrating: Migrating): void {
  listToMap(migrating);
  fanOut(migrating, "configWrites");
  fanOut(migrating, "dmPolicy");
  for (const { path } of [...eachObject(migrating, "channels.*"), ...eachObject(migrating, "channels.*.accounts.*")]) {
    move(migrating, [...path, "dm", "policy"], [...path, "dmPolicy"]);
    move(migrating, [...path, "dm", "allowFrom"], [...path, "allowFrom"]);
    groupPolicy(migrating, path);
    for (const list of ["allowFrom", "groupAllowFrom", "allowedGroups"]) idsToText(migrating, [...path, list]);
  }
  for (const { path } of eachObject(migrating, "channels.*.groups.*")) idsToText(migrating, [...path, "allowFrom"]);
  idsToText(migrating, dotted("commands.ownerAllowFrom"));
}

/** `channels: [{ type, … }]` → `channels.<type>`; a second one of a type becomes an account of it (C-18). */
function listToMap(migrating: Migrating): void {
  const list = peek(migrating, ["channels"]);
  if (list?.kind !== "array") return;
  migrating.root.members.set("channels", emptyBranch(list.place));
  renamed(migrating, { from: ["channels"], to: "an object, channels.<type>", value: list });
  for (const [at, item] of list.items.entries()) {
    const type = item.kind === "object" ? item.members.get("type") : undefined;
    if (item.kind !== "object" || type?.kind !== "scalar" || typeof type.value !== "string") {
      migrating.findings.refuse(renderPath(["channels", at]), "a channel in a list needs a `type`", item.place);
      continue;
    }
    item.members.delete("type");
    const there = peek(migrating, ["channels", type.value]);
    if (there === undefined) put(migrating, ["channels", type.value], { value: item, from: ["channels", at] });
    else if (there.kind === "object") addAccount(migrating, { type: type.value, channel: there, item, at });
  }
}

type Second = { readonly type: string; readonly channel: Branch; readonly item: Branch; readonly at: number };

function addAccount(migrating: Migrating, { type, item, at }: Second): void {
  const id = item.members.get("id") ?? item.members.get("accountId");
  item.members.delete("id");
  item.members.delete("accountId");
  const name = id?.kind === "scalar" && typeof id.value === "string" ? id.value : `account-${at + 1}`;
  const path: Path = ["channels", type, "accounts", name];
  // What only a channel has, an account cannot say for itself.
  for (const key of ["configWrites", "historyLimit", "dmHistoryLimit"]) {
    const value = item.members.get(key);
    item.members.delete(key);
    if (value !== undefined) put(migrating, ["channels", type, key], { value, from: ["channels", at, key] });
  }
  migrating.findings.note(
    renderPath(["channels", at]),
    `a second ${type} channel: now ${renderPath(path)}`,
    item.place,
  );
  put(migrating, path, { value: item, from: ["channels", at] });
}

/** One switch at the root becomes every channel's default; a channel that says otherwise keeps its own (C-19). */
function fanOut(migrating: Migrating, name: string): void {
  const value = take(migrating, [name]);
  if (value === undefined) return;
  renamed(migrating, { from: [name], to: `channels.defaults.${name}`, value });
  put(migrating, ["channels", "defaults", name], { value, from: [name] });
}

/** `groupPolicy: { requireMention, allowedGroups, requireCommandPrefix }` → the word and its neighbours (C-17). */
function groupPolicy(migrating: Migrating, path: Path): void {
  const at: Path = [...path, "groupPolicy"];
  const there = peek(migrating, at);
  if (there?.kind !== "object") return;
  take(migrating, at);
  renamed(migrating, { from: at, to: '"allowlist", "open" or "disabled"', value: there });
  const policy = there.members.get("policy") ?? scalar("allowlist", there.place);
  put(migrating, at, { value: policy, from: at });
  for (const [name, value] of there.members) {
    if (name === "policy") continue;
    const to = name === "requireMention" ? [...path, "groups", "*", name] : [...path, name];
    put(migrating, to, { value, from: [...at, name] });
  }
}

/** Ids may be written as numbers. As numbers they lose digits past 2^53, so the file's own spelling is taken. */
function idsToText(migrating: Migrating, path: Path): void {
  const there = peek(migrating, path);
  if (there?.kind !== "array") return;
  const asText = (item: Tree): Tree =>
    item.kind === "scalar" && typeof item.value === "number" && /^-?\d+$/.test(item.source)
      ? scalar(item.source, item.place)
      : item;
  there.items.splice(0, there.items.length, ...there.items.map(asText));
}
