// What a valid config becomes before it is used: variables of the process win, well-known providers get their place,
// and keys found in the environment become secrets.
import { LoricaError } from "../../base/errors.ts";
import { isSecretRef } from "../../base/secret.ts";
import type { SecretRef } from "../../base/secret.ts";
import { readVariable } from "../environment.ts";
import type { Environment } from "../environment.ts";
import { takeBackLapsed } from "../dangers/lapse.ts";
import { keyVariables, knownPlace, otherKeys, placeOfProvider } from "../providers.ts";
import type { Config, ProviderConfig } from "../schema/schema.ts";
import type { Findings, Path } from "./issue.ts";
import { tokenFault } from "./secrets.ts";
import type { Variables } from "./substitute.ts";
import { partAt } from "./tree.ts";
import type { Tree } from "./tree.ts";

/** What the command line says; it comes before the environment, and that before the file (GW-003). */
export type Overrides = {
  readonly port?: number | undefined;
  readonly bind?: string | undefined;
  readonly tailscale?: string | undefined;
};

export type Settling = {
  readonly env: Environment;
  readonly overrides: Overrides;
  readonly variables: Variables;
  /** What has ended by then is not in force. */
  readonly now: number;
  readonly tree: Tree;
  readonly findings: Findings;
};

export function settle(
  written: Config,
  { env, overrides, variables, ...lapsing }: Settling,
): { readonly config: Config; readonly lapsed: readonly string[] } {
  return takeBackLapsed(settleProviders(applyEnvironment(written, env, overrides), variables), lapsing);
}

function applyEnvironment(config: Config, env: Environment, overrides: Overrides): Config {
  const port = overrides.port ?? parsePort(readVariable(env, "GATEWAY_PORT")) ?? config.gateway.port;
  const bind =
    parseBind(overrides.bind, "--bind") ??
    parseBind(readVariable(env, "GATEWAY_BIND"), "OPENCLAW_GATEWAY_BIND") ??
    config.gateway.bind;
  const mode = parseTailscale(overrides.tailscale) ?? config.gateway.tailscale.mode;
  const tailscale = { ...config.gateway.tailscale, mode };
  const isSilent = readVariable(env, "DISABLE_BONJOUR") === "1";
  const discovery = isSilent
    ? { ...config.discovery, mdns: { ...config.discovery.mdns, mode: "off" as const } }
    : config.discovery;
  return { ...config, discovery, gateway: { ...config.gateway, port: checkPort(port, "--port"), bind, tailscale } };
}

type Outranking = { readonly written: Config; readonly config: Config; readonly findings: Findings };

/** A value in the file that does not count: unsaid, a change of it would seem to be lost. */
export function noteOutranked(tree: Tree, { written, config, findings }: Outranking): void {
  for (const name of ["port", "bind"] as const) {
    const there = partAt(tree, ["gateway", name]);
    if (there === undefined || written.gateway[name] === config.gateway[name]) continue;
    const message = `the file says ${written.gateway[name]}; the command line or the environment says ${config.gateway[name]}, which counts`;
    findings.note(`gateway.${name}`, message, there.place);
  }
}

/** Every provider that the config or a key makes usable, each with its place and its protocol. */
function settleProviders(config: Config, variables: Variables): Config {
  const providers: Record<string, ProviderConfig> = {};
  const named = new Set([...Object.keys(config.models.providers), ...providersOfModels(config)]);
  for (const [id, names] of keyVariables) if (names.some((name) => isSet(variables.get(name)))) named.add(id);
  const keptKeys = keysKept(config);
  for (const id of keptKeys.keys()) named.add(id);
  for (const id of named) {
    const settled = settleProvider(id, config.models.providers[id]);
    const apiKey = settled?.apiKey ?? keptKeys.get(id);
    if (settled !== undefined) providers[id] = apiKey === undefined ? settled : { ...settled, apiKey };
  }
  return { ...config, models: { ...config.models, providers } };
}

/** Providers' keys that stand in `env` as names of secrets: their values are the vault's, and never pass through here. */
function keysKept({ env }: Config): ReadonlyMap<string, SecretRef> {
  const found = [...keyVariables].flatMap(([id, names]) => {
    const ref = names.map((name) => env.vars[name]).find(isSecretRef);
    return ref === undefined ? [] : [[id, ref] as const];
  });
  return new Map(found);
}

export type Adopting = {
  readonly secrets: Map<string, string>;
  readonly env: Environment;
  readonly variables: Variables;
  readonly findings: Findings;
};

