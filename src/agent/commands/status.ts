// A session in a few lines: for the owner's /status and for the model's session_status, which pays with a grant.
import type { Grant, Redeem } from "../../base/grant.ts";
import { LoricaError } from "../../base/errors.ts";
import type { Models } from "../../model/model.ts";
import type { SandboxStatus } from "../../sandbox/sandbox.ts";
import type { Session, Store } from "../../store/store.ts";
import type { ToolEffects } from "../../tool/tool.ts";
import { chooseModels } from "../asking/choose.ts";
import { createEstimator } from "../context/tokens.ts";
import { visibleEntries } from "../context/visible.ts";
import type { AgentProfile } from "../settings.ts";

export type StatusPorts = {
  readonly store: Store;
  readonly models: Models;
  readonly effects: { readonly sandbox: { status(): SandboxStatus } };
};

const microsPerDollar = 1_000_000;

/** What `ToolEffects.describeSession` is. */
export function createDescribeSession(
  ports: StatusPorts & { readonly profile: (agentId: string) => AgentProfile | undefined; readonly redeem: Redeem },
): ToolEffects["describeSession"] {
  return async (grant: Grant<"session.inspect">) => {
    const { action } = ports.redeem(grant);
    const session = await ports.store.sessions.find(action.resource.sessionKey);
    const profile = ports.profile(action.agentId);
    if (session === undefined || profile === undefined)
      throw new LoricaError("not_found", `there is no session ${action.resource.sessionKey}`);
    if (action.principal.kind !== "owner") return await renderForGuest(ports, session);
    return await renderStatus(ports, session, profile);
  };
}

/** Which model answers, what it costs and what stands around it is the owner's to know: it tells what to try next. */
async function renderForGuest(ports: Pick<StatusPorts, "store">, session: Session): Promise<string> {
  const context = await renderContext(ports, session, undefined);
  return [`Session: ${session.turnCount} turns`, `Context: ${context}`].join("\n");
}

export async function renderStatus(ports: StatusPorts, session: Session, profile: AgentProfile): Promise<string> {
  const ref = chooseModels(ports.models, {
    agentId: session.agentId,
    sessionKey: session.key,
    requested: undefined,
    preferred: session.model,
    hasImages: false,
  })[0];
  const model = ref === undefined ? undefined : ports.models.describe(ref);
  return [
    `Agent: ${profile.id} · session ${session.key} · ${session.turnCount} turns`,
    `Model: ${ref ?? "none configured"} · thinking ${session.thinking ?? profile.thinking}`,
    `Context: ${await renderContext(ports, session, model?.contextTokens)}`,
    `Used: ${await renderUsage(ports.store, session.key)}`,
    `Sandbox: ${renderSandbox(ports.effects.sandbox.status())}`,
  ].join("\n");
}

async function renderContext(
  ports: Pick<StatusPorts, "store">,
  session: Session,
  contextTokens: number | undefined,
): Promise<string> {
  const entries = await ports.store.transcript.read(session.windowId);
  const visible = visibleEntries(entries, "");
  const shown = visible.compaction === undefined ? visible.entries : [visible.compaction, ...visible.entries];
  const tokens = createEstimator().entries(shown);
  if (contextTokens === undefined) return `about ${tokens} tokens of conversation`;
  return `about ${tokens} of ${contextTokens} tokens (${Math.round((tokens / contextTokens) * 100)} %)`;
}

async function renderUsage(store: Store, sessionKey: string): Promise<string> {
  const totals = await store.usage.totals(0, sessionKey);
  if (totals.length === 0) return "nothing yet";
  const lines = totals.map((total) => {
    const cost = total.costMicros === null ? "price unknown" : `$${(total.costMicros / microsPerDollar).toFixed(4)}`;
    return `${total.provider}/${total.model}: ${total.calls} calls, ${total.inputTokens} in, ${total.outputTokens} out, ${cost}`;
  });
  return lines.join("; ");
}

function renderSandbox(status: SandboxStatus): string {
  return status.kind === "verified" ? "on, verified" : `off: ${status.reason} (${status.fix})`;
}
