// catalogue
// The whole config: one schema from which types, validation, defaults, JSON Schema and the reference are read.
import { z } from "zod";
import { agents } from "./agents.ts";
import { backup } from "./backup.ts";
import { channels } from "./channels.ts";
import { egress } from "./egress.ts";
import { key, nothingToSet, reserved, text } from "./field.ts";
import { identity } from "./identity.ts";
import { gateway } from "./gateway.ts";
import { auth, memory, models } from "./models.ts";
import { bindings, broadcast, commands, messages, session, transcripts } from "./session.ts";
import * as system from "./system.ts";
import { tools } from "./tools.ts";

export const configSchema = z.strictObject({
  $schema: key(text(2_048).optional(), "The JSON Schema of this file, for editors.", "hot"),
  version: key(z.literal(1).default(1), "The version of this format.", "hot"),
  gateway,
  agents,
  bindings,
  models,
  auth,
  tools,
  channels,
  session,
  transcripts,
  messages,
  commands,
  broadcast,
  logging: system.logging,
  env: system.env,
  discovery: system.discovery,
  identity,
  browser: system.browser,
  plugins: system.plugins,
  skills: system.skills,
  memory,
  hooks: system.hooks,
  cron: system.cron,
  attachments: system.attachments,
  security: system.security,
  secrets: system.secrets,
  diagnostics: system.diagnostics,
  update: system.update,
  telemetry: system.telemetry,
  ui: system.ui,
  wizard: system.wizard,
  meta: system.meta,
  approvals: reserved(4, "Where approvals are asked for."),
  backup,
  budget: reserved("later", "What may be spent."),
  outbound: reserved(4, "What may be sent, and what waits for the owner."),
  dlp: system.dlp,
  egress,
  vault: nothingToSet("it is always there; `lorica vault` says what opens it", "Secrets under lock."),
  watchdog: nothingToSet("it is always on", "Watching over the gateway."),
  trust: reserved(4, "Which surfaces are trusted."),
  mcp: reserved("later", "MCP servers."),
  acp: reserved("later", "Editors as clients."),
  tts: reserved("later", "Speech."),
  talk: reserved("later", "Conversations by voice."),
  accessGroups: reserved(4, "Groups of senders."),
  nodeHost: reserved("later", "This machine as a node."),
  proxy: reserved("later", "A proxy for all that leaves; `egress.proxy` is the one for providers and platforms."),
});

/** A valid config with every default filled in. It holds the names of secrets, never a value. */
export type Config = z.output<typeof configSchema>;
export type AgentDefaults = Config["agents"]["defaults"];
export type AgentEntry = Config["agents"]["list"][number];
export type ProviderConfig = Config["models"]["providers"][string];
export type ChannelConfig = Config["channels"][string];
