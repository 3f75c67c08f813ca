// A `tailscale` program: keeps what it was told in a file beside it, says what the real one says, and refuses every
// argument that the real one would not take. It needs no environment, because it gets none.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type FauxState = {
  backend: string;
  name: string;
  /** Logins by address; `tagged` for a machine that belongs to nobody. */
  people: Record<string, string>;
  /** By port: where it leads, and whether for everybody. */
  serving: Record<string, { target: string; isPublic: boolean }>;
  /** What the next call that changes something does instead. */
  refusal?: "none" | "denied" | "not enabled" | "opens too much" | "broken";
};

export type FauxTailscale = {
  /** A folder for the PATH. */
  readonly folder: string;
  state(): FauxState;
  change(change: Partial<FauxState>): void;
  /** Every call so far, as its arguments. */
  calls(): readonly string[];
  environment(): readonly string[];
  remove(): void;
};

export function createFauxTailscale(change: Partial<FauxState> = {}): FauxTailscale {
  const folder = mkdtempSync(join(tmpdir(), "lorica-tailscale-"));
  const at = (name: string): string => join(folder, name);
  const first: FauxState = {
    backend: "Running",
    name: "box.tail1234.ts.net",
    people: {},
    serving: {},
    ...change,
  };
  writeFileSync(at("state.json"), JSON.stringify(first));
  writeFileSync(at("tailscale"), program(folder));
  chmodSync(at("tailscale"), 0o755);
  const state = (): FauxState => JSON.parse(readFileSync(at("state.json"), "utf8")) as FauxState;
  const lines = (name: string): readonly string[] =>
    existsSync(at(name)) ? readFileSync(at(name), "utf8").trim().split("\n") : [];
  return {
    folder,
    state,
    change: (next) => writeFileSync(at("state.json"), JSON.stringify({ ...state(), ...next })),
    calls: () => lines("calls"),
    environment: () => lines("environment"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function program(folder: string): string {
  return `#!${process.execPath}
const fs = require("node:fs");
const folder = ${JSON.stringify(folder)};
const args = process.argv.slice(2);
const state = JSON.parse(fs.readFileSync(folder + "/state.json", "utf8"));
fs.appendFileSync(folder + "/calls", args.join(" ") + "\\n");
fs.writeFileSync(folder + "/environment", Object.keys(process.env).join("\\n"));
const fail = (text) => { process.stderr.write(text + "\\n"); process.exit(1); };
const print = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
const site = (port) => state.name + ":" + port;
const [command, ...rest] = args;
const flags = rest.filter((word) => word.startsWith("--"));
const words = rest.filter((word) => !word.startsWith("--"));
const allowed = { status: /^--json$/, whois: /^--json$/, serve: /^--(bg|json|https=\\d+)$/, funnel: /^--(bg|json|https=\\d+)$/ }[command];
if (allowed === undefined || !flags.every((flag) => allowed.test(flag))) fail("flag provided but not defined");
if (state.refusal === "broken") { process.stdout.write("{"); process.exit(0); }
if (command === "status") {
  print({ BackendState: state.backend, Self: { DNSName: state.name + ".", TailscaleIPs: ["100.64.0.1"] } });
} else if (command === "whois") {
  const login = state.people[words[0]];
  if (login === undefined) fail("peer not found");
  print({ Node: login === "tagged" ? { Tags: ["tag:x"] } : {}, UserProfile: { LoginName: login === "tagged" ? "tagged-devices" : login } });
} else if (words[0] === "status") {
  const web = {}, tcp = {}, funnel = {};
  for (const [port, { target, isPublic }] of Object.entries(state.serving)) {
    tcp[port] = { HTTPS: true };
    web[site(port)] = { Handlers: { "/": { Proxy: "http://" + target } } };
    if (isPublic) funnel[site(port)] = true;
  }
  print(Object.keys(web).length === 0 ? {} : { TCP: tcp, Web: web, AllowFunnel: funnel });
} else {
  const port = /--https=(\\d+)/.exec(flags.join(" "))?.[1];
  if (port === undefined || words.length !== 1) fail("invalid arguments");
  if (state.refusal === "denied") fail("Access denied: serve config denied\\n\\nUse 'sudo tailscale serve'.");
  if (state.refusal === "not enabled") {
    process.stdout.write("Serve is not enabled on your tailnet.\\nTo enable, visit:\\n\\n         https://login.tailscale.com/f/serve?node=abc\\n");
    fail("");
  }
  if (words[0] === "off") delete state.serving[port];
  else {
    if (!flags.includes("--bg") || !/^127\\.0\\.0\\.1:\\d+$/.test(words[0])) fail("invalid arguments");
    state.serving[port] = { target: words[0], isPublic: command === "funnel" || state.refusal === "opens too much" };
  }
  fs.writeFileSync(folder + "/state.json", JSON.stringify(state));
}
`;
}
