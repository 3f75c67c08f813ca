// The methods on the configuration. Everything is asked of the broker, who alone reads and writes it.
import { LoricaError } from "../../../base/errors.ts";
import type { Json } from "../../../base/json.ts";
import type { ConfigIssue, ConfigWritten, configMethods } from "../../../protocol/methods/config.ts";
import type { HandlersOf } from "../../../protocol/methods/kit.ts";
import type { CallContext } from "../../dispatch.ts";
import type { Edge } from "../../edge.ts";
import { lookUpKey } from "./lookup.ts";

type Mode = ConfigWritten["sentinel"]["payload"]["stats"]["mode"];

const fileName = "openclaw.json";

/** The config's folder is loaded by whoever asks about its keys; nothing else in this process reads one. */
async function buildSchema(): Promise<Json> {
  return (await import("../../../config/config.ts")).configJsonSchema();
}

export function createConfigMethods(edge: Edge): HandlersOf<typeof configMethods, CallContext> {
  // It never changes while the process runs, and building it takes long.
  let built: Promise<Json> | undefined;
  const schema = (): Promise<Json> => (built ??= buildSchema());

  async function write(
    mode: Mode,
    { raw, baseHash }: { readonly raw: string; readonly baseHash?: string | undefined },
    context: CallContext,
  ): Promise<ConfigWritten> {
    const order = {
      mode: mode === "patch" ? ("patch" as const) : ("set" as const),
      raw,
      baseHash,
      actor: actorOf(context),
    };
    const { hash, written, changed } = await edge.remote.writeConfig(order, context.call.signal);
    const requiresRestart = changed.some(({ reload }) => reload === "restart");
    const payload = {
      kind: `config-${mode}` as const,
      status: "ok" as const,
      ts: edge.clock.now(),
      stats: { mode, requiresRestart },
    };
    const changedPaths = changed.map(({ path }) => path);
    return { ok: true, path: fileName, hash, config: written, changedPaths, sentinel: { persisted: true, payload } };
  }

  return {
    "config.get": (_params, { call }) => snapshot(edge, call.signal),
    "config.set": (params, context) => write("set", params, context),
    "config.patch": (params, context) => write("patch", params, context),
    "config.apply": (params, context) => write("apply", params, context),

    async "config.schema"() {
      const { version } = edge.settings();
      const generatedAt = new Date(edge.startedAt).toISOString();
      return { schema: await schema(), uiHints: {}, version, generatedAt };
    },

    "config.schema.lookup": async ({ path }) => await lookUpKey(await schema(), path),

    async "update.run"() {
      throw new LoricaError(
        "not_built",
        "the gateway does not replace itself; update the package, then: lorica gateway restart",
      );
    },
  };
}

async function snapshot(edge: Edge, signal: AbortSignal) {
  const view = await edge.remote.readConfig(signal);
  const { exists, valid, hash, written, whole, status } = view;
  const plain: Json = written;
  return {
    path: fileName,
    exists,
    raw: `${JSON.stringify(written, undefined, 2)}\n`,
    parsed: plain,
    sourceConfig: plain,
    config: plain,
    resolved: whole,
    runtimeConfig: whole,
    valid,
    hash,
    configRevisionHash: hash,
    appliedConfigHash: status.hashRunning,
    restartNeeded: status.restartNeeded,
    issues: view.issues.map(issueOf),
    warnings: view.notices.map(issueOf),
    legacyIssues: [] as const,
  };
}

function issueOf(message: string): ConfigIssue {
  return { path: "", message };
}

/** Who asks, for the record: the owner behind their own socket, a device, or whoever showed no more than the token. */
export function actorOf({ call, door }: Pick<CallContext, "call" | "door">): string {
  if (door === "local") return "owner";
  const deviceId = call.connection.client()?.session.deviceId;
  return deviceId === undefined ? "token" : `device:${deviceId}`;
}
