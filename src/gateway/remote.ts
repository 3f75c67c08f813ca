// What the gateway asks of others on behalf of its clients: the config and the logs are the broker's, an agent's files
// are its cell's.
import { codeOf, LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { owner } from "../base/principal.ts";
import type { AuditLog } from "../audit/audit.ts";
import type { LogsTailResult } from "../protocol/shapes.ts";
import { instructionFiles } from "../protocol/known/instruction-files.ts";
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
  ): Promise<LogsTailResult>;
};

export type FileOrder = {
  readonly agentId: string;
  readonly name: string;
  readonly content: string;
  /** Who asks for it, for the audit. */
  readonly actor: string;
};

export type AgentWorkspace = WorkspaceFiles & {
  /** Throws `forbidden` where the agent may not write files either. */
  write(order: FileOrder, signal: AbortSignal): Promise<void>;
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

/**
 * An instruction is written by the broker, because no cell can; a note of the agent's in the cell of its main session, under
 * the same rules as when the agent writes for its owner.
 */
export function createAgentWorkspace(deps: {
  readonly workspace: WorkspaceFiles;
  readonly policy: Pick<Policy, "decide">;
  readonly sandbox: Pick<Sandbox, "write">;
  readonly audit: AuditLog;
}): AgentWorkspace {
  const { audit } = deps;
  return {
    ...deps.workspace,
    async write({ agentId, name, content, actor }, signal) {
      const sessionKey = `agent:${agentId}:main`;
      const decision = deps.policy.decide({
        verb: "file.write",
        agentId,
        sessionKey,
        principal: owner,
        label: { integrity: "owner", readers: [owner.id] },
        // What the agent itself may not change is not written by its own hands.
        resource: { operation: instructionFiles.includes(name) ? "instruct" : "write", path: name, content },
      });
      const { rule } = decision;
      const about = {
        verb: "file.write",
        agentId,
        sessionKey,
        principal: owner.id,
        actor,
        resource: `write ${name}`,
      } as const;
      if (decision.kind === "deny") {
        audit.record({ kind: "decision", verdict: "deny", rule, reason: decision.reason, ...about });
        throw new LoricaError("forbidden", `${name} cannot be written: ${decision.reason}`);
      }
      audit.record({ kind: "decision", verdict: "allow", rule, ...about });
      const ended = (outcome: string): void =>
        audit.record({ kind: "effect", ...about, result: { outcome, bytes: Buffer.byteLength(content) } });
      try {
        await deps.sandbox.write(decision.grant, signal);
      } catch (error) {
        ended(codeOf(error));
        throw error;
      }
      ended("ok");
    },
  };
}
