// catalogue
// Config keys of tools: which there are for whom, and how each behaves.
import { z } from "zod";
import { count, key, later, laterUnset, names, path, reserved, secret, section, text } from "./field.ts";

export const toolProfile = z.enum(["minimal", "coding", "messaging", "full"]);

const pattern = text(1_024)
  .min(1)
  .refine((value) => value.trim() !== "*", "`*` alone would allow every command");

const exec = section(
  {
    host: later(
      z.enum(["sandbox", "gateway", "node", "auto"]),
      { safe: "sandbox", step: "later" },
      "Where commands run: in the cell.",
    ),
    security: key(
      z
        .enum(["deny", "allowlist", "full"])
        .default("full")
        .superRefine((value, context) => {
          if (value === "allowlist")
            context.addIssue({
              code: "custom",
              message:
                'only "full" and "deny" are accepted: approvals come with step 4 of the plan. `full` is safe here, because every command runs in a cell without a network',
            });
        }),
      "`full` runs every command inside the cell, `deny` none. `allowlist` needs approvals.",
    ),
    ask: later(z.enum(["off", "on-miss", "always"]), { safe: "off", step: 4 }, "When a person is asked."),
    allowlist: later(z.array(pattern).max(1_000), { safe: [], step: 4 }, "Commands that run unasked."),
    blocklist: later(z.array(text(1_024)).max(1_000), { safe: [], step: 4 }, "Commands that never run."),
    safeBins: later(names(), { safe: [], step: 4 }, "Programs that only read standard input."),
    pathPrepend: key(z.array(path).max(20).default([]), "Directories put in front of PATH inside the cell."),
    notifyOnExit: key(z.boolean().default(true), "Tell the agent when a background process ends."),
    notifyOnExitEmptySuccess: key(z.boolean().default(false), "Also when it succeeded without output."),
    backgroundMs: key(
      z.int().min(0).max(600_000).default(120_000),
      "When a foreground command is moved to the background.",
    ),
    timeoutSeconds: key(z.int().min(1).max(86_400).default(1_800), "How long a command may run."),
    cleanupMs: key(
      z.int().min(1_000).max(86_400_000).default(1_800_000),
      "How long a finished process can still be asked about.",
    ),
    applyPatch: section(
      {
        enabled: key(z.boolean().default(true), "Offer apply_patch."),
        workspaceOnly: later(z.boolean(), { safe: true, step: "later" }, "Patches stay in the workspace."),
      },
      "The apply_patch tool.",
    ),
  },
  "Commands.",
);

const web = section(
  {
    fetch: section(
      {
        enabled: later(z.boolean(), { safe: false, step: "later" }, "Read web pages."),
        userAgent: key(text(512).optional(), "The User-Agent header."),
        maxChars: key(count.default(50_000), "Characters of a page for the model."),
        maxCharsCap: key(count.default(200_000), "The most that a call may ask for."),
        timeoutSeconds: key(z.int().min(1).max(300).default(30), "How long a page may take."),
        cacheTtlMinutes: key(z.number().min(0).max(10_080).default(15), "How long a page is remembered."),
        maxRedirects: key(z.int().min(0).max(20).default(3), "Redirects that are followed."),
        readability: key(z.boolean().default(true), "Keep only the text of the page."),
      },
      "Reading the web.",
    ),
    search: section(
      {
        enabled: later(z.boolean(), { safe: false, step: "later" }, "Search the web."),
        provider: key(text(64).optional(), "Who searches."),
        maxResults: key(z.int().min(1).max(50).default(5), "Results of one search."),
        timeoutSeconds: key(z.int().min(1).max(300).default(30), "How long a search may take."),
        cacheTtlMinutes: key(z.number().min(0).max(10_080).default(15), "How long results are remembered."),
        perplexity: section(
          { apiKey: secret("Perplexity's API key."), model: key(text(256).optional(), "The model that searches.") },
          "Perplexity.",
        ),
        grok: section(
          { apiKey: secret("xAI's API key."), model: key(text(256).optional(), "The model that searches.") },
          "Grok.",
        ),
        brave: section({ apiKey: secret("Brave's API key.") }, "Brave."),
      },
      "Searching the web.",
    ),
  },
  "The web.",
);

