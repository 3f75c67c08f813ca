// `pairing`: the owner lets people in who write over chat channels, and sends them away again.
import { LoricaError } from "../../../base/errors.ts";
import type { Invocation } from "../../context.ts";
import { askYes } from "../../input.ts";
import { showable } from "../../io.ts";
import { commandLine, withGateway } from "../../reach.ts";
import type { GatewayClient } from "../../reach.ts";
import { renderDuration, renderTable } from "../../text.ts";

export async function listPairing(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const [channel] = args;
  const result = await withGateway(invocation, async (gateway) => {
    const list = await gateway.call("channels.pairing.list", channel === undefined ? {} : { channel });
    const { approved } = await gateway.call("channels.pairing.approved", {});
    return { ...list, approved: approved.filter((sender) => channel === undefined || sender.channel === channel) };
  });
  io.result(result, () => {
    const { requests, approved } = result;
    if (requests.length === 0) io.line("nobody waits to be let in");
    else
      io.line(
        `Waiting, each with a code that only they know (${commandLine(invocation, "pairing approve CHANNEL CODE")}):`,
      );
    const waiting = requests.map((request) => [
      `${request.channel}/${request.accountId}`,
      request.senderId,
      request.senderLabel,
      `for ${renderDuration(Date.now() - Date.parse(request.createdAt))}`,
    ]);
    for (const line of renderTable(waiting, { width: io.width, indent: "  " })) io.line(showable(io, line));
    if (approved.length === 0) return;
    io.line("Let in:");
    const inside = approved.map((sender) => [
      `${sender.channel}/${sender.accountId}`,
      sender.senderId,
      sender.senderLabel,
      sender.role,
      `since ${sender.approvedAt.slice(0, 10)}, by ${sender.approvedBy}`,
      sender.lastSeenAt === null
        ? "never seen"
        : `seen ${renderDuration(Date.now() - Date.parse(sender.lastSeenAt))} ago`,
    ]);
    for (const line of renderTable(inside, { width: io.width, indent: "  " })) io.line(showable(io, line));
  });
}

export async function approvePairing(invocation: Invocation): Promise<void> {
  const { io, options, args } = invocation;
  const [channel = "", code = ""] = args;
  const accountId = options.text("account");
  if (options.flag("owner") && options.flag("member"))
    throw new LoricaError("invalid_request", "--owner and --member at once: say which");
  const result = await withGateway(invocation, async (gateway) => {
    const { role, unasked } = await chooseRole(invocation, gateway, channel);
    const approved = await gateway.call("channels.pairing.approve", {
      channel,
      code,
      ...(accountId === undefined ? {} : { accountId }),
      ...(role === "owner" ? { bootstrapCommandOwner: true } : {}),
    });
    if (unasked) io.note("as a member, because nobody was there to ask; --owner makes an owner");
    return { ...approved, role };
  });
  io.result(result, () => io.line(showable(io, `${result.senderId} may write on ${channel} now, as ${result.role}`)));
}

/** The first who is let in is most likely the owner; that is said and asked, never taken for granted. */
async function chooseRole(
  { context, io, options }: Invocation,
  gateway: GatewayClient,
  channel: string,
): Promise<{ readonly role: "owner" | "member"; readonly unasked?: boolean }> {
  if (options.flag("owner")) return { role: "owner" };
  if (options.flag("member")) return { role: "member" };
  const { commandOwnerConfigured, requests } = await gateway.call("channels.pairing.list", { channel });
  if (commandOwnerConfigured) return { role: "member" };
  const [only, ...others] = requests;
  const who =
    only !== undefined && others.length === 0 ? `${only.senderLabel} (${only.senderId})` : "whoever has this code";
  const answer = await askYes(
    context,
    showable(
      io,
      `Nobody on a channel is the owner yet. Make ${who} the owner, with every tool and your own files in view?`,
    ),
  );
  return { role: answer === true ? "owner" : "member", unasked: answer === undefined };
}

export async function rejectPairing(invocation: Invocation): Promise<void> {
  const { io, options, args } = invocation;
  const [channel = "", sender = ""] = args;
  const account = options.text("account");
  const result = await withGateway(invocation, async (gateway) => {
    const { requests } = await gateway.call("channels.pairing.list", { channel });
    const found = requests.find(
      ({ senderId, requestId, accountId }) =>
        (senderId === sender || requestId === sender) && (account === undefined || accountId === account),
    );
    if (found === undefined) throw new LoricaError("not_found", `${sender} does not wait on ${channel}`);
    const { accountId, requestId } = found;
    return gateway.call("channels.pairing.dismiss", { channel, accountId, requestId });
  });
  io.result(result, () => io.line(showable(io, `the request of ${result.senderId} is gone`)));
}

export async function revokePairing(invocation: Invocation): Promise<void> {
  const { io, options, args } = invocation;
  const [channel = "", senderId = ""] = args;
  const accountId = options.text("account") ?? "default";
  const result = await withGateway(invocation, (gateway) =>
    gateway.call("channels.pairing.revoke", { channel, accountId, senderId }),
  );
  io.result(result, () => io.line(showable(io, `${result.senderId} may not write on ${channel} any more`)));
}
