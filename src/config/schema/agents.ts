// catalogue
// Config keys of agents: which models they use, what they may touch, how much they keep in mind.
import { z } from "zod";
import { agentEgress } from "./egress.ts";
import {
  agentId,
  count,
  duration,
  key,
  later,
  laterUnset,
  modelRef,
  names,
  partially,
  path,
  reserved,
  section,
  text,
  thinking,
} from "./field.ts";
import type { Partially } from "./field.ts";
import { sandbox } from "./cells.ts";
import { toolProfile } from "./tools.ts";

const choice = (description: string) =>
  section(
    {
      primary: key(modelRef.optional(), "The first choice, `provider/model` or an alias."),
      fallbacks: key(z.array(modelRef).max(20).default([]), "Tried in order when the first choice fails."),
    },
    description,
    "hot",
  );

const tools = section(
  {
    profile: key(
      toolProfile.optional(),
      "The tools to start from. Unset: `coding` for the owner, `messaging` for everybody else.",
    ),
    allow: key(names().optional(), "Only these of them. An empty list allows nothing."),
    deny: key(names().default([]), "Never these. Deny wins."),
    sandbox: section(
      {
        tools: section(
          {
            allow: key(names().optional(), "Only these inside the cell."),
            deny: key(names().default([]), "Never these inside the cell."),
          },
          "Tools inside the cell.",
        ),
      },
      "Tools inside the cell.",
    ),
  },
  "Tools of agents; an agent's own entry comes first, then this, then `tools`.",
  "hot",
);

const heartbeat = section(
  {
    every: later(duration, { safe: "0", step: "later" }, "How often the agent wakes by itself; 0 is never."),
    model: key(modelRef.optional(), "The model for it."),
    activeHours: key(
      z.strictObject({ start: text(5), end: text(5), timezone: text(64).optional() }).optional(),
      "Hours of the day in which it may wake.",
    ),
    target: key(text(128).default("none"), "Where it reports: `last`, `none` or a channel."),
    prompt: key(text(20_000).optional(), "What it is asked."),
    timeoutSeconds: key(z.int().min(1).max(3_600).default(300), "How long one may take."),
  },
  "The agent's own pulse.",
  "hot",
);

const subagents = section(
  {
    model: choice("The model of sub-agents."),
    thinking: key(thinking.optional(), "How much they think."),
    allowAgents: key(z.array(agentId).max(100).default([]), "Agents that may be asked, beside the agent itself."),
    maxConcurrent: key(z.int().min(1).max(64).default(4), "Sub-agents that run at once."),
    maxSpawnDepth: key(z.int().min(1).max(5).default(1), "How deep sub-agents may nest."),
    maxChildrenPerAgent: key(z.int().min(1).max(20).default(5), "Sub-agents of one agent."),
    archiveAfterMinutes: key(z.int().min(1).max(525_600).default(60), "When a finished one is put away."),
    runTimeoutSeconds: key(z.int().min(1).max(86_400).default(900), "How long one may run."),
  },
  "Sub-agents.",
  "hot",
);

const contextPruning = section(
  {
    mode: key(
      z.enum(["off", "cache-ttl"]).default("cache-ttl"),
      "`cache-ttl` shortens old tool results once the provider's cache has expired.",
    ),
    ttl: key(duration.default("5m"), "How long the provider's cache lasts."),
    keepLastAssistants: key(z.int().min(0).max(100).default(3), "Answers whose tool results stay whole."),
    softTrim: section(
      {
        maxChars: key(count.default(4_000), "Results longer than this are shortened."),
        headChars: key(count.default(1_500), "What stays of their beginning."),
        tailChars: key(count.default(1_500), "What stays of their end."),
      },
      "Shortening.",
    ),
    hardClear: section(
      {
        enabled: key(z.boolean().default(true), "Replace very old results by a note."),
        placeholder: key(text(500).default("[old tool result cleared]"), "The note."),
      },
      "Clearing.",
    ),
    tools: section(
      {
        allow: key(names().default([]), "Only results of these tools; empty is all."),
        deny: key(names().default([]), "Never results of these tools."),
      },
      "Whose results.",
    ),
  },
  "What is left out of the context. The transcript keeps it.",
  "hot",
);

