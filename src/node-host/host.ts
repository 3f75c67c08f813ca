// The node from its start to its end: connects, says what it can do, answers, and connects again whenever it is cut off.
import { hostname } from "node:os";
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import { sleep } from "../base/wait.ts";
import { connectGateway, keepConnected, loadDevice, openClientFiles, pairingRequest } from "../client/client.ts";
import type { Connection, GatewayOptions } from "../client/client.ts";
import { answerInvokes } from "./answer.ts";
import { createCommands, hostStats } from "./commands.ts";

export type NodeHostOptions = Pick<GatewayOptions, "url" | "secret" | "fingerprint"> & {
  readonly version: string;
  readonly displayName: string | undefined;
  readonly paths: {
    /** This node's own key: it is another device than the command line's. */
    readonly key: string;
    readonly files: string;
    readonly allowed: string;
  };
  /** A line for whoever watches. */
  readonly say: (line: string) => void;
};

/** Runs until `signal` ends; throws what trying again cannot mend. */
export async function runNodeHost(options: NodeHostOptions, signal: AbortSignal): Promise<void> {
  const { url, secret, fingerprint, version, say } = options;
  const device = await loadDevice(options.paths.key);
  const files = openClientFiles(options.paths.files);
  const commands = createCommands({ allowedPath: options.paths.allowed, version });
  const gateway: GatewayOptions = {
    url,
    secret,
    fingerprint,
    device,
    files,
    introduction: {
      client: {
        id: "node-host",
        mode: "node",
        version,
        platform: process.platform,
        deviceFamily: process.platform,
        displayName: options.displayName ?? hostname(),
      },
      role: "node",
      scopes: [],
      caps: ["device", "system"],
      commands: Object.keys(commands),
    },
  };
  say(`this node is ${device.id}`);
  const open = async (opening: AbortSignal): Promise<Connection> => {
    const connection = await connectGateway(gateway, opening);
    say(`connected to ${url.text}; it offers ${Object.keys(commands).join(", ")}`);
    answerInvokes(connection, { commands, nodeId: device.id, report: say });
    return connection;
  };
  await keepConnected({ open, use: (connection) => reportStats(connection, say), onDown: describeDown(say) }, signal);
}

/** Until the connection ends. */
async function reportStats(connection: Connection, say: (line: string) => void): Promise<void> {
  const { closed } = connection;
  while (!closed.aborted) {
    const payloadJSON = JSON.stringify(await hostStats());
    try {
      await connection.request("node.event", { event: "node.host.stats", payloadJSON }, closed);
      await sleep(limits.nodeHostStatsMs, closed);
    } catch (error) {
      if (closed.aborted) break;
      say(`the gateway did not take this node's figures: ${error instanceof Error ? error.message : String(error)}`);
      await sleep(limits.nodeHostStatsMs, closed).catch(() => undefined);
    }
  }
  refuseReplaced(closed.reason);
}

/** Two hosts of one node would take the connection from each other for ever. */
function refuseReplaced(reason: unknown): void {
  if (!(reason instanceof LoricaError) || reason.details?.["closeReason"] !== replacedReason) return;
  throw new LoricaError(
    "conflict",
    "another host of this node has connected; stop one of them, or give one its own profile",
  );
}

const replacedReason = "replaced by a newer connection of this node";

function describeDown(say: (line: string) => void): (error: unknown, againInMs: number) => void {
  let shown: string | undefined;
  return (error, againInMs) => {
    const request = pairingRequest(error);
    if (request === undefined) {
      const why = error instanceof Error ? error.message : String(error);
      return say(`${why}; trying again in ${Math.max(1, Math.round(againInMs / 1_000))} s`);
    }
    if (request.requestId === shown) return;
    shown = request.requestId;
    say(`this device is not let in yet. On the gateway's machine: lorica devices approve ${request.requestId}`);
  };
}
