// `gateway probe`: which gateways answer, and how long it took. It says no name and shows no credential, so that looking
// leaves no trace but a closed connection.
import { unreachableReason } from "../../../client/client.ts";
import { codes, codeOf, LoricaError } from "../../../base/errors.ts";
import { limits } from "../../../base/limits.ts";
import { bounded } from "../../../base/wait.ts";
import { loadConfig } from "../../../config/config.ts";
import type { Invocation } from "../../context.ts";
import { configuredRemote, namedRemote, parseUrl } from "../../remote.ts";
import type { Remote } from "../../remote.ts";
import { renderTable } from "../../text.ts";

type Probe = {
  readonly url: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
};

export async function probeGateways(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const targets = await targetsOf(invocation);
  const found = await io.progress("probing", Promise.all(targets.map((target) => probe(invocation, target))));
  const ok = found.some((one) => one.ok);
  io.result({ ok, targets: found }, () => {
    const rows = found.map(({ url, ms, detail, ok: answers }) => [answers ? "answers" : "no", url, `${ms} ms`, detail]);
    for (const line of renderTable(rows, { width: Infinity })) io.line(line);
  });
  if (!ok) io.exitWith(codes.unavailable.exit);
}

async function targetsOf(invocation: Invocation): Promise<readonly Remote[]> {
  const named = await namedRemote(invocation);
  if (named !== undefined) return [named];
  const { paths, context } = invocation;
  const loaded = await loadConfig({ paths, env: context.env });
  if (loaded.kind !== "loaded")
    throw new LoricaError("config_invalid", "the config is not valid; `config validate` says where");
  const here = { url: await parseUrl(`ws://127.0.0.1:${loaded.config.gateway.port}`), secret: undefined };
  const elsewhere = await configuredRemote(invocation);
  return elsewhere === undefined ? [here] : [elsewhere, here];
}

async function probe({ signal }: Invocation, { url, fingerprint }: Remote): Promise<Probe> {
  const { probeGateway } = await import("../../../client/client.ts");
  const startedAt = performance.now();
  const took = (): number => Math.round(performance.now() - startedAt);
  try {
    await probeGateway({ url, fingerprint }, bounded(signal, limits.cliProbeTimeoutMs));
    return { url: url.text, ok: true, ms: took(), detail: "speaks protocol 4" };
  } catch (error) {
    if (signal.aborted) throw error;
    const known = error instanceof LoricaError || unreachableReason(error) !== undefined;
    return { url: url.text, ok: false, ms: took(), detail: known ? (error as Error).message : codeOf(error) };
  }
}
