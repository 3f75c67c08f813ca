// catalogue
// Config keys of the machine around the assistant: logs, environment, browser, plugins, skills, automation.
import { z } from "zod";
import {
  byteSize,
  count,
  duration,
  elsewhere,
  key,
  later,
  laterUnset,
  names,
  path,
  reserved,
  secret,
  section,
  text,
} from "./field.ts";

const level = z.enum(["silent", "fatal", "error", "warn", "info", "debug", "trace"]);

export const logging = section(
  {
    level: key(level.default("info"), "The least that is logged to the file.", "hot"),
    consoleLevel: key(level.default("info"), "The least that is shown on the terminal.", "hot"),
    consoleStyle: key(z.enum(["pretty", "json"]).default("pretty"), "How the terminal shows it."),
    file: key(path.optional(), "The log file. Unset: gateway.jsonl in the state directory's logs."),
    maxFileBytes: key(byteSize.optional(), "The same as rotation.maxSize."),
    rotation: section(
      {
        maxSize: key(byteSize.default("16mb"), "A log file is rotated at this size."),
        maxFiles: key(z.int().min(1).max(100).default(5), "Old log files that are kept."),
      },
      "Rotation.",
    ),
    redactSensitive: key(
      z.enum(["tools", "all", "off"]).default("tools"),
      "What is redacted: `tools` credentials everywhere and the arguments of tools, `all` also what people write. `off` needs an acknowledgement.",
      "hot",
    ),
    redactPatterns: key(
      z.array(text(512)).max(100).default([]),
      "More patterns to redact, as regular expressions.",
      "restart",
    ),
    audit: section(
      {
        enabled: later(
          z.boolean(),
          { safe: true, step: "later" },
          "Record each decision and effect; this cannot be switched off.",
        ),
        messages: key(z.enum(["off", "direct", "all"]).default("off"), "Also record the text of messages."),
      },
      "The audit log.",
    ),
  },
  "Logs.",
  "restart",
);

/** Variables that decide how programs start or where they connect: setting one is running code. */
const startsPrograms =
  /^(PATH|HOME|SHELL|ENV|IFS|BASH_ENV|PS4|TMPDIR|LD_|DYLD_|NODE_|NPM_|PYTHON|PERL|RUBY|JAVA_|GIT_|SSL_|CURL_|OPENSSL_|GLIBC_|(HTTPS?|ALL|NO)_PROXY$|OPENCLAW_|LORICA_|XDG_)/;

const variableName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,62}$/, "names of variables are upper case")
  .refine((name) => !startsPrograms.test(name), "cannot be set here: it changes how programs start or connect");

export const env = section(
  {
    vars: key(
      z.record(variableName, z.strictObject({ secret: z.string() })).default({}),
      "Variables for `${VAR}` in this file and for provider keys. Values are kept as secrets; commands never see them.",
    ).meta({ "x-secret-values": true, "x-secret-all": true }),
    shellEnv: section(
      {
        enabled: later(z.boolean(), { safe: false, step: "later" }, "Run the login shell to read its environment."),
      },
      "The login shell's environment.",
    ),
  },
  "Environment.",
  "restart",
);

export const discovery = section(
  {
    mdns: section(
      {
        mode: key(
          z.enum(["off", "minimal", "full"]).default("minimal"),
          "Announce the gateway on the local network; `full` tells where the command and the SSH port are, too. Off by itself where only this machine can reach it, in containers and on rented or public machines.",
        ),
        hostName: key(
          z
            .string()
            .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, "is not a host name")
            .optional(),
          "The name that is announced; without it one that says nothing of this machine.",
        ),
      },
      "mDNS.",
    ),
    wideArea: section({ domain: laterUnset(text(253), "later", "Announce it in DNS.") }, "DNS."),
  },
  "Being found.",
  "restart",
);

