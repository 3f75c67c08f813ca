// `channels list|status|start|stop`: the chat accounts as the running gateway sees them.
import { LoricaError } from "../../../base/errors.ts";
import type { ResultOf } from "../../../protocol/methods.ts";
import type { Invocation } from "../../context.ts";
import { showable } from "../../io.ts";
import { commandLine, withGateway } from "../../reach.ts";
import { renderDuration, renderTable } from "../../text.ts";

type Status = ResultOf<"channels.status">;

export async function listChannels(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const status = await withGateway(invocation, (gateway) => gateway.call("channels.status", {}));
  io.result(status, () => {
    if (status.channelOrder.length === 0)
      return io.line(
        `no chat channel is switched on; add one with: ${commandLine(invocation, "channels add telegram")}`,
      );
    for (const line of renderTable(rowsOf(status), { width: io.width })) io.line(showable(io, line));
  });
}

/** Exit status 1 where something needs a person. */
export async function channelsStatus(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const status = await withGateway(invocation, (gateway) => gateway.call("channels.status", {}));
  io.result(status, () => {
    if (status.channelOrder.length === 0) io.line("no chat channel is switched on");
    for (const line of renderTable(rowsOf(status), { width: io.width })) io.line(showable(io, line));
    for (const warning of status.warnings) io.line(showable(io, `! ${warning}`));
  });
  if (status.warnings.length > 0) io.exitWith(1);
}

function rowsOf({ channelOrder, channelAccounts, ts }: Status): readonly (readonly string[])[] {
  return channelOrder.flatMap((channel) =>
    (channelAccounts[channel] ?? []).map((account) => [
      `${channel}/${account.accountId}`,
      account.healthState,
      account.name ?? "",
      account.lastInboundAt === null ? "" : `last heard ${renderDuration(ts - account.lastInboundAt)} ago`,
      account.lastError ?? "",
    ]),
  );
}

export const startChannel = (invocation: Invocation): Promise<void> => hold(invocation, "channels.start");
export const stopChannel = (invocation: Invocation): Promise<void> => hold(invocation, "channels.stop");

async function hold(invocation: Invocation, method: "channels.start" | "channels.stop"): Promise<void> {
  const { io, args } = invocation;
  const channel = channelOf(args);
  const result = await withGateway(invocation, (gateway) => gateway.call(method, { channel }));
  io.result(result, () => io.line(`${channel} ${result.running ? "runs" : "does not run"}`));
}

export function channelOf([channel]: readonly string[]): string {
  if (channel !== undefined && channel !== "") return channel;
  throw new LoricaError("invalid_request", "name the channel, as telegram");
}
