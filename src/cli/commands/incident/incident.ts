// `incident`: from the first minute to the end, by the owner's socket. What only a person can do is printed for them.
import { LoricaError } from "../../../base/errors.ts";
import { stripControls } from "../../../base/text/controls.ts";
import { renderCount } from "../../../base/text/count.ts";
import type { IncidentView } from "../../../protocol/owner/incident.ts";
import type { Invocation } from "../../context.ts";
import { confirm } from "../../input.ts";
import { commandLine, withGateway, withOwner } from "../../reach.ts";

export async function startIncident(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const reason = options.text("reason");
  const params = reason === undefined ? {} : { reason };
  const incident = await withOwner(invocation, (owner) => owner.call("incident.start", params));
  const missing = await addWhatTheGatewayKnows(invocation);
  if (missing !== undefined)
    io.note(`who was let in and which conversations there are is not in the snapshot: ${missing}`);
  io.result(incident as never, () => {
    io.line("everything is stopped, and what is there is kept:");
    io.line(`  ${incident.folder}`);
    io.line(`Next: ${commandLine(invocation, "incident report")}, then ${commandLine(invocation, "incident contain")}`);
    list(invocation, incident);
  });
}

/** Asked once everything stands still. Why it could not be, where it could not. */
async function addWhatTheGatewayKnows(invocation: Invocation): Promise<string | undefined> {
  try {
    const lists = await withGateway(
      invocation,
      async (gateway) => ({
        devices: await gateway.call("device.pair.list", {}),
        senders: [await gateway.call("channels.pairing.approved", {}), await gateway.call("channels.pairing.list", {})],
        sessions: await gateway.call("sessions.list", {}),
      }),
      { scopes: ["operator.pairing", "operator.read"] },
    );
    await withOwner(invocation, (owner) => owner.call("incident.add", { lists: lists as never }));
    return undefined;
  } catch (error) {
    if (!(error instanceof LoricaError)) throw error;
    return error.message;
  }
}

export async function containIncident(invocation: Invocation): Promise<void> {
  const { io, options, context } = invocation;
  const asks = "This makes a new gateway token and sends every device away; each has to be let in again. Go on?";
  if (!options.flag("yes")) await confirm(context, asks);
  const { incident: open } = await withOwner(invocation, (owner) => owner.call("incident.status", {}));
  if (open === null || open.state === "closed")
    throw new LoricaError("not_found", "no incident is open; lorica incident start opens one");
  const senders = options.flag("senders") ? await sendSendersAway(invocation) : [];
  const done = [await renewToken(invocation), ...(await sendDevicesAway(invocation)), ...senders];
  const { halts } = await withOwner(invocation, (owner) => owner.call("kill.status", {}));
  const held = halts.some(({ what }) => what === "everything")
    ? "stays stopped"
    : "was resumed by somebody: lorica kill";
  const all = [...done, `everything ${held}`];
  const incident = await withOwner(invocation, (owner) => owner.call("incident.contained", { done: all }));
  io.result(incident as never, () => {
    for (const line of all) io.line(stripControls(line));
    list(invocation, incident);
  });
}

/** What cannot be done is said in the list of what was, so that nobody takes it for done. */
async function renewToken(invocation: Invocation): Promise<string> {
  try {
    await withOwner(invocation, (owner) => owner.call("token.create", {}));
    return "the gateway has a new token, and the old one counts no more";
  } catch (error) {
    if (!(error instanceof LoricaError)) throw error;
    return `NOT done: the gateway's token is the same: ${error.message}`;
  }
}

async function sendDevicesAway(invocation: Invocation): Promise<readonly string[]> {
  try {
    return await withGateway(
      invocation,
      async (gateway) => {
        const { paired, pending } = await gateway.call("device.pair.list", {});
        for (const { requestId } of pending) await gateway.call("device.pair.reject", { requestId });
        for (const { deviceId } of paired) await gateway.call("device.pair.remove", { deviceId });
        return [`${paired.length} devices were sent away, ${pending.length} requests turned down`];
      },
      { scopes: ["operator.pairing"] },
    );
  } catch (error) {
    if (!(error instanceof LoricaError)) throw error;
    return [`NOT done: devices were not sent away: ${error.message}`];
  }
}

/** Whom the owner approved; who stands in the config's own lists is the owner's to take out. */
async function sendSendersAway(invocation: Invocation): Promise<readonly string[]> {
  try {
    return await withGateway(
      invocation,
      async (gateway) => {
        const { approved } = await gateway.call("channels.pairing.approved", {});
        const { requests } = await gateway.call("channels.pairing.list", {});
        for (const { channel, accountId, requestId } of requests)
          await gateway.call("channels.pairing.dismiss", { channel, accountId, requestId });
        for (const { channel, accountId, senderId } of approved)
          await gateway.call("channels.pairing.revoke", { channel, accountId, senderId });
        return [`${approved.length} people of channels were sent away, ${requests.length} requests turned down`];
      },
      { scopes: ["operator.pairing"] },
    );
  } catch (error) {
    if (!(error instanceof LoricaError)) throw error;
    return [`NOT done: people of channels were not sent away: ${error.message}`];
  }
}

export async function incidentStatus(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const { incident } = await withOwner(invocation, (owner) => owner.call("incident.status", {}));
  io.result(incident as never, () => {
    if (incident === null) return io.line("there was no incident");
    const { state, startedAt, reason, folder, contained, watchedUntil } = incident;
    const why = reason === "" ? "" : `: ${stripControls(reason)}`;
    io.line(`${state}, since ${new Date(startedAt).toISOString()}${why}`);
    io.line(`snapshot: ${folder}`);
    for (const line of contained) io.line(stripControls(line));
    if (watchedUntil !== null) io.line(`you are told of every change until ${new Date(watchedUntil).toISOString()}`);
    list(invocation, incident);
  });
}

export async function incidentDone(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const [item] = args;
  if (item === undefined) throw new LoricaError("invalid_request", "name a thing of the list, as provider:openai");
  const incident = await withOwner(invocation, (owner) => owner.call("incident.done", { item }));
  io.result(incident as never, () => list(invocation, incident));
}

export async function incidentReport(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const back = options.duration("since");
  const params = back === undefined ? {} : { since: Date.now() - back };
  const result = await withOwner(invocation, (owner) => owner.call("incident.report", params));
  io.result(result as never, () => io.line(stripLines(result.text)));
}

export async function closeIncident(invocation: Invocation): Promise<void> {
  const { io, options } = invocation;
  const watchMs = options.duration("watch");
  const params = watchMs === undefined ? {} : { watchMs };
  const incident = await withOwner(invocation, (owner) => owner.call("incident.close", params));
  io.result(incident as never, () => {
    const left = incident.checklist.filter(({ doneAt }) => doneAt === null).length;
    io.line(
      left === 0
        ? "the incident is closed"
        : `the incident is closed; ${renderCount(left, "thing")} of its list left to do`,
    );
    const until = new Date(incident.watchedUntil ?? 0).toISOString();
    io.line(`Until ${until} you are told of every pairing and every change of config and secrets.`);
    io.line(`Everything is still stopped. To go on: ${commandLine(invocation, "resume")}`);
  });
}

function list(invocation: Invocation, { checklist }: IncidentView): void {
  const { io } = invocation;
  io.line("What only you can do:");
  for (const { id, what, how, doneAt } of checklist)
    io.line(`  [${doneAt === null ? " " : "x"}] ${id}: ${what} (${how})`);
  io.line(`When you have done one: ${commandLine(invocation, "incident done <name>")}`);
}

function stripLines(text: string): string {
  return text.split("\n").map(stripControls).join("\n");
}