export const browser = section(
  {
    enabled: later(z.boolean(), { safe: false, step: "later" }, "The browser tool."),
    evaluateEnabled: later(z.boolean(), { safe: false, step: "later" }, "Run scripts in pages."),
    noSandbox: later(z.boolean(), { safe: false, step: "later" }, "Chromium without its own sandbox."),
    headless: key(z.boolean().default(true), "Without a window."),
    executablePath: laterUnset(path, "later", "The browser to run."),
    cdpUrl: laterUnset(text(2_048), "later", "A browser that already runs."),
    control: section(
      { auth: key(z.literal("token").default("token"), "The control port always asks for a token.") },
      "The control port.",
    ),
    profiles: later(z.record(z.string(), z.json()), { safe: {}, step: "later" }, "Browser profiles."),
    extraArgs: later(names(), { safe: [], step: "later" }, "More arguments."),
  },
  "The browser.",
  "restart",
);

export const plugins = section(
  {
    enabled: later(z.boolean(), { safe: false, step: "later" }, "Load plugins that do not ship with Lorica."),
    allow: later(names(), { safe: [], step: "later" }, "Plugins that may be loaded, with version and integrity."),
    deny: key(names().default([]), "Plugins that are never loaded."),
    load: section(
      { paths: later(z.array(path).max(50), { safe: [], step: "later" }, "Where else plugins are.") },
      "Where plugins are.",
    ),
    entries: later(z.record(z.string(), z.json()), { safe: {}, step: "later" }, "Settings by plugin."),
    slots: reserved("later", "Which plugin fills which slot."),
  },
  "Plugins.",
  "restart",
);

export const skills = section(
  {
    allowBundled: key(names().optional(), "Only these of the skills that ship with Lorica."),
    pinnedVersions: later(z.boolean(), { safe: true, step: "later" }, "Skills never change by themselves."),
    load: section(
      {
        extraDirs: later(z.array(path).max(50), { safe: [], step: "later" }, "Where else skills are."),
        watch: key(z.boolean().default(true), "Notice changes."),
      },
      "Where skills are.",
    ),
    entries: key(
      z
        .record(
          z.string().max(128),
          z.strictObject({
            enabled: key(z.boolean().default(true), "Whether the skill is offered."),
            apiKey: secret("The skill's API key."),
            config: key(z.record(z.string(), z.json()).default({}), "Its settings."),
          }),
        )
        .default({}),
      "Settings by skill.",
    ),
  },
  "Skills.",
  "hot",
);

const mapping = z
  .strictObject({
    id: text(128).optional(),
    allowUnsafeExternalContent: later(
      z.boolean(),
      { safe: false, step: "later" },
      "Hand the content over unmarked. Never safe.",
    ),
  })
  .catchall(z.json());

export const hooks = section(
  {
    enabled: later(z.boolean(), { safe: false, step: "later" }, "Receive webhooks."),
    path: key(
      text(256)
        .regex(/^\/[\w/-]*$/, "a path begins with /")
        .default("/hooks"),
      "Where they are received.",
    ),
    token: secret("The webhook token; never the gateway's own."),
    defaultSessionKey: key(text(256).optional(), "The session they reach."),
    allowRequestSessionKey: later(z.boolean(), { safe: false, step: "later" }, "The request chooses the session."),
    allowedSessionKeyPrefixes: key(names(100).default([]), "Sessions it may choose."),
    allowedAgentIds: key(names(100).default([]), "Agents it may reach."),
    allowQueryToken: later(z.boolean(), { safe: false, step: "later" }, "Tokens in the URL. Never safe."),
    mappings: later(z.array(mapping).max(200), { safe: [], step: "later" }, "What each webhook becomes."),
    gmail: section(
      {
        allowUnsafeExternalContent: later(
          z.boolean(),
          { safe: false, step: "later" },
          "Hand mail over unmarked. Never safe.",
        ),
      },
      "Mail.",
    ),
    internal: reserved("later", "Hooks inside the gateway."),
  },
  "Webhooks.",
  "restart",
);

export const cron = section(
  {
    enabled: later(z.boolean(), { safe: false, step: "later" }, "Scheduled turns."),
    triggers: section(
      { enabled: later(z.boolean(), { safe: false, step: "later" }, "Stored scripts as triggers. Never safe.") },
      "Triggers.",
    ),
    webhookToken: secret("The token of outgoing webhooks."),
    sessionRetention: key(duration.default("24h"), "How long the session of a scheduled turn is kept."),
  },
  "Schedules.",
  "restart",
);

