// What the gateway asks of others on behalf of its clients: the config and the logs are the broker's, an agent's files
// are its cell's.
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { owner } from "../base/principal.ts";
import type { LogTail } from "../audit/audit.ts";
import type { RemoteChange, RemoteView } from "../config/config.ts";
import type { Policy } from "../policy/policy.ts";
import type { Sandbox, WorkspaceFiles } from "../sandbox/sandbox.ts";

export type ConfigStatus = {
  readonly hashOnDisk: string | null;
  readonly hashRunning: string | null;
  /** Changed keys that take effect at the next start. */
  readonly restartNeeded: readonly string[];
};

export type ConfigOrder = {
  readonly mode: "set" | "patch" | "unset";
  readonly raw: string;
  readonly baseHash: string | undefined;
  readonly actor: string;
};

export type RemotePorts = {
  /** Who the local Tailscale daemon says is behind an address; undefined where it knows nobody. */
  whois(address: string): Promise<{ readonly user: string } | undefined>;
  configStatus(): Promise<ConfigStatus>;
  readConfig(signal: AbortSignal): Promise<RemoteView & { readonly status: ConfigStatus }>;
  writeConfig(order: ConfigOrder, signal: AbortSignal): Promise<RemoteChange>;
  tailLog(
    asked: {
      readonly cursor?: number | undefined;
      readonly limit?: number | undefined;
      readonly maxBytes?: number | undefined;
    },
    signal: AbortSignal,
  ): Promise<LogTail>;
};

export type AgentWorkspace = WorkspaceFiles & {
  /** Throws `forbidden` where the agent may not write files either. */
  write(agentId: string, file: { readonly name: string; readonly content: string }, signal: AbortSignal): Promise<void>;
};

export type AskBroker = (method: string, params: object, signal: AbortSignal) => Promise<unknown>;

/** The broker is ours, so what it answers is what its types say. */
export function createRemotePorts(call: AskBroker): RemotePorts {
  const ask = async <T>(method: string, params: object, signal: AbortSignal): Promise<T> =>
    (await call(method, params, signal)) as T;
  return {
    async whois(address) {
      const known = ask<{ readonly user?: string }>(
        "tailscale.whois",
        { address },
        AbortSignal.timeout(limits.whoisWaitMs),
      );
      const { user } = await known;
      return user === undefined ? undefined : { user };
    },
    configStatus: () => ask("config.status", {}, AbortSignal.timeout(limits.brokerAskTimeoutMs)),
    readConfig: (signal) => ask("config.read", {}, signal),
    writeConfig: (order, signal) => ask("config.write", order, signal),
    tailLog: (asked, signal) => ask("logs.tail", asked, signal),
  };
}

/** Written in the cell of the agent's main session, under the same rules as when the agent writes for its owner. */
export function createAgentWorkspace(deps: {
  readonly workspace: WorkspaceFiles;
  readonly policy: Policy;
  readonly sandbox: Pick<Sandbox, "write">;
}): AgentWorkspace {
  return {
    ...deps.workspace,
    async write(agentId, { name, content }, signal) {
      const decision = deps.policy.decide({
        verb: "file.write",
        agentId,
        sessionKey: `agent:${agentId}:main`,
        principal: owner,
        label: { integrity: "owner", readers: [owner.id] },
        resource: { operation: "write", path: name, content },
      });
      if (decision.kind !== "allow")
        throw new LoricaError("forbidden", `${name} cannot be written: ${decision.reason}`);
      await deps.sandbox.write(decision.grant, signal);
    },
  };
}
