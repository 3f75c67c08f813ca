// catalogue
// Every command that works: its grammar, its words of help and where its code is. The program, the shell completion and
// docs/cli.md are all made from this one table; a command's module is loaded only when that command runs.
import type { Run } from "../context.ts";
import { backupCommands } from "./backup.ts";
import { deviceCommands } from "./devices.ts";
import { evidenceCommands } from "./evidence.ts";
import { hookCommands } from "./hooks.ts";
import { incidentCommands } from "./incident.ts";
import { serviceCommands } from "./service.ts";
import { sandboxCommands } from "./sandbox.ts";
import { vaultCommands } from "./vault.ts";
import { dlpCommands } from "./dlp.ts";
import { watchdogCommands } from "./watchdog.ts";
import { remoteOptions, wireCommands } from "./wire.ts";

export type OptionSpec = {
  /** As commander writes them: `-f, --follow`, `--port <number>`. */
  readonly flags: string;
  readonly summary: string;
  /** Accepted and not advertised. */
  readonly hidden?: true;
  /** May be given more than once. */
  readonly many?: true;
};

export type CommandSpec = {
  /** The words after the program's name. */
  readonly path: string;
  /** As commander writes them: `<key> [value]`. */
  readonly takes?: string;
  readonly summary: string;
  readonly options?: readonly OptionSpec[];
  /** Why it takes no more arguments, where a person may well expect that it does. */
  readonly noMore?: string;
  /** What follows the program's name in an example. */
  readonly examples?: readonly string[];
  /** Nothing for a group: without a subcommand it prints its help. */
  readonly load?: () => Promise<Run>;
};

/** Taken by every command, before or after its name. */
export const globalOptions: readonly OptionSpec[] = [
  { flags: "--json", summary: "results and errors as JSON" },
  { flags: "--profile <name>", summary: "a separate state, in ~/.openclaw-<name>" },
  { flags: "--dev", summary: "short for --profile dev", hidden: true },
  { flags: "--no-color", summary: "no colour (also: NO_COLOR, or output that is not a terminal)" },
];

const agentOption: OptionSpec = { flags: "--agent <id>", summary: "the agent; the configured default where left out" };
const timeoutOption: OptionSpec = { flags: "--timeout <duration>", summary: "give up after this long, as 30s or 5m" };
const yesOption: OptionSpec = { flags: "--yes", summary: "do it without asking" };
const limitOption: OptionSpec = { flags: "--limit <count>", summary: "at most this many" };

/** What `gateway run` takes. Upstream's further flags are accepted where ignoring them is harmless. */
const gatewayRunOptions: readonly OptionSpec[] = [
  { flags: "--port <port>", summary: "listen on this port instead of gateway.port" },
  { flags: "--bind <where>", summary: "loopback, lan, tailnet, custom or auto, instead of gateway.bind" },
  { flags: "--foreground", summary: "stay in this terminal (it always does)" },
  { flags: "--verbose", summary: "print what is logged" },
  { flags: "--auth <mode>", summary: "token; others are set in the config: gateway.auth.mode" },
  { flags: "--tailscale <mode>", summary: "off, serve (to the tailnet) or funnel (to the internet)" },
  { flags: "--token <token>", summary: "refused: a token on a command line is visible to others", hidden: true },
  { flags: "--password <password>", summary: "refused, as --token", hidden: true },
  { flags: "--allow-unconfigured", summary: "no effect: an unconfigured gateway starts and says so", hidden: true },
  { flags: "--force", summary: "refused: stop the other gateway by name", hidden: true },
  { flags: "--ws-log <style>", summary: "no effect", hidden: true },
  { flags: "--compact", summary: "no effect", hidden: true },
  { flags: "--raw-stream", summary: "refused: it would write conversations unredacted", hidden: true },
  { flags: "--raw-stream-path <path>", summary: "refused, as --raw-stream", hidden: true },
  { flags: "--reset", summary: "refused: use `reset`, which asks", hidden: true },
  { flags: "--claude-cli-logs", summary: "no effect", hidden: true },
];

