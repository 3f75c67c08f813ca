// catalogue
// Commands that speak the wire: to a gateway elsewhere, about nodes and as one, and the full-screen chat.
import type { CommandSpec, OptionSpec } from "./commands.ts";

/** Taken by every command that can work with a gateway elsewhere. */
export const remoteOptions: readonly OptionSpec[] = [
  { flags: "--url <url>", summary: "a gateway elsewhere, as wss://host:18789; this machine's own where left out" },
  { flags: "--token-file <path>", summary: "a file that holds the gateway's token; - reads it from stdin" },
  { flags: "--token <token>", summary: "the token itself, with a warning", hidden: true },
  { flags: "--password-file <path>", summary: "a file that holds the gateway's password; - reads it from stdin" },
  { flags: "--password <password>", summary: "the password itself, with a warning", hidden: true },
  {
    flags: "--tls-fingerprint <sha256>",
    summary: "the certificate that the gateway must show; remembered once it held",
  },
];

const timeoutOption: OptionSpec = { flags: "--timeout <duration>", summary: "give up after this long, as 30s or 5m" };
const cwdOption: OptionSpec = { flags: "--cwd <folder>", summary: "where it runs; the home folder where left out" };
const nodeTakes = "<node>";

export const wireCommands: readonly CommandSpec[] = [
  {
    path: "gateway call",
    takes: "<method>",
    summary: "call any method of the gateway and print what it answers",
    options: [
      { flags: "--params <json>", summary: "its params; - reads them from stdin" },
      { flags: "--expect-final", summary: "wait for the end, where a method first says that it has begun" },
      timeoutOption,
      ...remoteOptions,
    ],
    examples: ["gateway call health", "gateway call sessions.list --params '{\"limit\":5}'"],
    load: async () => (await import("../commands/gateway/call.ts")).callMethod,
  },
  {
    path: "gateway discover",
    summary: "who says to be a gateway on the local network; anybody can say so",
    options: [{ flags: "--timeout <duration>", summary: "how long to listen; 3 s where left out" }],
    load: async () => (await import("../commands/gateway/discover.ts")).discover,
  },
  { path: "deploy", summary: "files for what stands around the gateway; printed, never applied" },
  {
    path: "deploy render",
    takes: "<target>",
    summary: "a file for nginx, caddy, traefik, ufw, ufw-tailscale, compose, systemd-credential or cloudflare-waf",
    options: [
      { flags: "--host <name>", summary: "the name under which the gateway is reached; the config's where left out" },
      { flags: "--allow-ip <addresses>", summary: "your own addresses or ranges, with commas between them" },
    ],
    examples: ["deploy render nginx --host gateway.example.com", "deploy render ufw --allow-ip 203.0.113.7"],
    load: async () => (await import("../commands/network/deploy.ts")).renderDeploy,
  },
  { path: "identity", summary: "what this installation calls itself towards others" },
  {
    path: "identity show",
    summary: "what each host is told about who calls",
    load: async () => (await import("../commands/network/identity.ts")).showIdentity,
  },
  {
    path: "gateway probe",
    summary: "which gateways answer: the one in the config and the one of this machine, or the one that --url names",
    options: remoteOptions,
    load: async () => (await import("../commands/gateway/probe.ts")).probeGateways,
  },
  {
    path: "tui",
    summary: "the full-screen chat: sessions, streaming answers, tools at work",
    options: [
      { flags: "--session <key>", summary: "the session to begin with; main where left out" },
      { flags: "-m, --message <text>", summary: "say this first" },
      { flags: "--thinking <level>", summary: "off, minimal, low, medium, high, xhigh, adaptive or max" },
      { flags: "--history-limit <count>", summary: "how many earlier messages are shown; 100 where left out" },
      { flags: "--timeout-ms <ms>", summary: "the time limit of a turn in milliseconds" },
      { flags: "--deliver", summary: "no effect: replies are shown here", hidden: true },
      ...remoteOptions,
    ],
    examples: ["tui", "tui --session work", "tui --url wss://home.example:18789"],
    load: async () => (await import("../commands/gateway/tui.ts")).tui,
  },
  {
    path: "nodes",
    summary: "machines that the gateway may ask to do things",
    options: remoteOptions,
    load: async () => (await import("../commands/nodes/nodes.ts")).listNodes,
  },
  {
    path: "nodes list",
    summary: "nodes, and those that wait for approval",
    options: remoteOptions,
    load: async () => (await import("../commands/nodes/nodes.ts")).listNodes,
  },
  {
    path: "nodes status",
    summary: "as `nodes list`",
    options: remoteOptions,
    load: async () => (await import("../commands/nodes/nodes.ts")).listNodes,
  },
  {
    path: "nodes pending",
    summary: "as `nodes list`",
    options: remoteOptions,
    load: async () => (await import("../commands/nodes/nodes.ts")).listNodes,
  },
  {
    path: "nodes describe",
    takes: nodeTakes,
    summary: "what a node is, what it may be asked, and why not more",
    options: remoteOptions,
    load: async () => (await import("../commands/nodes/nodes.ts")).describeNode,
  },
  {
    path: "nodes approve",
    takes: "<request>",
    summary: "let a node offer exactly what it asked for",
    options: remoteOptions,
    load: async () => (await import("../commands/nodes/nodes.ts")).approveNode,
  },
  {
    path: "nodes reject",
    takes: "<request>",
    summary: "turn a node's request down",
    options: remoteOptions,
    load: async () => (await import("../commands/nodes/nodes.ts")).rejectNode,
  },
  {
    path: "nodes remove",
    takes: nodeTakes,
    summary: "take back what a node may offer, and end its connection",
    options: remoteOptions,
    load: async () => (await import("../commands/nodes/nodes.ts")).removeNode,
  },
  {
    path: "nodes rename",
    takes: "<node> <name>",
    summary: "give a node a name",
    options: remoteOptions,
    load: async () => (await import("../commands/nodes/nodes.ts")).renameNode,
  },
  {
    path: "nodes invoke",
    takes: "[node] [command]",
    summary: "ask a node to do something, and print its answer",
    options: [
      { flags: "--params <json>", summary: "what it needs to know; - reads it from stdin" },
      { flags: "--node <node>", summary: "the node, where it is not an argument" },
      { flags: "--command <name>", summary: "the command, where it is not an argument" },
      { flags: "--idempotency-key <key>", summary: "the same key twice is the same order" },
      { flags: "--invoke-timeout <ms>", summary: "as --timeout, in milliseconds", hidden: true },
      timeoutOption,
      ...remoteOptions,
    ],
    examples: ['nodes invoke attic system.which --params \'{"bins":["git"]}\''],
    load: async () => (await import("../commands/nodes/nodes.ts")).invokeNode,
  },
  { path: "node", summary: "make this machine a node of a gateway" },
  {
    path: "node run",
    summary: "connect as a node and answer, until Ctrl-C",
    options: [
      { flags: "--host <host>", summary: "the gateway's machine; this one where left out" },
      { flags: "--port <port>", summary: "its port; 18789 where left out" },
      { flags: "--tls", summary: "speak TLS; needed for everything but this machine and a tailnet" },
      { flags: "--display-name <name>", summary: "what the node is called; the machine's name where left out" },
      ...remoteOptions,
    ],
    examples: ["node run --host home.example --tls", "node run --host 100.101.102.103"],
    load: async () => (await import("../commands/nodes/node.ts")).runNode,
  },
  {
    path: "node allow",
    takes: "<program> [words...]",
    summary: "let a gateway run exactly this command line on this machine",
    options: [cwdOption],
    examples: ["node allow -- uptime -p"],
    load: async () => (await import("../commands/nodes/node.ts")).allow,
  },
  {
    path: "node disallow",
    takes: "<program> [words...]",
    summary: "take a command line off that list",
    options: [cwdOption],
    load: async () => (await import("../commands/nodes/node.ts")).disallow,
  },
  {
    path: "node allowed",
    summary: "the command lines that a gateway may run on this machine",
    load: async () => (await import("../commands/nodes/node.ts")).listAllowed,
  },
];
