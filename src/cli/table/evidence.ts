// catalogue
// Commands about the evidence log.
import type { CommandSpec, OptionSpec } from "./commands.ts";

const filters: readonly OptionSpec[] = [
  { flags: "--kind <kinds>", summary: "of these kinds, as decision,effect,egress,pairing,config" },
  { flags: "--verdict <verdict>", summary: "allow or deny" },
  { flags: "--agent <id>", summary: "about this agent" },
  { flags: "--session <key>", summary: "of this session" },
  { flags: "--actor <who>", summary: "done by: owner, device:<id>, or a person of a channel" },
  { flags: "--text <text>", summary: "with this anywhere in the record" },
  { flags: "--since <when>", summary: "from then on: 2h, 7d or 2026-01-31T12:00:00Z" },
  { flags: "--until <when>", summary: "up to then" },
];
const limit: OptionSpec = { flags: "--limit <count>", summary: "at most this many; 100 where left out" };

export const evidenceCommands: readonly CommandSpec[] = [
  { path: "audit", summary: "the evidence log: what was decided and done, chained and signed" },
  {
    path: "audit log",
    summary: "the newest records",
    options: [{ flags: "-f, --follow", summary: "and what comes, until interrupted" }, limit, ...filters],
    examples: ["audit log --follow", "audit log --kind egress --verdict deny --since 1d"],
    load: async () => (await import("../commands/audit/audit.ts")).auditLog,
  },
  {
    path: "audit query",
    summary: "records that fit",
    options: [limit, ...filters],
    examples: ["audit query --actor owner --since 7d", "audit query --text curl --json"],
    load: async () => (await import("../commands/audit/audit.ts")).auditLog,
  },
  {
    path: "audit verify",
    summary: "whether nothing was changed, removed, added or cut off",
    options: [
      { flags: "--key <key>", summary: "the public key that you wrote down" },
      { flags: "--head <seq:hash>", summary: "a head that you wrote down: what it names must be there" },
    ],
    load: async () => (await import("../commands/audit/audit.ts")).auditVerify,
  },
  {
    path: "audit key",
    summary: "the public key of the log and its last record, to keep elsewhere",
    load: async () => (await import("../commands/audit/audit.ts")).auditKey,
  },
  {
    path: "audit export",
    takes: "<folder>",
    summary: "copy the log into a new folder, with the verifier and the public key",
    options: filters,
    examples: ["audit export ~/evidence", "audit export ~/evidence --agent main --since 1d"],
    load: async () => (await import("../commands/audit/audit.ts")).auditExport,
  },
];
