// `models`: what is configured, what answers, what runs on this machine, and which one is the default.
import { LoricaError } from "../../base/errors.ts";
import { isRecord } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { probeLocalServers } from "../../protocol/local-servers.ts";
import type { Invocation } from "../context.ts";
import { fetchJson } from "../provider-check.ts";
import { commandLine, withGateway, withOwner } from "../reach.ts";
import { renderTable } from "../text.ts";

export async function listModels(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const result = await withGateway(invocation, (gateway) => gateway.call("models.list", {}));
  io.result(result, () => {
    const rows = result.models.map((model) => [
      `${model.provider}/${model.id}`,
      `${model.contextWindow} tokens`,
      model.input.join("+"),
      model.reasoning ? "reasoning" : "",
    ]);
    for (const line of renderTable(rows, { width: io.width })) io.line(line);
  });
}

export async function modelsStatus(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const value = await withOwner(invocation, async (owner) => {
    const main = await owner.call("config.get", { path: "agents.defaults.model" });
    const providers = await owner.call("config.get", { path: "models.providers" });
    const check = options.flag("check")
      ? await io.progress("asking the provider", owner.call("model.check", {}, limits.cliModelCheckTimeoutMs))
      : undefined;
    return { model: main.value, providers: namesOf(providers.value), ...(check === undefined ? {} : { check }) };
  });
  io.result(value, () => {
    for (const line of modelLines(invocation, value.model)) io.line(line);
    io.line(`providers  ${value.providers.join(", ") || "none is configured"}`);
    const { check } = value;
    if (check !== undefined)
      io.line(
        `check      ${check.ok ? `${check.provider} answers in ${check.latencyMs} ms` : `failed: ${check.reason ?? ""}`}`,
      );
  });
  if (value.check?.ok === false)
    throw new LoricaError("upstream", `${value.check.provider}: ${value.check.reason ?? "no answer"}`);
}

function modelLines(invocation: Invocation, model: unknown): readonly string[] {
  const { primary, fallbacks } = isRecord(model) ? model : {};
  const none = `none is configured, so the rehearsal model answers; to use one: ${commandLine(invocation, "onboard --help")}`;
  const rest = Array.isArray(fallbacks) && fallbacks.length > 0 ? [`fallbacks  ${fallbacks.join(", ")}`] : [];
  return [`default    ${typeof primary === "string" ? primary : none}`, ...rest];
}

function namesOf(providers: unknown): readonly string[] {
  return typeof providers === "object" && providers !== null ? Object.keys(providers) : [];
}

export async function scanModels(invocation: Invocation): Promise<void> {
  const { io, signal } = invocation;
  const probes = await io.progress("looking for model servers on this machine", probeLocalServers(fetchJson(signal)));
  io.result(probes, () => {
    for (const probe of probes) {
      if (probe.kind === "absent") io.line(`${io.style("dim", "–")} ${probe.server.provider}: ${probe.reason}`);
      else
        io.line(
          `${io.style("green", "✓")} ${probe.server.provider} at ${probe.server.baseUrl}: ${probe.models.join(", ") || "no models yet"}`,
        );
    }
    const found = probes.find((probe) => probe.kind === "found" && probe.models.length > 0);
    if (probes.every((probe) => probe.kind === "absent"))
      io.line(
        `\nNo model server was found. Start one of these and look again, or use another: ${commandLine(invocation, "onboard --help")}`,
      );
    if (found?.kind === "found")
      io.line(
        `\nTo use one: ${commandLine(invocation, `onboard --non-interactive --custom-base-url ${found.server.baseUrl} --custom-model-id ${found.models[0]}`)}`,
      );
  });
}

export async function setModel(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const [model] = args;
  if (model === undefined || model === "")
    throw new LoricaError("invalid_request", "name the model, as provider/model");
  const change = await withOwner(invocation, (owner) =>
    owner.call("config.set", { edits: [{ path: "agents.defaults.model.primary", value: model }] }),
  );
  io.result(change, () => io.line(`the default model is ${model}`));
}