/**
 * Keys in the environment are taken over once as secrets. The gateway's own credentials there come before the file, as
 * its port does; of every other key the file's comes first.
 */
export function adoptKeys({ secrets, env, variables, findings }: Adopting): void {
  const token = readVariable(env, "GATEWAY_TOKEN");
  const fault = token === undefined ? undefined : tokenFault(token);
  if (fault !== undefined) findings.refuse("OPENCLAW_GATEWAY_TOKEN", fault);
  const own = [
    ["gateway:token", token],
    ["gateway:password", readVariable(env, "GATEWAY_PASSWORD")],
  ] as const;
  for (const [name, value] of own) {
    if (value === undefined) continue;
    if (secrets.has(name) && secrets.get(name) !== value)
      findings.note(name, "is in the environment and, differently, in the file; the environment counts");
    secrets.set(name, value);
  }
  const adopt = (name: string, value: string | undefined): void => {
    if (isSet(value) && !secrets.has(name)) secrets.set(name, value);
  };
  for (const [id, names] of keyVariables)
    for (const variable of names) adopt(`provider:${id}`, variables.get(variable));
  for (const [variable, name] of Object.entries(otherKeys)) adopt(name, variables.get(variable));
}

function settleProvider(id: string, given: ProviderConfig | undefined): ProviderConfig | undefined {
  if (given === undefined && knownPlace(id) === undefined) return undefined;
  const base = given ?? { auth: "api-key", headers: {}, params: {}, timeoutSeconds: 600, models: [] };
  return { ...base, ...placeOfProvider(id, given) };
}

/** Every model that the config names anywhere, as written. */
export function modelRefs(config: Config): readonly { readonly path: Path; readonly ref: string }[] {
  const { defaults, list } = config.agents;
  const at = [
    { path: ["agents", "defaults"] as const, agent: defaults },
    ...list.map((agent, index) => ({ path: ["agents", "list", index] as const, agent })),
  ];
  return at.flatMap(({ path, agent }) =>
    [
      { below: ["model", "primary"], ref: agent.model?.primary },
      ...(agent.model?.fallbacks ?? []).map((ref, index) => ({ below: ["model", "fallbacks", index], ref })),
      { below: ["imageModel", "primary"], ref: agent.imageModel?.primary },
      ...(agent.imageModel?.fallbacks ?? []).map((ref, index) => ({ below: ["imageModel", "fallbacks", index], ref })),
      { below: ["utilityModel"], ref: agent.utilityModel },
      { below: ["subagents", "model", "primary"], ref: agent.subagents?.model?.primary },
      ...(agent.subagents?.model?.fallbacks ?? []).map((ref, index) => ({
        below: ["subagents", "model", "fallbacks", index],
        ref,
      })),
      { below: ["heartbeat", "model"], ref: agent.heartbeat?.model },
      { below: ["compaction", "model"], ref: agent.compaction?.model },
    ].flatMap(({ below, ref }) => (ref === undefined ? [] : [{ path: [...path, ...below], ref }])),
  );
}

export function providerOf(ref: string): string | undefined {
  const slash = ref.indexOf("/");
  return slash > 0 ? ref.slice(0, slash) : undefined;
}

function providersOfModels(config: Config): readonly string[] {
  const aliased = Object.keys(config.agents.defaults.models);
  const refs = [...modelRefs(config).map(({ ref }) => ref), ...aliased];
  return refs.flatMap((ref) => providerOf(ref) ?? []);
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return checkPort(/^\d{1,5}$/.test(text) ? Number(text) : Number.NaN, "OPENCLAW_GATEWAY_PORT");
}

function checkPort(port: number, name: string): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new LoricaError("invalid_request", `${name} must be a port number from 1 to 65535.`);
}

const binds = ["loopback", "lan", "tailnet", "auto", "custom"] as const;

function parseTailscale(text: string | undefined): Config["gateway"]["tailscale"]["mode"] | undefined {
  if (text === undefined || text === "off" || text === "serve" || text === "funnel") return text;
  throw new LoricaError("invalid_request", "--tailscale must be one of off, serve, funnel.");
}

function parseBind(text: string | undefined, name: string): Config["gateway"]["bind"] | undefined {
  if (text === undefined) return undefined;
  const bind = binds.find((known) => known === text);
  if (bind !== undefined) return bind;
  // Guides write the address itself for the one place that needs no word.
  if (text === "127.0.0.1" || text === "localhost") return "loopback";
  throw new LoricaError("invalid_request", `${name} must be one of ${binds.join(", ")}.`);
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
