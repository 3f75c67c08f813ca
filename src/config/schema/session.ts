// catalogue
// Config keys of sessions and messages: who shares a context, when one ends, how messages queue and where they go.
import { z } from "zod";
import { queueModes } from "../../base/envelope.ts";
import { agentId, byteSize, duration, key, later, names, reserved, section, text } from "./field.ts";

const dmScope = z.enum(["main", "per-peer", "per-channel-peer", "per-account-channel-peer"]);
const queueMode = z.enum(queueModes);

const reset = section(
  {
    mode: key(z.enum(["none", "daily", "idle"]).default("none"), "When a session starts afresh by itself."),
    atHour: key(z.int().min(0).max(23).default(4), "The hour, for `daily`."),
    idleMinutes: key(z.int().min(1).max(525_600).default(1_440), "Minutes without a message, for `idle`."),
  },
  "When a session starts afresh.",
);

export const session = section(
  {
    scope: later(
      z.enum(["per-sender", "global"]),
      { safe: "per-sender", step: "later" },
      "Whether senders have sessions of their own.",
    ),
    dmScope: key(
      dmScope.default("per-account-channel-peer"),
      "Who shares a session in direct chats: `main` everybody the owner's own, the others one each.",
    ),
    groupScope: key(z.enum(["per-group"]).default("per-group"), "Each group has a session of its own."),
    mainKey: key(z.literal("main").default("main"), "The name of the owner's own session."),
    identityLinks: key(
      z.record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/), names(50)).default({}),
      "Senders on several channels who share one session, as `channel:id` by a name for them. It gives nobody any right.",
    ),
    resetTriggers: key(names(20).default(["/new", "/reset"]), "Messages that start a session afresh."),
    reset,
    jsonlMirror: key(
      z.boolean().default(false),
      "Also write each transcript as JSONL to agents/<id>/sessions, in plain text: what the database seals can be read there by whoever gets the files. The database stays the record.",
      "restart",
    ),
    maintenance: section(
      {
        mode: key(z.enum(["enforce", "warn"]).default("enforce"), "Apply these bounds, or only report."),
        pruneAfter: key(duration.default("90d"), "Sessions untouched for so long are put away; 0 is never."),
        maxEntries: key(z.int().min(10).max(1_000_000).default(500), "Sessions that are kept."),
        rotateBytes: key(byteSize.default("10mb"), "A mirrored transcript is rotated at this size."),
        maxDiskBytes: key(byteSize.default("2gb"), "Disk space of all transcripts."),
      },
      "What happens to old sessions.",
    ),
    sendPolicy: reserved(4, "Where replies may go."),
  },
  "Sessions.",
  "hot",
);

export const transcripts = section(
  {
    enabled: later(
      z.boolean(),
      { safe: true, step: "later" },
      "The transcript is what makes a crash lose nothing; it cannot be switched off.",
    ),
    rotateDays: key(z.int().min(1).max(3_650).default(30), "Days after which a mirrored transcript is rotated."),
  },
  "Transcripts.",
  "hot",
);

export const messages = section(
  {
    queue: section(
      {
        mode: key(
          queueMode.default("collect"),
          "What a message does while a turn runs: `steer` joins it, `followup` waits, `collect` waits and is answered with its like, `interrupt` ends it.",
        ),
        byChannel: key(z.record(z.string().max(64), queueMode).default({}), "The same by channel."),
        debounceMs: key(
          z.int().min(0).max(60_000).default(0),
          "How long to wait for more messages before a turn starts.",
        ),
        debounceMsByChannel: key(
          z.record(z.string().max(64), z.int().min(0).max(60_000)).default({}),
          "The same by channel.",
        ),
        cap: key(z.int().min(1).max(1_000).default(20), "Messages that may wait in one session; more are refused."),
        drop: later(
          z.enum(["new", "old", "summarize"]),
          { safe: "new", step: "later" },
          "Which message is refused when the queue is full: never one that was accepted.",
        ),
      },
      "How messages queue.",
    ),
    inbound: section(
      {
        debounceMs: key(z.int().min(0).max(60_000).default(0), "How long to wait for more messages of one sender."),
        byChannel: key(z.record(z.string().max(64), z.int().min(0).max(60_000)).default({}), "The same by channel."),
      },
      "Messages that come in.",
    ),
    responsePrefix: key(text(200).optional(), "Put in front of each reply."),
    groupChat: section(
      {
        mentionPatterns: key(names(50).default([]), "What counts as a mention."),
        historyLimit: key(z.int().min(0).max(10_000).default(50), "Messages of a group that are shown as context."),
      },
      "Groups.",
    ),
    ackReaction: key(text(32).optional(), "The reaction, one emoji, that says a message is being answered."),
  },
  "Messages.",
  "hot",
);

const binding = z.strictObject({
  type: key(z.literal("route").default("route"), "What it binds."),
  agentId: key(agentId, "The agent that answers."),
  comment: key(text(1_000).optional(), "Why."),
  match: key(
    z.strictObject({
      channel: key(text(64).min(1), "The channel."),
      accountId: key(text(64).optional(), "The account; unset is the default one, `*` any."),
      peer: key(
        z.strictObject({ kind: z.enum(["direct", "group", "channel"]), id: text(256).min(1) }).optional(),
        "The chat.",
      ),
      guildId: key(text(128).optional(), "The server."),
      teamId: key(text(128).optional(), "The team."),
      roles: key(names(100).optional(), "The sender's roles."),
    }),
    "Which messages.",
  ),
});

export const bindings = key(
  z.array(binding).max(1_000).default([]),
  "Which agent answers where; the most exact match wins.",
  "hot",
);
export const broadcast = reserved("later", "Several agents answering one message.");

export const commands = section(
  {
    text: key(z.boolean().default(true), "Commands that begin with a slash work in chats."),
    native: key(
      z.union([z.boolean(), z.literal("auto")]).default("auto"),
      "Whether the platform's own menu offers the commands; `auto` is yes.",
    ),
    nativeSkills: later(
      z.union([z.boolean(), z.literal("auto")]),
      { safe: false, step: "later" },
      "Register skills with the platform.",
    ),
    config: later(z.boolean(), { safe: false, step: 4 }, "`/config set` in chats."),
    restart: later(z.boolean(), { safe: false, step: 4 }, "`/restart` in chats."),
    bash: later(z.boolean(), { safe: false, step: "later" }, "`!command` in chats."),
    debug: later(z.boolean(), { safe: false, step: "later" }, "`/debug` in chats."),
    mcp: later(z.boolean(), { safe: false, step: "later" }, "`/mcp` in chats."),
    plugins: later(z.boolean(), { safe: false, step: "later" }, "`/plugins` in chats."),
    allowFrom: later(z.record(z.string(), names(500)), { safe: {}, step: 4 }, "Who may use commands, by channel."),
    ownerAllowFrom: key(
      z
        .array(text(256).regex(/^[a-z][a-z0-9-]*:\S+$/, "is written channel:id, as telegram:12345"))
        .max(500)
        .default([]),
      "Who is the owner, as `channel:id`.",
    ),
  },
  "Commands in chats.",
  "hot",
);