const onboardOptions: readonly OptionSpec[] = [
  { flags: "--non-interactive", summary: "ask nothing; everything comes from flags and variables" },
  { flags: "--custom-base-url <url>", summary: "the provider's base URL, as http://127.0.0.1:11434/v1" },
  { flags: "--custom-model-id <id>", summary: "the model's name at that provider" },
  { flags: "--custom-compatibility <kind>", summary: "openai (default) or anthropic: which wire format it speaks" },
  { flags: "--custom-provider-id <id>", summary: "its name in the config; made from the URL where left out" },
  { flags: "--custom-providerId <id>", summary: "the same", hidden: true },
  { flags: "--custom-api-key <key>", summary: "the key; visible to others on this machine, so prefer CUSTOM_API_KEY" },
  { flags: "--custom-api-key-file <path>", summary: "a file that holds the key; - reads it from stdin" },
  { flags: "--auth-choice <choice>", summary: "custom-api-key, <provider>-api-key, or skip" },
  { flags: "--model <id>", summary: "the model, where --auth-choice names a known provider" },
  { flags: "--skip-check", summary: "do not try the provider with one small call" },
  { flags: "--workspace <folder>", summary: "the agent's workspace" },
  { flags: "--gateway-port <port>", summary: "the port that the gateway listens on" },
  { flags: "--gateway-bind <where>", summary: "loopback (default), tailnet, lan, auto or custom" },
  { flags: "--gateway-auth <mode>", summary: "token (default)" },
  { flags: "--install-daemon", summary: "run the gateway as a service of systemd" },
  { flags: "--no-install-daemon", summary: "no service" },
  { flags: "--anthropic-api-key <key>", summary: "a key on the command line, with a warning", hidden: true },
  { flags: "--openai-api-key <key>", summary: "the same", hidden: true },
  { flags: "--openrouter-api-key <key>", summary: "the same", hidden: true },
  { flags: "--gemini-api-key <key>", summary: "the same", hidden: true },
  { flags: "--moonshot-api-key <key>", summary: "the same", hidden: true },
  { flags: "--minimax-api-key <key>", summary: "the same", hidden: true },
  { flags: "--xai-api-key <key>", summary: "the same", hidden: true },
  { flags: "--zai-api-key <key>", summary: "the same", hidden: true },
  { flags: "--mode <mode>", summary: "local; for a gateway elsewhere see gateway.remote", hidden: true },
  { flags: "--flow <flow>", summary: "quickstart, advanced or manual: without questions they are one", hidden: true },
  { flags: "--reset", summary: "refused, with what does it instead", hidden: true },
  { flags: "--token-provider <id>", summary: "refused, with what does it instead", hidden: true },
  { flags: "--token <token>", summary: "refused, with what does it instead", hidden: true },
  { flags: "--gateway-token <token>", summary: "refused: one is generated; see `token create`", hidden: true },
  { flags: "--gateway-password <password>", summary: "refused, with what does it instead", hidden: true },
  { flags: "--remote-url <url>", summary: "refused, with what does it instead", hidden: true },
  { flags: "--remote-token <token>", summary: "refused, with what does it instead", hidden: true },
  { flags: "--tailscale <mode>", summary: "off; see gateway.tailscale", hidden: true },
  { flags: "--daemon-runtime <runtime>", summary: "no effect", hidden: true },
  { flags: "--skip-channels", summary: "do not ask about chat apps", hidden: true },
  { flags: "--skip-skills", summary: "no effect: there are none yet", hidden: true },
  { flags: "--skip-health", summary: "as --skip-check", hidden: true },
  { flags: "--skip-ui", summary: "no effect: there is none yet", hidden: true },
  { flags: "--node-manager <name>", summary: "no effect", hidden: true },
  { flags: "--accept-risk", summary: "no effect", hidden: true },
];

