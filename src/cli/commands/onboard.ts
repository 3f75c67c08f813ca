// `onboard`: from nothing to a gateway with a model that answers. On a terminal it asks; without one everything comes
// from flags and variables.
import { LoricaError } from "../../base/errors.ts";
import { probeLocalServers } from "../../protocol/local-servers.ts";
import type { Invocation } from "../context.ts";
import { parsePlan } from "../onboard-plan.ts";
import type { Plan } from "../onboard-plan.ts";
import { checkProvider, fetchJson } from "../provider-check.ts";
import { commandLine, withOwner } from "../reach.ts";
import type { OwnerClient } from "../reach.ts";
import { installBinary } from "../service/binary.ts";
import { installAndStart, renderInstalled } from "../service/install-and-start.ts";

export async function onboard(invocation: Invocation): Promise<void> {
  const { io, options, context } = invocation;
  const asks = !options.flag("nonInteractive");
  if (asks && (context.stdin.isTTY !== true || !io.interactive))
    throw new LoricaError(
      "invalid_request",
      `the questions need a terminal, and there is none here. Without them: ${commandLine(invocation, "onboard --non-interactive --help")}`,
    );
  const plan = await parsePlan(invocation);
  if (plan === undefined && !asks) throw await nothingChosen(invocation);
  if (plan !== undefined) await follow(invocation, plan);
  if (!asks) return;
  const { askEverything } = await import("../onboard/onboard.ts");
  await askEverything(invocation, plan === undefined ? [] : ["provider", "model"]);
}

/** What flags and variables ask for, and nothing else. */
async function follow(invocation: Invocation, plan: Plan): Promise<void> {
  const { io, options } = invocation;
  for (const warning of plan.warnings) io.note(io.style("yellow", `warning: ${warning}`));
  const { running, keyKept } = await withOwner(invocation, (owner) => write(owner, plan));
  await installBinary(invocation);
  const latencyMs = await check(invocation, plan);
  const wantsService = options.flag("nonInteractive") && options.flag("installDaemon");
  const service = wantsService
    ? await installAndStart(invocation, { port: undefined, replace: "only our own" })
    : undefined;
  const provider = plan.provider;
  const value = {
    config: invocation.paths.configPath,
    provider: provider?.id ?? null,
    model: provider === undefined ? null : `${provider.id}/${provider.modelId}`,
    keyStored: provider?.key !== undefined,
    checked: latencyMs !== undefined,
    latencyMs: latencyMs ?? null,
    service: service ?? null,
  };
  io.result(value, () => {
    if (provider !== undefined)
      io.line(`${provider.id}/${provider.modelId} is the default model (${provider.baseUrl})`);
    if (provider?.key !== undefined) io.line(`its key is stored as provider:${provider.id}, not in the config`);
    if (keyKept) io.line(`the key that was stored for it before stays in use (secret provider:${provider?.id})`);
    if (latencyMs !== undefined) io.line(`it answers (${latencyMs} ms)`);
    for (const line of service === undefined ? [] : renderInstalled(invocation, service)) io.line(line);
    const isUp = running || service !== undefined;
    if (options.flag("nonInteractive"))
      io.line(`Next: ${commandLine(invocation, isUp ? 'agent --message "hello"' : "up")}`);
  });
}

/** Config first, and only if the whole is valid; then the key; then a gateway token, so that no later step lacks one. */
async function write(
  owner: OwnerClient,
  plan: Plan,
): Promise<{ readonly running: boolean; readonly keyKept: boolean }> {
  if (plan.edits.length > 0) await owner.call("config.set", { edits: [...plan.edits] });
  const { provider } = plan;
  if (provider?.key !== undefined)
    await owner.call("vault.set", { name: `provider:${provider.id}`, value: provider.key });
  await owner.call("token.show", {});
  const { secrets } = await owner.call("vault.list", {});
  const isStored = secrets.some(({ name }) => name === `provider:${provider?.id}`);
  return { running: owner.running, keyKept: isStored && provider?.key === undefined };
}

async function check({ io, signal }: Invocation, { provider, skipCheck }: Plan): Promise<number | undefined> {
  if (provider === undefined || skipCheck) return undefined;
  try {
    return await io.progress(`asking ${provider.id}`, checkProvider(provider, signal));
  } catch (cause) {
    if (!(cause instanceof LoricaError)) throw cause;
    throw new LoricaError(
      cause.code,
      `${provider.id} is configured, but the check failed: ${cause.message}\nCorrect it and run this again, or pass --skip-check`,
      { cause },
    );
  }
}

/** Nothing was named: what is there on this machine is offered, and never taken by itself. */
async function nothingChosen(invocation: Invocation): Promise<LoricaError> {
  const { io, signal } = invocation;
  const probes = await io.progress("looking for model servers on this machine", probeLocalServers(fetchJson(signal)));
  const offers = probes.flatMap((probe) =>
    probe.kind === "found" && probe.models[0] !== undefined
      ? [`--custom-base-url ${probe.server.baseUrl} --custom-model-id ${probe.models[0]}`]
      : [],
  );
  const found =
    offers.length === 0
      ? "No model server was found on this machine."
      : `Found on this machine:\n${offers.map((offer) => `  ${commandLine(invocation, `onboard --non-interactive ${offer}`)}`).join("\n")}`;
  return new LoricaError(
    "invalid_request",
    `which model provider? Name one with --custom-base-url and --custom-model-id, or with --auth-choice. ${found}`,
    { details: { offers } },
  );
}
