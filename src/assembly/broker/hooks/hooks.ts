// The owner's hooks at their place in the broker: asked by the gateway before and after a call, and once more where the
// effect is, so that a gateway which does not ask gains nothing by it.
import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { AuditLog } from "../../../audit/audit.ts";
import type { Action } from "../../../base/action.ts";
import { systemClock } from "../../../base/clock.ts";
import { LoricaError } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { isRecord } from "../../../base/json.ts";
import { unlessAborted } from "../../../base/wait.ts";
import { findBwrap, parseAction } from "../../../broker/broker.ts";
import type { BrokerAnswers, OwnerHandlers, ProbedCells } from "../../../broker/broker.ts";
import { listAgents } from "../../../config/config.ts";
import type { Config, StatePaths } from "../../../config/config.ts";
import { watchFiles } from "../../../config/keep/watch.ts";
import { createHooks, describeHook, isCellAction, openRegistry } from "../../../hook/hook.ts";
import type {
  BeforeAnswer,
  CellAction,
  HookCall,
  HookInput,
  Hooks,
  HookSubject,
  HookWants,
  Registered,
  Registry,
} from "../../../hook/hook.ts";
import type { Halts } from "../../../incident/incident.ts";
import type { HookList, HookRow, HookTest, hookMethods } from "../../../protocol/owner/hooks.ts";
import type { PartStatus } from "../../../protocol/owner/kit.ts";
import { ceilingOf } from "../../settings/ceiling.ts";
import { agentReaches } from "../../settings/egress.ts";
import { createRunHook } from "./room.ts";
import { protectedPaths } from "../open-parts.ts";
import type { Ground } from "../open-parts.ts";
import type { BrokerSide } from "../side.ts";

export type HooksSide = BrokerSide & {
  readonly wants: () => HookWants;
  readonly areas: Pick<OwnerHandlers, keyof typeof hookMethods>;
};

export type HooksDeps = {
  readonly cells: ProbedCells;
  readonly audit: AuditLog;
  readonly halts: Pick<Halts, "admit">;
  /** Ends once the boot probe has. */
  readonly probed: Promise<unknown>;
};

export async function createHooksSide(ground: Ground, deps: HooksDeps): Promise<HooksSide> {
  const { options, keeper, log } = ground;
  const { paths } = options;
  const { cells, audit } = deps;
  const registry = await openRegistryAt(ground);
  const hooks = createHooksOf(ground, deps, registry);
  const callOf: CallOf = (agentId, sessionKey, callId) => {
    const workspace = cells.workspaceOf(agentId);
    return { agentId, sessionKey, callId, workspace: workspace.ok ? workspace.value : undefined };
  };
  const view = (): HookList => ({
    settingsPath: paths.settingsPath,
    hooks: registry.hooks().map(toRow),
    ignoredEvents: registry.ignoredEvents(),
  });
  let changed = async (): Promise<void> => undefined;
  return {
    wants: hooks.wants,
    answers: answersOf(hooks, callOf),
    async guard(action, signal) {
      if (isCellAction(action) && hooks.wants().before)
        await hooks.guard(callOf(action.agentId, action.sessionKey, newId()), action, signal);
      return undefined;
    },
    areas: {
      "hooks.list": async () => view(),
      async "hooks.trust"() {
        await registry.trust();
        const resource = `${paths.settingsPath}: ${registry
          .hooks()
          .map(({ definition }) => definition.command)
          .join(", ")}`;
        audit.record({ kind: "hook", actor: "owner", verdict: "allow", rule: "hooks.trust", resource });
        await changed();
        return view();
      },
      async "hooks.test"({ tool, input, agent }, { signal }) {
        const agentId = agent ?? listAgents(keeper.config(), paths)[0]?.id ?? "main";
        const call = callOf(agentId, "hooks-test", newId());
        return toTest(await hooks.test(call, { tool, input: input as HookInput }, signal));
      },
    },
    part: () => partOf(registry),
    start(broker, signal) {
      const source = log.source("hooks");
      const onLost = (reason: string): void =>
        source.warn("a change of settings.json is noticed at the next call only", { reason });
      changed = () => broker.configure();
      watchFiles({ files: () => [paths.settingsPath], onChange: () => changed(), onLost }, signal);
      for (const { definition, problem } of registry.hooks())
        if (problem !== undefined) source.warn(`${describeHook(definition)}: ${problem}`);
    },
  };
}