const agentOptions: readonly OptionSpec[] = [
  { flags: "-m, --message <text>", summary: "what to say; - reads it from stdin" },
  agentOption,
  { flags: "--session-id <key>", summary: "the session, as main or agent:main:notes" },
  { flags: "--model <model>", summary: "for this turn: provider/model or an alias" },
  { flags: "--thinking <level>", summary: "off, minimal, low, medium, high, xhigh, adaptive or max" },
  timeoutOption,
  { flags: "--verbose", summary: "show tool calls, reasoning and what was spent" },
  { flags: "--rehearsal-script <file>", summary: "a script for the rehearsal model to play; - is stdin" },
  { flags: "--to <recipient>", summary: "self (default), and nothing else", hidden: true },
  { flags: "--channel <channel>", summary: "refused: see message send", hidden: true },
  { flags: "--deliver", summary: "refused: see message send", hidden: true },
  { flags: "--local", summary: "no effect: every turn runs in the gateway", hidden: true },
  ...remoteOptions,
];

export const commands: readonly CommandSpec[] = [
  {
    path: "up",
    summary: "start the gateway if it is not running, and say where it is and what it can do",
    options: [
      { flags: "--foreground", summary: "stay in this terminal" },
      { flags: "--port <port>", summary: "listen on this port instead of gateway.port" },
    ],
    examples: ["up", "up --profile work"],
    load: async () => (await import("../commands/up.ts")).up,
  },
  {
    path: "onboard",
    summary:
      "the first set-up: asks for a model, who may reach it and a chat app, and tries each; can be left and taken up",
    options: onboardOptions,
    examples: [
      "onboard",
      "onboard --install-daemon",
      "onboard --non-interactive --custom-base-url http://127.0.0.1:11434/v1 --custom-model-id qwen3",
      "onboard --non-interactive --auth-choice anthropic-api-key --model claude-sonnet-4-5",
    ],
    load: async () => (await import("../commands/onboard.ts")).onboard,
  },
  {
    path: "setup",
    summary: "as `onboard`",
    options: onboardOptions,
    load: async () => (await import("../commands/onboard.ts")).onboard,
  },
  {
    path: "configure",
    summary: "as `onboard`, also after the first set-up",
    options: onboardOptions,
    load: async () => (await import("../commands/onboard.ts")).onboard,
  },
  {
    path: "gateway",
    summary: "run the gateway in this terminal; or ask after it, stop it, restart it",
    options: gatewayRunOptions,
    examples: ["gateway", "gateway --port 19000", "gateway status"],
    load: async () => (await import("../commands/gateway.ts")).runGateway,
  },
  {
    path: "gateway run",
    summary: "run the gateway in this terminal",
    options: gatewayRunOptions,
    load: async () => (await import("../commands/gateway.ts")).runGateway,
  },
  ...serviceCommands,
  {
    path: "gateway health",
    summary: "as `health`",
    options: [timeoutOption, ...remoteOptions],
    load: async () => (await import("../commands/status.ts")).health,
  },
  {
    path: "gateway usage-cost",
    summary: "as `usage`",
    options: [{ flags: "--days <days>", summary: "how far back; 30 where left out" }],
    load: async () => (await import("../commands/usage.ts")).usage,
  },
  {
    path: "status",
    summary: "what runs, which model answers, what is off and why",
    options: [
      { flags: "--all", summary: "everything, fit to paste into a report: no secrets, home folder as ~" },
      { flags: "--deep", summary: "as --all", hidden: true },
      { flags: "--usage", summary: "with what was spent" },
      { flags: "--verbose", summary: "as --all", hidden: true },
      timeoutOption,
      ...remoteOptions,
    ],
    load: async () => (await import("../commands/status.ts")).status,
  },
  {
    path: "health",
    summary: "is it alive? exit status 0 if so",
    options: [timeoutOption, { flags: "--verbose", summary: "with sessions", hidden: true }, ...remoteOptions],
    load: async () => (await import("../commands/status.ts")).health,
  },
  {
    path: "agent",
    takes: "[text...]",
    summary: "run one turn and print the answer as it comes",
    options: agentOptions,
    examples: [
      'agent --message "list the files here and count them"',
      'agent --message "and now by size" --session-id main --verbose',
      "agent --message - --json < question.txt",
    ],
    load: async () => (await import("../commands/agent.ts")).agent,
  },
  {
    path: "chat",
    summary: "a conversation, line by line; /help inside",
    options: agentOptions.filter((option) => !option.flags.includes("--message")),
    load: async () => (await import("../commands/chat.ts")).chat,
  },
  { path: "message", summary: "send messages" },
  {
    path: "message send",
    takes: "[text]",
    summary: "send a message; --to self without a channel runs a turn and prints the reply",
    options: [
      { flags: "--to <recipient>", summary: "self, or with a channel the platform's id of somebody you let in" },
      { flags: "--target <recipient>", summary: "the same", hidden: true },
      { flags: "-m, --message <text>", summary: "the message, where it is not an argument" },
      { flags: "--channel <channel>", summary: "send over it; self is then you" },
      { flags: "--account <id>", summary: "the channel's account, where it has several" },
      timeoutOption,
    ],
    examples: [
      'message send --to self "Hello, are you running locally?"',
      'message send --channel telegram --to self "The backup is done"',
    ],
    load: async () => (await import("../commands/message.ts")).sendMessage,
  },
  {
    path: "sessions",
    summary: "list sessions, newest first",
    options: [
      agentOption,
      limitOption,
      { flags: "--active <duration>", summary: "only those used within this time" },
      { flags: "--verbose", summary: "no effect: everything is shown", hidden: true },
      { flags: "--store <path>", summary: "refused: sessions are in one database", hidden: true },
    ],
    load: async () => (await import("../commands/sessions.ts")).listSessions,
  },
  {
    path: "sessions list",
    summary: "list sessions, newest first",
    options: [agentOption, limitOption, { flags: "--active <duration>", summary: "only those used within this time" }],
    load: async () => (await import("../commands/sessions.ts")).listSessions,
  },
  {
    path: "sessions show",
    takes: "<key>",
    summary: "print a session's conversation",
    options: [limitOption],
    load: async () => (await import("../commands/sessions.ts")).showSession,
  },
  {
    path: "sessions export",
    takes: "<key>",
    summary: "write a session as JSON lines to stdout or a file",
    options: [{ flags: "-o, --output <file>", summary: "a new file, readable by you only" }],
    examples: ["sessions export main > main.jsonl"],
    load: async () => (await import("../commands/sessions.ts")).exportSession,
  },
  {
    path: "sessions import",
    takes: "<file>",
    summary: "read a session from JSON lines (upstream's too); - reads stdin",
    options: [agentOption, { flags: "--key <key>", summary: "the session it becomes" }],
    load: async () => (await import("../commands/sessions.ts")).importSession,
  },
  {
    path: "sessions reset",
    takes: "<key>",
    summary: "start the session afresh; what was said stays readable",
    load: async () => (await import("../commands/sessions.ts")).resetSession,
  },
  {
    path: "sessions delete",
    takes: "<key>",
    summary: "delete a session with its conversation",
    options: [yesOption],
    load: async () => (await import("../commands/sessions.ts")).deleteSession,
  },
  {
    path: "models",
    summary: "list the models that the config names",
    load: async () => (await import("../commands/models.ts")).listModels,
  },
  {
    path: "models list",
    summary: "list the models that the config names",
    load: async () => (await import("../commands/models.ts")).listModels,
  },
  {
    path: "models status",
    summary: "the default model and its fallbacks; --check tries a provider with one small call",
    options: [{ flags: "--check", summary: "one small call to the default model" }],
    load: async () => (await import("../commands/models.ts")).modelsStatus,
  },
  {
    path: "models scan",
    summary: "look for model servers on this machine",
    load: async () => (await import("../commands/models.ts")).scanModels,
  },
  {
    path: "models set",
    takes: "<model>",
    summary: "make provider/model the default",
    load: async () => (await import("../commands/models.ts")).setModel,
  },
  {
    path: "channels",
    summary: "the chat channels and how they are",
    load: async () => (await import("../commands/channels/list.ts")).listChannels,
  },
  {
    path: "channels list",
    summary: "the chat channels and how they are",
    load: async () => (await import("../commands/channels/list.ts")).listChannels,
  },
  {
    path: "channels status",
    summary: "connections, and replies that need a look",
    options: [{ flags: "--probe", summary: "no effect: it always looks", hidden: true }, timeoutOption],
    load: async () => (await import("../commands/channels/list.ts")).channelsStatus,
  },
  {
    path: "channels add",
    takes: "[channel]",
    summary: "connect a chat account: its token is asked for, checked with the platform and kept apart",
    options: [
      { flags: "--channel <channel>", summary: "the channel, where it is not an argument; telegram where left out" },
      { flags: "--account <id>", summary: "another account of the same channel, by a name of your own" },
      { flags: "--name <name>", summary: "a name for people" },
      { flags: "--token-file <file>", summary: "read the token from a file; - is stdin" },
      {
        flags: "--token <token>",
        summary: "the token; others on this machine can see it while this runs",
        hidden: true,
      },
      { flags: "--no-check", summary: "do not ask the platform" },
    ],
    examples: [
      "channels add telegram",
      "channels add telegram --token-file token.txt",
      "channels add telegram --account work",
    ],
    load: async () => (await import("../commands/channels/add.ts")).addChannel,
  },
  {
    path: "channels remove",
    takes: "<channel>",
    summary: "switch a chat account off and forget its token",
    options: [{ flags: "--account <id>", summary: "the account; default where left out" }, yesOption],
    load: async () => (await import("../commands/channels/add.ts")).removeChannel,
  },
  {
    path: "channels start",
    takes: "<channel>",
    summary: "let a channel that was stopped run again",
    load: async () => (await import("../commands/channels/list.ts")).startChannel,
  },
  {
    path: "channels stop",
    takes: "<channel>",
    summary: "stop a channel until it is started again, or the gateway is",
    load: async () => (await import("../commands/channels/list.ts")).stopChannel,
  },
  { path: "pairing", summary: "who may write to the assistant over chat channels" },
  {
    path: "pairing list",
    takes: "[channel]",
    summary: "who asks to be let in, and who has been",
    load: async () => (await import("../commands/channels/pairing.ts")).listPairing,
  },
  {
    path: "pairing approve",
    takes: "<channel> <code>",
    summary: "let in whoever was told this code",
    options: [
      { flags: "--owner", summary: "as the owner: with every tool, and with the owner's own files in view" },
      { flags: "--member", summary: "as a member: with a member's tools, in a conversation of their own" },
      { flags: "--account <id>", summary: "the channel's account, where there are several" },
      { flags: "--notify", summary: "no effect: they find out when they write", hidden: true },
    ],
    examples: ["pairing approve telegram K7WQ2M9D", "pairing approve telegram K7WQ2M9D --owner"],
    load: async () => (await import("../commands/channels/pairing.ts")).approvePairing,
  },
  {
    path: "pairing reject",
    takes: "<channel> <sender>",
    summary: "take a request away, by the sender's id",
    options: [{ flags: "--account <id>", summary: "the channel's account, where there are several" }],
    load: async () => (await import("../commands/channels/pairing.ts")).rejectPairing,
  },
  {
    path: "pairing revoke",
    takes: "<channel> <sender>",
    summary: "send somebody away who was let in, by their id",
    options: [{ flags: "--account <id>", summary: "the channel's account; default where left out" }],
    load: async () => (await import("../commands/channels/pairing.ts")).revokePairing,
  },
  { path: "config", summary: "read and change the configuration" },
  {
    path: "config get",
    takes: "[key]",
    summary: "print a value, defaults included; secrets are never printed",
    examples: ["config get gateway.port"],
    load: async () => (await import("../commands/config.ts")).configGet,
  },
  {
    path: "config set",
    takes: "<key> <value...>",
    summary: "set a value: JSON5 or plain text; comments in the file stay",
    examples: ["config set gateway.port 19000", "config set gateway.trustedProxies '[\"127.0.0.1\"]'"],
    load: async () => (await import("../commands/config.ts")).configSet,
  },
  {
    path: "config unset",
    takes: "<key>",
    summary: "remove a value, so that the default holds again",
    load: async () => (await import("../commands/config.ts")).configUnset,
  },
  {
    path: "config validate",
    summary: "check the file; errors name the line",
    load: async () => (await import("../commands/config.ts")).configValidate,
  },
  {
    path: "config schema",
    summary: "print the JSON Schema",
    load: async () => (await import("../commands/config.ts")).configSchema,
  },
  {
    path: "config file",
    summary: "print the file's path",
    load: async () => (await import("../commands/config.ts")).configPath,
  },
  {
    path: "config diff",
    takes: "[version]",
    summary: "what changed since the last good config, or since a version: last-good, bak, bak.1 to bak.4",
    load: async () => (await import("../commands/config.ts")).configDiff,
  },
  {
    path: "config history",
    summary: "who changed what, newest first",
    options: [limitOption, { flags: "--suspicious", summary: "only changes that widen what may be done" }],
    load: async () => (await import("../commands/config.ts")).configHistory,
  },
  {
    path: "config rollback",
    takes: "[version]",
    summary: "bring back the newest config that is valid and differs, or a version: last-good, bak, bak.1 to bak.4",
    load: async () => (await import("../commands/config.ts")).configRollback,
  },
  { path: "secret", summary: "keys and tokens: the short way to `vault set`, `vault list` and `vault remove`" },
  {
    path: "secret set",
    takes: "<name>",
    summary: "store a secret; the value is asked for, or read from stdin",
    noMore: "the value is not an argument, which others could read: it is asked for, or comes from stdin",
    examples: ["secret set provider:anthropic", "secret set provider:openai < key.txt"],
    load: async () => (await import("../commands/vault/vault.ts")).set,
  },
  {
    path: "secret list",
    summary: "names and dates; values are never printed",
    load: async () => (await import("../commands/vault/vault.ts")).list,
  },
  {
    path: "secret remove",
    takes: "<name>",
    summary: "forget a secret",
    load: async () => (await import("../commands/vault/vault.ts")).remove,
  },
  { path: "token", summary: "the gateway's own token, which HTTP clients present" },
  {
    path: "token show",
    summary: "print the gateway token",
    load: async () => (await import("../commands/gateway/token.ts")).showToken,
  },
  {
    path: "token create",
    summary: "make a new gateway token; the old one stops working",
    load: async () => (await import("../commands/gateway/token.ts")).createToken,
  },
  {
    path: "token rotate",
    summary: "replace the gateway token; for a while the old one counts too",
    options: [
      { flags: "--grace <duration>", summary: "how long the old one still counts, as 10m (default), 24h or 0" },
    ],
    examples: ["token rotate", "token rotate --grace 24h"],
    load: async () => (await import("../commands/gateway/token.ts")).rotateToken,
  },
  ...deviceCommands,
  ...sandboxCommands,
  ...hookCommands,
  ...vaultCommands,
  ...dlpCommands,
  ...backupCommands,
  ...watchdogCommands,
  ...evidenceCommands,
  ...incidentCommands,
  {
    path: "logs",
    summary: "print the gateway's log",
    options: [
      { flags: "-f, --follow", summary: "go on printing as lines are written" },
      { flags: "--limit <count>", summary: "the last so many lines; 100 where left out" },
      { flags: "--plain", summary: "no colour" },
    ],
    examples: ["logs --follow", "logs --limit 500 --json"],
    load: async () => (await import("../commands/logs.ts")).logs,
  },
  {
    path: "usage",
    summary: "tokens and money spent, by model",
    options: [{ flags: "--days <days>", summary: "how far back; 30 where left out" }],
    load: async () => (await import("../commands/usage.ts")).usage,
  },
  {
    path: "doctor",
    summary: "look for what is wrong and say what to do",
    options: [
      { flags: "--yes", summary: "no effect: it asks nothing", hidden: true },
      { flags: "--non-interactive", summary: "no effect: it asks nothing", hidden: true },
      { flags: "--deep", summary: "no effect: it always looks at everything", hidden: true },
      { flags: "--no-workspace-suggestions", summary: "no effect", hidden: true },
    ],
    load: async () => (await import("../commands/doctor.ts")).doctor,
  },
  {
    path: "completion",
    takes: "<shell>",
    summary: "print a completion script for bash, zsh or fish",
    examples: ["completion bash > ~/.local/share/bash-completion/completions/lorica"],
    load: async () => (await import("../commands/completion.ts")).completion,
  },
  ...wireCommands,
];