const compaction = section(
  {
    enabled: key(z.boolean().default(true), "Summarise old turns when the context fills up."),
    mode: key(
      z.enum(["default", "safeguard"]).default("safeguard"),
      "`safeguard` keeps names, paths, decisions and open tasks word for word.",
    ),
    model: key(modelRef.optional(), "The model that summarises; unset is the agent's own."),
    reserveTokensFloor: key(count.default(20_000), "Tokens kept free for the answer."),
    keepRecentTokens: key(count.default(20_000), "Tokens of recent turns that stay as they are."),
    timeoutSeconds: key(z.int().min(1).max(3_600).default(300), "How long it may take."),
    memoryFlush: section(
      {
        enabled: later(z.boolean(), { safe: false, step: "later" }, "Write a memory note before summarising."),
        softThresholdTokens: key(count.default(4_000), "How early."),
      },
      "Memory notes before summarising.",
    ),
    notifyUser: key(z.boolean().default(false), "Tell the chat that it happened."),
  },
  "Compaction. The original is never lost.",
  "hot",
);

const memorySearch = section(
  {
    enabled: later(z.boolean(), { safe: false, step: "later" }, "Search in memory files."),
    provider: key(text(64).default("auto"), "Who makes embeddings."),
    fallback: key(text(64).default("none"), "Who makes them otherwise."),
    model: key(text(256).optional(), "The embedding model."),
    sources: key(z.array(z.enum(["memory", "sessions"])).default(["memory"]), "What is searched."),
    extraPaths: later(z.array(path).max(50), { safe: [], step: "later" }, "More files to search."),
    local: section(
      {
        modelPath: key(text(4_096).optional(), "A local embedding model."),
        modelCacheDir: key(path.optional(), "Where local models are kept."),
      },
      "Local embeddings.",
    ),
    chunking: section(
      {
        tokens: key(count.default(400), "Tokens of one piece."),
        overlap: key(z.int().min(0).default(80), "Tokens that two pieces share."),
      },
      "How files are cut.",
    ),
    query: section(
      {
        maxResults: key(z.int().min(1).max(100).default(6), "Results of one search."),
        minScore: key(z.number().min(0).max(1).default(0.35), "The least score."),
        hybrid: section(
          {
            enabled: key(z.boolean().default(true), "Words and meaning together."),
            vectorWeight: key(z.number().min(0).max(1).default(0.7), "Weight of meaning."),
            textWeight: key(z.number().min(0).max(1).default(0.3), "Weight of words."),
            candidateMultiplier: key(z.int().min(1).max(50).default(4), "Candidates per result."),
          },
          "Hybrid search.",
        ),
      },
      "How it is searched.",
    ),
    sync: section(
      {
        onSessionStart: key(z.boolean().default(true), "Index when a session starts."),
        onSearch: key(z.boolean().default(true), "Index before a search."),
        watch: key(z.boolean().default(true), "Index when files change."),
        watchDebounceMs: key(z.int().min(0).max(600_000).default(1_500), "Wait after a change."),
        intervalMinutes: key(z.int().min(0).max(10_080).default(0), "Index every so often; 0 is never."),
        sessions: section(
          {
            deltaBytes: key(count.default(100_000), "Index a conversation after so many bytes."),
            deltaMessages: key(count.default(50), "Or so many messages."),
          },
          "Conversations.",
        ),
      },
      "When files are indexed.",
    ),
    store: section(
      {
        driver: key(z.enum(["sqlite"]).default("sqlite"), "What keeps the index."),
        path: key(path.optional(), "Where the index is."),
        vector: section(
          {
            enabled: key(z.boolean().default(true), "Search by meaning."),
            extensionPath: laterUnset(path, "later", "A native extension."),
          },
          "Vectors.",
        ),
      },
      "The index.",
    ),
    cache: section(
      {
        enabled: key(z.boolean().default(true), "Keep embeddings."),
        maxEntries: key(count.default(50_000), "How many."),
      },
      "Embeddings.",
    ),
    experimental: section(
      { sessionMemory: later(z.boolean(), { safe: false, step: "later" }, "Index conversations.") },
      "Experiments.",
    ),
  },
  "Search in memory files.",
  "hot",
);

const modelEntry = z.strictObject({
  alias: key(
    z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/, "an alias is a word without a slash")
      .optional(),
    "A short name for the model.",
  ),
  params: key(
    z
      .strictObject({
        maxTokens: count.max(10_000_000).optional(),
        temperature: z.number().min(0).max(2).optional(),
        thinking: thinking.optional(),
      })
      .catchall(z.json())
      .default({}),
    "Parameters for calls of the model, as `maxTokens`.",
  ),
  streaming: key(z.boolean().default(true), "Stream its answers."),
});