export const security = section(
  {
    acknowledged: key(
      z.array(text(300)).max(100).default([]),
      "Dangerous settings that the owner means: `path=value`, or for a while `path=value until 2026-01-31T12:00:00Z`, as `lorica config acknowledge` writes it. What has ended is not in force.",
      "hot",
    ),
    audit: section(
      {
        suppressions: key(
          z
            .array(
              z.strictObject({
                checkId: text(128),
                titleIncludes: text(200).optional(),
                detailIncludes: text(200).optional(),
                reason: text(1_000).min(1),
              }),
            )
            .max(200)
            .default([]),
          "Findings that are not shown, each with the reason.",
        ),
      },
      "The security audit.",
    ),
    httpRateLimit: reserved("later", "Rates of requests that can be set; those that hold are built in."),
    hsts: elsewhere(z.boolean(), "gateway.http.securityHeaders.strictTransportSecurity"),
    installPolicy: reserved("later", "What may be installed."),
  },
  "Security.",
  "restart",
);

export const diagnostics = section(
  {
    enabled: later(z.boolean(), { safe: false, step: "later" }, "Diagnostic events."),
    otel: section(
      { enabled: later(z.boolean(), { safe: false, step: "later" }, "Export traces. Nothing is ever sent by itself.") },
      "OpenTelemetry.",
    ),
  },
  "Diagnostics.",
  "restart",
);

export const update = section(
  {
    channel: key(z.enum(["stable", "beta", "dev"]).default("stable"), "Which releases."),
    checkOnStart: later(
      z.boolean(),
      { safe: false, step: "later" },
      "Ask the network for updates. Nothing is ever asked by itself.",
    ),
    auto: section(
      { enabled: later(z.boolean(), { safe: false, step: "later" }, "Install updates by itself.") },
      "Automatic updates.",
    ),
  },
  "Updates.",
);

export const telemetry = section(
  { enabled: later(z.boolean(), { safe: false, step: "later" }, "There is none.") },
  "Telemetry.",
);

export const dlp = section(
  {
    enabled: key(
      z.boolean().default(true),
      "Look for what looks like a credential and for whole kinds of content. Values of the vault and the prompt's marker are always looked for, and where strangers can write this cannot be switched off.",
    ),
    entropy: key(z.boolean().default(true), "Count long random texts. Nothing is ever stopped for being random."),
    windowMessages: key(
      z.int().min(1).max(200).default(32),
      "How many messages to one recipient are read together, for values that leave in pieces.",
    ),
    unreadableFiles: key(
      z.enum(["pass", "stop"]).default("pass"),
      "Files that nobody can look into, such as encrypted ones: whether they are kept and sent all the same.",
    ),
    freeze: key(
      z.boolean().default(false),
      "A session in which something was stopped does nothing more until `lorica dlp allow`.",
    ),
    pii: section(
      {
        emails: key(z.boolean().default(false), "Hold replies with a list of e-mail addresses."),
        phones: key(z.boolean().default(false), "Hold replies with a list of phone numbers."),
        members: key(names().default([]), "Hold replies with a list of these names."),
        atLeast: key(z.int().min(2).max(1_000).default(5), "So many different ones are a list."),
      },
      "Lists of people.",
    ),
  },
  "What must never leave.",
  "hot",
);

export const secrets = section(
  {
    providers: later(z.record(z.string(), z.json()), { safe: {}, step: "later" }, "Other places that keep secrets."),
    defaults: reserved("later", "Which place is asked first."),
  },
  "Where secrets are kept.",
);

/** Bookkeeping that other tools write into the file. It is kept and decides nothing. */
const notes = z.record(z.string().max(64), z.json()).default({});

export const wizard = key(notes, "What onboarding noted about itself.", "hot");

export const meta = key(notes, "What wrote the file last.", "hot");

export const ui = section(
  {
    seamColor: key(text(32).optional(), "The accent colour."),
    prefs: key(z.record(z.string().max(64), z.json()).default({}), "Preferences of the web interface."),
  },
  "Interfaces.",
  "hot",
);

export const attachments = section(
  {
    ttlHours: key(z.int().min(1).max(168).default(72), "Hours that received files are kept."),
    maxTotalBytes: key(byteSize.default("2gb"), "Disk space of received files."),
    maxFiles: key(count.default(10_000), "How many."),
  },
  "Received files.",
  "hot",
);
