// A gateway that is not this machine's own: where it is, what proves that one may speak to it, and waiting for its owner
// to let this machine in.
import { hostname } from "node:os";
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { bounded, sleep } from "../base/wait.ts";
import type { Connection, Device, GatewayOptions, GatewayUrl } from "../client/client.ts";
import type { StatePaths } from "../config/config.ts";
import type { Invocation } from "./context.ts";
import { readInput } from "./input.ts";

export type Remote = Pick<GatewayOptions, "url" | "secret" | "fingerprint">;

/** What a command is going to do there: no more than that is asked for. */
export type Needs = { readonly scopes?: readonly string[]; readonly caps?: readonly string[] };

export function isRemote({ options }: Invocation): boolean {
  return options.text("url") !== undefined;
}

/** From the command line. */
export async function namedRemote(invocation: Invocation): Promise<Remote | undefined> {
  const text = invocation.options.text("url");
  if (text === undefined) return undefined;
  const url = await parseUrl(text);
  // A token that was exported for the gateway of this machine is not for whoever an address points to.
  const fromEnvironment = url.host === "localhost" || /^(127\.|::1$)/.test(url.host);
  return { url, ...(await readCredentials(invocation, fromEnvironment)) };
}

/** From the config, where it says that the gateway is elsewhere. */
export async function configuredRemote(invocation: Invocation): Promise<Remote | undefined> {
  const { paths, context } = invocation;
  const { loadConfig } = await import("../config/config.ts");
  const loaded = await loadConfig({ paths, env: context.env });
  if (loaded.kind !== "loaded" || loaded.config.gateway.mode !== "remote") return undefined;
  const { remote } = loaded.config.gateway;
  if (remote.url === undefined)
    throw new LoricaError(
      "config_invalid",
      'gateway.mode is "remote", and gateway.remote.url does not say where. Set it, or set gateway.mode to "local"',
    );
  const given = await readCredentials(invocation, true);
  const token = remote.token === undefined ? undefined : loaded.secrets.get(remote.token.secret);
  const password = remote.password === undefined ? undefined : loaded.secrets.get(remote.password.secret);
  return {
    url: await parseUrl(remote.url),
    secret: given.secret ?? (token !== undefined ? { token } : password === undefined ? undefined : { password }),
    fingerprint: given.fingerprint ?? remote.tlsFingerprint,
  };
}

export async function parseUrl(text: string): Promise<GatewayUrl> {
  const { parseGatewayUrl } = await import("../client/client.ts");
  const url = parseGatewayUrl(text);
  if (url.ok) return url.value;
  throw new LoricaError("invalid_request", url.reason);
}

/** From files, standard input or the environment; a command line can be read by everybody on this machine. */
export async function readCredentials(
  { context, options, io }: Invocation,
  fromEnvironment: boolean,
): Promise<Pick<Remote, "secret" | "fingerprint">> {
  const read = async (name: "token" | "password"): Promise<string | undefined> => {
    const file = options.text(`${name}File`);
    if (file !== undefined) return (await readInput(context, file)).trim();
    const given = options.text(name);
    if (given !== undefined)
      io.note(
        `a ${name} on a command line can be read by others on this machine; --${name}-file - reads it from stdin`,
      );
    const variable = context.env[`OPENCLAW_GATEWAY_${name.toUpperCase()}`];
    return given ?? (fromEnvironment && variable !== "" ? variable : undefined);
  };
  const token = await read("token");
  const password = token === undefined ? await read("password") : undefined;
  const fingerprint = options.text("tlsFingerprint");
  return { secret: token !== undefined ? { token } : password === undefined ? undefined : { password }, fingerprint };
}

/** This installation's own key and what it remembers of gateways. */
export function clientPaths(paths: StatePaths) {
  return { key: paths.deviceKeyPath, files: `${paths.identity}/gateways.json` };
}

export async function loadOwnDevice(paths: StatePaths): Promise<Device> {
  return (await import("../client/client.ts")).loadDevice(clientPaths(paths).key);
}

/** Connects, and waits where the owner has to say yes first. */
export async function connectRemote(invocation: Invocation, remote: Remote, needs: Needs): Promise<Connection> {
  const { context, paths, signal, io } = invocation;
  const client = await import("../client/client.ts");
  const options: GatewayOptions = {
    ...remote,
    device: await loadOwnDevice(paths),
    files: client.openClientFiles(clientPaths(paths).files),
    introduction: {
      client: {
        id: "cli",
        mode: "cli",
        version: context.version,
        platform: process.platform,
        displayName: hostname(),
      },
      role: "operator",
      scopes: needs.scopes ?? ["operator.admin"],
      caps: needs.caps ?? [],
    },
  };
  const patience = bounded(signal, limits.pairingWaitMs);
  let shown: string | undefined;
  for (;;) {
    try {
      return await client.connectGateway(options, signal);
    } catch (error) {
      const request = client.pairingRequest(error);
      if (request === undefined || patience.aborted) throw error;
      if (request.requestId !== shown)
        io.note(
          `this machine is not let in yet (${request.reason}). On the gateway's machine: lorica devices approve ${request.requestId}`,
        );
      shown = request.requestId;
    }
    await sleep(limits.pairingPollMs, signal);
  }
}