const understanding = (what: string) =>
  section(
    {
      enabled: later(z.boolean(), { safe: false, step: "later" }, `Describe ${what} for the model.`),
      maxChars: key(count.default(4_000), "Characters of the description."),
      maxBytes: key(z.int().min(1).max(1_073_741_824).default(10_485_760), "The largest file."),
      models: later(z.array(z.json()).max(20), { safe: [], step: "later" }, "The models that describe."),
      timeoutSeconds: key(z.int().min(1).max(600).default(60), "How long it may take."),
    },
    `Understanding ${what}.`,
  );

const list = { allow: key(names().optional(), "Only these."), deny: key(names().default([]), "Never these.") };

export const tools = section(
  {
    profile: key(
      toolProfile.optional(),
      "The tools to start from: `minimal` session_status only, `messaging`, `coding`, `full`. Unset: `coding` for the owner, `messaging` for everybody else.",
    ),
    allow: key(names().optional(), "Only these of them, by name or group. An empty list allows nothing."),
    deny: key(names().default([]), "Never these. Deny wins."),
    byProvider: later(z.record(z.string(), z.json()), { safe: {}, step: 4 }, "Tools by model provider."),
    toolsBySender: later(z.record(z.string(), z.json()), { safe: {}, step: 4 }, "Tools by sender."),
    sandbox: section({ tools: section(list, "Tools inside the cell.") }, "Tools inside the cell."),
    subagents: section({ tools: section(list, "Tools of sub-agents.") }, "Tools of sub-agents."),
    exec,
    fs: section(
      { workspaceOnly: later(z.boolean(), { safe: true, step: "later" }, "File tools see only what the cell sees.") },
      "File tools.",
    ),
    elevated: section(
      {
        enabled: later(z.boolean(), { safe: false, step: "later" }, "Commands outside the cell."),
        allowFrom: later(
          z.record(z.string(), z.array(text(128)).max(25)),
          { safe: {}, step: "later" },
          "Who may ask for them, by channel.",
        ),
      },
      "Work outside the cell.",
    ),
    web,
    media: section(
      { image: understanding("pictures"), audio: understanding("sound"), video: understanding("video") },
      "Understanding media.",
    ),
    links: section(
      {
        enabled: later(z.boolean(), { safe: false, step: "later" }, "Preview links in messages."),
        maxLinks: key(z.int().min(1).max(20).default(3), "Links of one message."),
      },
      "Links in messages.",
    ),
    sessions: section(
      {
        visibility: key(
          z.enum(["self", "tree", "agent", "all"]).default("tree"),
          "Which sessions an agent's tools see. A sandboxed session never sees more than its own tree.",
        ),
      },
      "Session tools.",
    ),
    agentToAgent: section(
      {
        enabled: later(z.boolean(), { safe: false, step: "later" }, "Agents may write to each other."),
        allow: later(names(), { safe: [], step: "later" }, "Which."),
      },
      "Agents talking to agents.",
    ),
    loopDetection: section({ enabled: key(z.boolean().default(true), "Stop a turn that repeats itself.") }, "Loops."),
    maxConcurrent: key(z.int().min(1).max(64).default(4), "Tool calls of one turn that run at once."),
    browser: section(
      {
        profile: laterUnset(path, "later", "A directory for the browser's own profile."),
        timeout: key(z.int().min(1_000).max(600_000).default(60_000), "Milliseconds that a browser action may take."),
        security: later(z.enum(["ask", "deny", "full"]), { safe: "ask", step: "later" }, "When a person is asked."),
      },
      "The browser tool.",
    ),
    message: reserved("later", "The message tool."),
  },
  "Tools.",
  "hot",
);
