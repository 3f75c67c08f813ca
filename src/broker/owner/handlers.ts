// What the owner's methods do. The same handlers serve the owner's socket of a running broker and, without a gateway,
// a command that works on the files of a stopped one.
import type { AuditLog } from "../../audit/audit.ts";
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import type { AreaMethodName, OwnerMethodHandlers, OwnerStatus } from "../../protocol/owner-methods.ts";
import { describeToken, gatewayTokenName, holdersOfToken } from "../../vault/vault.ts";
import { mintSignInLink, refuseGivenToken, replaceGatewayToken, rotateGatewayToken } from "../../vault/vault.ts";
import type { FileVault, SignInOptions } from "../../vault/vault.ts";
import type { Ceiling } from "../serve/ceiling.ts";
import type { ConfigService } from "./config-service.ts";
import { checkChannel } from "./channel-check.ts";
import type { ChannelCheckDeps } from "./channel-check.ts";
import { checkModel } from "./model-check.ts";

export type OwnerContext = { readonly signal: AbortSignal };
export type OwnerHandlers = OwnerMethodHandlers<OwnerContext>;
export type AreaHandlers = Pick<OwnerHandlers, AreaMethodName>;

/** The parts that only a running broker has. */
export type RunningBroker = {
  readonly status: () => Promise<OwnerStatus>;
  /** Returns at once; the stop begins when the answer has left. */
  readonly stop: (graceMs: number | undefined) => { readonly pid: number };
  readonly restart: (graceMs: number | undefined) => void;
  readonly signIn: () => SignInOptions;
};

export type OwnerDeps = ChannelCheckDeps & {
  readonly config: ConfigService;
  readonly vault: FileVault;
  readonly ceiling: () => Ceiling;
  /** `provider/model` of the default agent, where one is configured. */
  readonly defaultModel: () => string | undefined;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** After a secret was stored, replaced or removed: what is derived from the vault is made anew. */
  readonly onSecretsChanged: () => Promise<void>;
  /** What the broker's sides serve. */
  readonly areas: AreaHandlers;
  /** Undefined without a running gateway. */
  readonly running: RunningBroker | undefined;
};

const historyShown = 50;

export function createOwnerHandlers(deps: OwnerDeps): OwnerHandlers {
  const { config, vault, audit } = deps;

  async function changeToken<T>(change: () => Promise<T>): Promise<T> {
    refuseGivenToken(vault);
    const result = await change();
    audit.record({ kind: "config", actor: "owner", resource: `token rotated: ${gatewayTokenName}` });
    await deps.onSecretsChanged();
    return result;
  }

  function gateway(): RunningBroker {
    if (deps.running !== undefined) return deps.running;
    throw new LoricaError("unavailable", "the gateway is not running; start it with: lorica up");
  }

  return {
    ...deps.areas,
    "owner.status": async () => await gateway().status(),
    "config.get": async ({ path }) => await config.view(path),
    async "config.set"({ edits, baseHash }) {
      const change = await config.edit(edits, { baseHash, actor: "owner" });
      for (const name of change.secretsKept)
        audit.record({ kind: "config", actor: "owner", resource: `secret stored: ${name}` });
      if (change.secretsKept.length > 0) await deps.onSecretsChanged();
      return change;
    },
    "config.history": async ({ limit }) => ({ revisions: await config.history(limit ?? historyShown) }),
    "config.rollback": async ({ to }) => await config.rollback(to, "owner"),
    "token.show": async () => await describeToken(vault, deps.clock.now()),
    async "token.create"() {
      const token = await changeToken(() => replaceGatewayToken(vault, deps.clock.now()));
      return { token, source: "vault" };
    },
    async "token.rotate"({ graceMs }) {
      const rotate = () => rotateGatewayToken(vault, { now: deps.clock.now(), graceMs });
      const { previousUntil } = await changeToken(rotate);
      return { previousUntil, toUpdate: holdersOfToken };
    },
    "dashboard.link": async () => await mintSignInLink(gateway().signIn()),
    "gateway.stop": async ({ graceMs }) => ({ stopping: true, ...gateway().stop(graceMs) }),
    async "gateway.restart"({ graceMs }) {
      gateway().restart(graceMs);
      return { restarting: true };
    },
    "channel.check": async (params, { signal }) => await checkChannel(deps, params, signal),
    "model.check": async (params, { signal }) => await checkModel(deps, params, signal),
  };
}
