// What ships. A plugin that is not in this list does not exist.
import { anthropic } from "./anthropic/anthropic.ts";
import { files } from "./files/files.ts";
import { google } from "./google/google.ts";
import { openai } from "./openai/openai.ts";
import { rehearsal } from "./rehearsal/rehearsal.ts";
import { sessionStatus } from "./session-status/session-status.ts";
import { shell } from "./shell/shell.ts";
import { telegram } from "./telegram/telegram.ts";
import type { PluginDefinition } from "../src/plugin/plugin.ts";

export const plugins: readonly PluginDefinition[] = [
  rehearsal,
  anthropic,
  openai,
  google,
  shell,
  files,
  sessionStatus,
  telegram,
];