async function openRegistryAt({ options: { paths, codeRoot }, keeper }: Ground): Promise<Registry> {
  return await openRegistry({
    settingsPath: paths.settingsPath,
    pinsPath: join(paths.credentials, "hooks.json"),
    clock: systemClock,
    home: paths.home,
    stateDir: paths.stateDir,
    protectedPaths: protectedPaths(paths, codeRoot),
    workspaces: () => writablePlaces(keeper.config(), paths),
  });
}

/** Everything that some agent's commands may write to. */
function writablePlaces(config: Config, paths: StatePaths): readonly string[] {
  return [...ceilingOf(config, paths).agents.values()].flatMap(({ workspace, binds = [] }) => [
    workspace,
    ...binds.filter(({ access }) => access === "rw").map(({ source }) => source),
  ]);
}

function createHooksOf(
  { options, keeper, alertOwner }: Ground,
  { cells, audit, probed, halts }: HooksDeps,
  registry: Registry,
): Hooks {
  const { paths } = options;
  const run = createRunHook({
    host: { node: realpathSync(process.execPath), home: paths.home, etcDir: join(paths.cache, "cell", "cell-etc") },
    stateDir: paths.stateDir,
    bwrap: findBwrap,
    groups: cells.groups,
    async sandbox(signal) {
      await unlessAborted(
        probed.catch(() => undefined),
        signal,
      );
      return cells.status();
    },
  });
  return createHooks({
    registry,
    run,
    admit: (agentId) => halts.admit({ agentId, capability: "tools" }),
    audit,
    onProblem: (definition, problem) =>
      void alertOwner(`A hook was not asked, so a call was refused: ${describeHook(definition)}: ${problem}`),
    clock: systemClock,
    home: paths.home,
    reaches: (agentId) => agentReaches(keeper.config(), paths, agentId),
    access: (agentId) => ceilingOf(keeper.config(), paths).agents.get(agentId)?.access ?? "none",
  });
}

function answersOf(hooks: Hooks, callOf: CallOf): BrokerAnswers {
  return {
    async "hooks.before"(params, signal) {
      const { call, subject } = readAsked(params, callOf);
      return await hooks.before(call, subject, signal);
    },
    async "hooks.after"(params, signal) {
      const { call, subject } = readAsked(params, callOf);
      const { text, isError } = params;
      if (typeof text !== "string" || typeof isError !== "boolean") throw malformed();
      return await hooks.after(call, { ...subject, text, isError }, signal);
    },
  };
}

type CallOf = (agentId: string, sessionKey: string, callId: string) => HookCall;

/** From the gateway, so hostile data: what an action says is read as where it takes effect. */
function readAsked(
  params: Readonly<Record<string, unknown>>,
  callOf: CallOf,
): { call: HookCall; subject: HookSubject } {
  const { callId, tool, input, action } = params;
  if (
    typeof callId !== "string" ||
    callId.length > nameMaxChars ||
    typeof tool !== "string" ||
    tool.length > nameMaxChars
  )
    throw malformed();
  if (!isRecord(action)) throw malformed();
  const { verb, agentId, sessionKey } = action;
  if (typeof agentId !== "string" || typeof sessionKey !== "string" || sessionKey.length > 4_096) throw malformed();
  const call = callOf(agentId, sessionKey, callId);
  if (isCellAction(action as Action)) {
    const parsed = parseAction(verb as CellAction["verb"], action);
    if (!parsed.ok) throw new LoricaError("invalid_request", parsed.reason);
    return { call, subject: { kind: "cell", action: parsed.value as CellAction } };
  }
  if (!isRecord(input)) throw malformed();
  return { call, subject: { kind: "tool", tool, input: input as HookInput } };
}

const nameMaxChars = 256;

function malformed(): LoricaError {
  return new LoricaError("invalid_request", "a question to the hooks that is none");
}

function toTest(answer: BeforeAnswer): HookTest {
  if (answer.kind === "deny") return { verdict: "deny", reason: answer.reason, input: null };
  return { verdict: "allow", reason: null, input: answer.kind === "changed_input" ? answer.input : null };
}

function toRow({ definition, folders, problem }: Registered): HookRow {
  return { ...definition, folders: [...folders], problem: problem ?? null };
}

function partOf(registry: Registry): PartStatus {
  const hooks = registry.hooks();
  const refused = hooks.filter(({ problem }) => problem !== undefined);
  const [first] = refused;
  if (first === undefined) {
    const detail = hooks.length === 0 ? "none is registered" : `${hooks.length} registered, trusted and asked`;
    return { name: "hooks", state: "on", detail, fix: null };
  }
  const detail = `${refused.length} of ${hooks.length} cannot be asked, so what they are about is refused: ${describeHook(first.definition)}: ${first.problem ?? ""}`;
  return { name: "hooks", state: "degraded", detail, fix: "lorica hooks list" };
}
