// What somebody reads after an incident: everything of its kind under its heading, and for each credential where it is revoked.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checklistFor } from "../../src/incident/incident.ts";
import { assess } from "../../src/incident/report.ts";

const since = Date.UTC(2026, 0, 1);

/** The lines below each heading. */
function sectionsOf(text: string): Readonly<Record<string, readonly string[]>> {
  const parts = text.split("\n== ").slice(1);
  return Object.fromEntries(
    parts.map((part) => {
      const [title = "", ...lines] = part.split("\n");
      return [title, lines.map((line) => line.trim()).filter((line) => line !== "")];
    }),
  );
}

test("IR-003 refused sign-ins, pairings, sessions, changes, dated key files and ways back stand under their headings", (context) => {
  const home = mkdtempSync(join(tmpdir(), "lorica-report-"));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  const vault = join(home, "vault.age");
  writeFileSync(vault, "sealed");
  utimesSync(vault, since / 1_000 + 60, since / 1_000 + 60);
  mkdirSync(join(home, ".ssh"));
  for (const name of [".ssh/authorized_keys", ".bashrc"]) writeFileSync(join(home, name), "text");
  utimesSync(join(home, ".bashrc"), since / 1_000 - 60, since / 1_000 - 60);
  const time = "2026-01-01T00:00:00Z";
  const stranger = { kind: "decision", verdict: "deny", rule: "auth.token", principal: "visitor" };
  const text = assess({
    verified: "intact: 9 records",
    since,
    home,
    watched: [[vault, "holds keys"]],
    records: [
      stranger,
      stranger,
      { kind: "pairing", time, actor: "owner", resource: "telegram approved 42" },
      { kind: "config", time, actor: "hand", resource: "gateway.bind", verdict: "deny" },
      { kind: "watchdog", time, resource: "AGENTS.md changed" },
      { kind: "effect", sessionKey: "agent:main:telegram:42", principal: "telegram:default:42" },
    ],
  });
  const { "changed since, where somebody may come back": ways = [], ...sections } = sectionsOf(text);
  assert.match(text, /^since 2026-01-01T00:00:00.000Z: 6 records\n/);
  // Whatever else lies on this machine: of this home the key that was added shows, and the old file does not.
  assert.deepEqual(
    ways.filter((line) => line.includes(home)).map((line) => line.split("  ").at(-1)),
    [`${join(home, ".ssh/authorized_keys")} (keys that may sign in as this user)`],
  );
  const [dated = "", ...others] = sections["files of Lorica's"] ?? [];
  assert.match(dated, /^2026-01-01T00:01:00\.000Z {2}[0-9a-f]{16} {2}.*vault\.age \(holds keys\)$/);
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...sections, "files of Lorica's": [] },
    {
      "the evidence log": ["intact: 9 records"],
      "refused, by rule": ["2 × auth.token", "1 × no rule"],
      "who asked for something": ["2 × visitor", "1 × owner", "1 × hand", "1 × nobody", "1 × telegram:default:42"],
      "let in or sent away": [`${time}  owner  telegram approved 42`],
      "config and secrets": [`${time}  deny  hand  gateway.bind`],
      "watchdog, leaks, incidents": [`${time}  AGENTS.md changed`],
      sessions: ["5 × none", "1 × agent:main:telegram:42"],
      "files of Lorica's": [],
    },
  );
});

test("IR-002 IR-004 each credential is an item with the place where it is revoked, and each platform's way is its own", () => {
  const channels = ["telegram", "discord", "slack", "signal", "whatsapp"];
  const items = checklistFor({
    channels,
    providers: ["openai"],
    secrets: ["provider:openai", "channel:telegram", "smtp:me"],
  });
  assert.deepEqual(
    items.map(({ id }) => id),
    [
      ...channels.map((id) => `channel:${id}`),
      "provider:openai",
      "secret:smtp:me",
      "persistence",
      "sessions",
      "workspace",
      "machine",
    ],
  );
  const ways = items.slice(0, channels.length).map(({ how }) => how);
  assert.equal(new Set(ways).size, channels.length);
  assert.match(ways[0] ?? "", /\/revoke to @BotFather.*lorica channels add telegram/);
});
