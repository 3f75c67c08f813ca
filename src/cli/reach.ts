// How a command reaches what it talks to: the gateway's socket, the broker's, or, where nothing runs, the files.
import type { Json } from "../base/json.ts";
import { limits } from "../base/limits.ts";
import { bounded, sleep } from "../base/wait.ts";
import type { OwnerMethodName, OwnerParamsOf, OwnerResultOf } from "../protocol/owner-methods.ts";
import { connectSocket, typed, unreachable, unreachableReason } from "../client/client.ts";
import type { Connection, GatewayClient, SocketOptions } from "../client/client.ts";
import type { Invocation, Owner } from "./context.ts";
import { configuredRemote, connectRemote, namedRemote } from "./remote.ts";
import type { Needs } from "./remote.ts";

export type { GatewayClient } from "../client/client.ts";

export type OwnerClient = {
  /** False: nothing runs, and the calls work on the files. */
  readonly running: boolean;
  call<M extends OwnerMethodName>(method: M, params: OwnerParamsOf<M>, timeoutMs?: number): Promise<OwnerResultOf<M>>;
  close(): Promise<void>;
};

/** Runs `work` with a connection to the gateway and closes it afterwards, whatever happens. */
export async function withGateway<T>(
  invocation: Invocation,
  work: (gateway: GatewayClient) => Promise<T>,
  needs: Needs = {},
): Promise<T> {
  return withConnection(invocation, (connection) => work(typed(connection, invocation.signal)), needs);
}

/** The same for methods whose names are not known beforehand. */
export async function withConnection<T>(
  invocation: Invocation,
  work: (connection: Connection) => Promise<T>,
  needs: Needs = {},
): Promise<T> {
  const connection = await openGateway(invocation, needs);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

/** The one that the command line names; else this machine's own; else the one that the config says is elsewhere. */
export async function openGateway(invocation: Invocation, needs: Needs = {}): Promise<Connection> {
  const named = await namedRemote(invocation);
  if (named !== undefined) return connectRemote(invocation, named, needs);
  const { paths, signal } = invocation;
  const options = { ...socketOf(invocation, paths.gatewaySocket), caps: needs.caps ?? [] };
  const patience = bounded(signal, limits.cliGatewayWaitMs);
  for (;;) {
    try {
      return await connectSocket(options, signal);
    } catch (error) {
      if (unreachableReason(error) !== "not_running") throw error;
      const owner = await connectOwner(invocation);
      if (owner === undefined) return openConfigured(invocation, needs, error);
      // Where a broker runs, a gateway that is not there is on its way: it was killed, or it starts with a changed config.
      await owner.close();
      if (patience.aborted) throw starting(invocation, error);
    }
    await sleep(limits.cliGatewayRetryMs, signal);
  }
}

/** Nothing runs here, which is right where the config says that the gateway is elsewhere. */
async function openConfigured(invocation: Invocation, needs: Needs, nothingHere: unknown): Promise<Connection> {
  const remote = await configuredRemote(invocation);
  if (remote === undefined) throw nothingHere;
  return connectRemote(invocation, remote, needs);
}

function starting(invocation: Invocation, cause: unknown): Error {
  const advice = `If this lasts, see why: ${commandLine(invocation, "logs")}`;
  const message = `the gateway is starting and not ready yet. Try again in a moment. ${advice}`;
  return unreachable("not_answering", message, cause);
}

/** Runs `work` with the owner's methods: the broker's where one runs, else on the files. */
export async function withOwner<T>(invocation: Invocation, work: (owner: OwnerClient) => Promise<T>): Promise<T> {
  const owner = (await connectOwner(invocation)) ?? (await invocation.context.openOffline(invocation.paths));
  return useOwner(owner, invocation, work);
}

/** Runs `work` with the broker's methods, or with undefined where no broker runs. */
export async function withRunningOwner<T>(
  invocation: Invocation,
  work: (owner: OwnerClient | undefined) => Promise<T>,
): Promise<T> {
  const owner = await connectOwner(invocation);
  return owner === undefined ? work(undefined) : useOwner(owner, invocation, work);
}

async function useOwner<T>(
  owner: Owner,
  { signal }: Invocation,
  work: (client: OwnerClient) => Promise<T>,
): Promise<T> {
  try {
    return await work({
      running: owner.running,
      close: owner.close,
      call: async (method, params, timeoutMs) =>
        (await owner.call(method, params as Json, bounded(signal, timeoutMs ?? limits.cliRequestTimeoutMs))) as never,
    });
  } finally {
    await owner.close();
  }
}

async function connectOwner(invocation: Invocation): Promise<Owner | undefined> {
  try {
    const connection = await connectSocket(socketOf(invocation, invocation.paths.ownerSocket), invocation.signal);
    return {
      running: true,
      call: (method, params, signal) => connection.request(method, params, signal, { timeoutMs: "none" }),
      close: async () => connection.close(),
    };
  } catch (error) {
    if (unreachableReason(error) === "not_running") return undefined;
    throw error;
  }
}

function socketOf(invocation: Invocation, socketPath: string): SocketOptions {
  return { socketPath, version: invocation.context.version, startCommand: commandLine(invocation, "up") };
}

/** What to type for another command in the same profile. */
export function commandLine({ context, paths }: Invocation, words: string): string {
  return `${context.program} ${words}${paths.profile === undefined ? "" : ` --profile ${paths.profile}`}`;
}
