// The way out at its place in the broker: the proxy behind each cell's listener, its records, and what the owner asks.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditWriter, Log } from "../../audit/audit.ts";
import { systemClock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import type { OpenWayOut, OwnerHandlers, WayOut } from "../../broker/broker.ts";
import type { Config } from "../../config/config.ts";
import { createAuthority } from "../../egress/authority/authority.ts";
import { hasWayOut, judge, presets, renderRule } from "../../egress/judge/judge.ts";
import { createLedger } from "../../egress/ledger.ts";
import type { Ledger } from "../../egress/ledger.ts";
import { fewAtOnce } from "../../egress/proxy/dial.ts";
import { attachProxy } from "../../egress/proxy/proxy.ts";
import type { Placeholder, ProxyDeps } from "../../egress/proxy/proxy.ts";
import { connectTo, resolveHost } from "../../network/network.ts";
import { parseHostPlace } from "../../protocol/known/hosts.ts";
import type { egressMethods } from "../../protocol/owner/egress.ts";
import type { PartStatus } from "../../protocol/owner/kit.ts";
import { violationOf } from "../../vault/binding.ts";
import { ceilingOf } from "../settings/ceiling.ts";
import { egressOf } from "../settings/egress.ts";
import type { EgressSettings } from "../settings/egress.ts";
import { editRules } from "../settings/egress-rules.ts";
import type { Ground } from "./open-parts.ts";
import type { BrokerSide } from "./side.ts";
import type { VaultSide } from "./vault.ts";

/** Where distributions keep the certificates that everybody trusts. */
const systemTrust = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

export type EgressSide = BrokerSide & {
  readonly areas: Pick<OwnerHandlers, keyof typeof egressMethods>;
  readonly openWayOut: OpenWayOut;
};

/** What other parts of the broker have to say about what leaves a cell. */
export type EgressParts = Required<Pick<ProxyDeps, "inspect" | "halted">> & Pick<VaultSide, "readSecret">;

export function createEgressSide(
  ground: Ground,
  auditWriter: AuditWriter,
  { readSecret, ...parts }: EgressParts,
): EgressSide {
  const { options } = ground;
  const log = ground.log.source("egress");
  const ledger = createLedger({ audit: auditWriter.source("broker"), now: systemClock.now });
  const settings = createSettings(ground);
  const deps: ProxyDeps = {
    ...parts,
    fill: (placeholder) => fillFrom(ground, readSecret, placeholder),
    rules: (agentId) => settings().agents.get(agentId),
    now: systemClock.now,
    resolve: fewAtOnce(resolveHost),
    connect: connectTo,
    record: ledger.record,
  };
  const trustDir = join(options.paths.cache, "cell-trust");
  // A broker that was killed has left its own.
  rmSync(trustDir, { recursive: true, force: true });
  let opened = 0;
  let failure: string | undefined;

  return {
    openWayOut({ agentId, sessionKey }, { ended }): WayOut {
      opened += 1;
      const authority = ended.length === 0 ? undefined : createAuthority(ended, systemClock.now());
      const trustFile = authority && writeTrust(trustDir, `${opened}.pem`, authority.certificate);
      let attached: { close(): void } | undefined;
      return {
        trustFile,
        attach(listener) {
          attached = attachProxy(deps, listener, { asker: { agentId, sessionKey }, authority });
          failure = undefined;
        },
        fail(reason) {
          failure = reason;
          log.error("a cell has no way out", { agentId, reason });
        },
        close() {
          attached?.close();
          if (trustFile !== undefined) rmSync(trustFile, { force: true });
        },
      };
    },
    part: () => describe(settings(), ledger, failure),
    areas: handlers(ground, { settings, ledger, log }),
    stop: async () => ledger.close(),
  };
}

/** They are asked for again and again, and change only with the config. */
function createSettings({ keeper, options: { paths } }: Ground): () => EgressSettings {
  let last: { readonly config: Config; readonly settings: EgressSettings } | undefined;
  return () => {
    const config = keeper.config();
    if (last?.config !== config) last = { config, settings: egressOf(config, paths, ceilingOf(config, paths)) };
    return last.settings;
  };
}

/** Only a credential that its owner has bound, and only where it is bound to. It counts as a use, like the broker's own. */
async function fillFrom(
  { vault }: Ground,
  readSecret: VaultSide["readSecret"],
  placeholder: Placeholder,
): Promise<string | undefined> {
  const { name, host, path, method, header, agentId } = placeholder;
  const binding = vault.binding(name);
  const use = { url: `https://${host}${path}`, method, at: header, agentId };
  return binding === undefined || violationOf(binding, use) !== undefined ? undefined : await readSecret(name, use);
}

/** What everybody trusts, and the cell's own authority. */
function writeTrust(folder: string, name: string, certificate: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const known = systemTrust.flatMap((file) => readIfThere(file)).slice(0, 1);
  writeFileSync(path, [...known, certificate].join("\n"), { mode: 0o600 });
  return path;
}

function readIfThere(path: string): readonly string[] {
  try {
    return [readFileSync(path, "utf8")];
  } catch {
    // Another distribution's place.
    return [];
  }
}

function describe({ agents }: EgressSettings, ledger: Ledger, failure: string | undefined): PartStatus {
  const out = [...agents].filter(([, egress]) => hasWayOut(egress)).map(([id]) => id);
  const { allowed, denied } = ledger.counts();
  if (failure !== undefined)
    return { name: "egress", state: "degraded", detail: `commands have no network: ${failure}`, fix: "lorica restart" };
  const who =
    out.length === 0 ? "no agent's commands have any network" : `commands of ${out.join(", ")} reach listed hosts`;
  const seen = allowed + denied === 0 ? "" : `; ${allowed} connections, ${denied} refused`;
  return { name: "egress", state: "on", detail: `${who}${seen}`, fix: null };
}

type Handling = { readonly settings: () => EgressSettings; readonly ledger: Ledger; readonly log: Log };

function handlers({ keeper }: Ground, { settings, ledger }: Handling): EgressSide["areas"] {
  const profileOf = (agentId: string): string => {
    const { agents } = keeper.config();
    return agents.list.find(({ id }) => id === agentId)?.egress?.profile ?? agents.defaults.egress.profile;
  };
  const named = (asked: string | undefined): string => {
    const known = [...settings().agents.keys()];
    const agentId = asked ?? known[0] ?? "main";
    if (known.includes(agentId)) return agentId;
    throw new LoricaError("not_found", `there is no agent ${agentId}; there is ${known.join(", ")}`);
  };
  return {
    "egress.status": async () => ({
      agents: [...settings().agents].map(([agentId, egress]) => ({
        agentId,
        profile: profileOf(agentId),
        hasWayOut: hasWayOut(egress),
        rules: egress.rules.map(renderRule),
        uploadMaxBytes: egress.uploadMaxBytes ?? null,
      })),
      routes: settings().routes.map(renderRule),
      presets: Object.entries(presets).map(([name, { hosts, risk }]) => ({ name, hosts, risk })),
      ...ledger.counts(),
    }),
    async "egress.test"({ host: text, agent }) {
      const agentId = named(agent);
      const place = parseHostPlace(text);
      const host = place.ok ? place.value.host.name : text;
      const port = (place.ok ? place.value.port : undefined) ?? 443;
      const question = { agentId, host, port, transport: "tunnel" } as const;
      const verdict = judge(settings().agents.get(agentId), question, systemClock.now());
      const reason = verdict.verdict === "deny" ? verdict.reason : null;
      const isTerminated = verdict.verdict === "allow" && verdict.terminate;
      return { agentId, host, port, verdict: verdict.verdict, rule: verdict.rule, reason, isTerminated };
    },
    async "egress.allow"({ host, agent, forMs }) {
      const agents = agent === undefined ? undefined : [named(agent)];
      const until = forMs === undefined ? undefined : new Date(systemClock.now() + forMs).toISOString();
      return await keeper.service.edit(editRules(keeper.config().egress, "allow", { host, agents, until }), owner);
    },
    async "egress.deny"({ host, agent }) {
      const agents = agent === undefined ? undefined : [named(agent)];
      return await keeper.service.edit(editRules(keeper.config().egress, "deny", { host, agents }), owner);
    },
    "egress.log": async ({ blocked, limit }) => ({
      entries: ledger
        .recent()
        .filter(({ verdict }) => blocked !== true || verdict === "deny")
        .slice(-(limit ?? 50))
        .map(({ at, agentId, sessionKey, host, port, method, verdict, rule, reason, upBytes, downBytes }) => {
          const what = { method: method ?? null, verdict, rule, reason: reason ?? null };
          return { at, agentId, sessionKey, host, port, ...what, upBytes, downBytes };
        }),
    }),
  };
}

const owner = { baseHash: undefined, actor: "owner" } as const;