const shared = {
  model: choice("The model of the agent's own turns."),
  imageModel: choice("The model that looks at pictures, where the agent's own cannot."),
  utilityModel: key(modelRef.optional(), "The model of small chores such as titles.", "hot"),
  thinkingDefault: key(thinking.default("off"), "How much the model thinks.", "hot"),
  contextTokens: key(count.max(100_000_000).optional(), "Tokens of context to use at most.", "hot"),
  bootstrapMaxChars: key(count.default(20_000), "Characters of one workspace file in the prompt.", "hot"),
  bootstrapTotalMaxChars: key(count.default(150_000), "Characters of all workspace files in the prompt.", "hot"),
  sandbox,
  egress: agentEgress,
  tools,
  heartbeat,
  subagents,
  contextPruning,
  compaction,
};

const defaults = section(
  {
    ...shared,
    workspace: key(
      path.optional(),
      "The workspace of the default agent; other agents get one beside it. Unset: `workspace` in the state directory.",
      "restart",
    ),
    models: key(z.record(modelRef, modelEntry).default({}), "Aliases and parameters by `provider/model`."),
    modelPolicy: section(
      { allow: later(names(), { safe: [], step: 4 }, "Only these models; empty is all configured ones.") },
      "Which models may be used.",
    ),
    skills: key(names().optional(), "Only these skills."),
    skipBootstrap: key(z.boolean().default(false), "Write no templates into a new workspace."),
    userTimezone: key(text(64).optional(), "The owner's time zone, as Europe/Berlin."),
    imageMaxDimensionPx: key(z.int().min(64).max(8_192).default(1_200), "Pictures are scaled down to this."),
    mediaMaxMb: key(z.number().min(0.1).max(1_024).default(18), "The largest attachment."),
    timeoutSeconds: key(z.int().min(1).max(86_400).default(1_800), "How long one turn may take."),
    checkpoints: later(
      z.boolean(),
      { safe: true, step: "later" },
      "Every step is stored before the next one; this cannot be switched off.",
    ),
    maxConcurrent: key(z.int().min(1).max(256).default(32), "Turns that run at once.", "restart"),
    typingIntervalSeconds: key(z.int().min(1).max(60).default(6), "How often a typing signal is sent."),
    verboseDefault: key(z.enum(["off", "on", "full"]).default("off"), "How much of the tools' work chats are shown."),
    reasoningDefault: key(
      z.enum(["off", "on", "stream"]).default("off"),
      "Whether chats are shown the model's thoughts.",
    ),
    memorySearch,
    memoryBackend: key(z.enum(["builtin", "qmd"]).default("builtin"), "What keeps memory."),
    cliBackends: later(
      z.record(z.string(), z.json()),
      { safe: {}, step: "later" },
      "Other agents' command lines as models.",
    ),
  },
  "What every agent has unless its own entry says otherwise.",
  "hot",
);

const entry = z.strictObject({
  id: key(agentId, "Its id, in session keys and headers."),
  default: key(z.boolean().default(false), "The agent that answers where nothing else is said; else the first one."),
  name: key(text(200).optional(), "Its name."),
  description: key(text(2_000).optional(), "What it is for."),
  workspace: key(path.optional(), "Its workspace.", "restart"),
  ...(Object.fromEntries(Object.entries(shared).map(([name, schema]) => [name, partially(schema)])) as Shared),
  models: key(z.record(modelRef, modelEntry).default({}), "Aliases and parameters of its own."),
  skills: key(names().optional(), "Only these skills."),
  identity: key(
    z
      .strictObject({
        name: text(200).optional(),
        theme: text(200).optional(),
        emoji: text(32).optional(),
        avatar: text(2_048).optional(),
      })
      .default({}),
    "How it presents itself.",
  ),
  groupChat: key(
    z.strictObject({ mentionPatterns: z.array(text(256)).max(50).default([]) }).prefault({}),
    "What counts as speaking to it.",
  ),
  trust: reserved(4, "Which surfaces it may be reached from."),
});

type Shared = {
  [K in keyof typeof shared]: z.ZodOptional<z.ZodType<Partially<z.output<(typeof shared)[K]>>>>;
};

export const agents = section(
  {
    defaults,
    list: key(z.array(entry).max(200).default([]), "The agents. Empty: one, named `main`. Merged by `id`.", "hot"),
  },
  "Agents.",
  "hot",
);
