// `devices`: who waits, who is in, and the owner's decisions about both.
import { LoricaError } from "../../../base/errors.ts";
import type { DeviceList, DeviceRequestRow, PairedDeviceRow } from "../../../protocol/shapes/devices.ts";
import type { Invocation } from "../../context.ts";
import { confirm } from "../../input.ts";
import { showable } from "../../io.ts";
import { commandLine, withGateway } from "../../reach.ts";
import type { GatewayClient } from "../../reach.ts";
import { renderDuration, renderTable } from "../../text.ts";
import { stripControls } from "../../../base/text/controls.ts";
import { findDevice, findRequest, latestRequest, shortId } from "./find.ts";

const roles = ["operator", "node"] as const;

export async function listDevices(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const list = await withGateway(invocation, devicesOf, { scopes: ["operator.pairing"] });
  io.result(list, () => {
    const { pending, paired } = list;
    if (pending.length === 0 && paired.length === 0) {
      io.line("no devices yet");
      return io.note(`a browser signs in with the link that this prints: ${commandLine(invocation, "dashboard")}`);
    }
    if (pending.length > 0) {
      io.line(io.style("bold", "waiting for approval"));
      table(invocation, ["request", "name", "from", "wants", "expires"], pending.map(pendingCells));
      io.note(`to let one in: ${commandLine(invocation, "devices approve <request>")}`);
    }
    if (paired.length > 0) {
      io.line(io.style("bold", "paired"));
      table(invocation, ["device", "name", "may", "approved", "last seen"], paired.map(pairedCells));
    }
  });
}

function table(invocation: Invocation, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const { io } = invocation;
  for (const line of renderTable([head, ...rows], { width: io.width, indent: "  " })) io.line(showable(io, line));
}

function pendingCells(row: DeviceRequestRow): string[] {
  const { requestId, remoteIp = "", browserOrigin, expiresAtMs } = row;
  const from = browserOrigin === undefined ? remoteIp : `${remoteIp} ${browserOrigin}`;
  return [requestId.slice(0, 8), nameOf(row), from, wish(row), `in ${renderDuration(expiresAtMs - Date.now())}`];
}

function pairedCells(device: PairedDeviceRow): string[] {
  const { approvedVia, approvedBy, approvedAtMs, connected, lastSeenAtMs, remoteIp } = device;
  const by = approvedVia === "device" ? ` by ${approvedBy.slice(0, 19)}` : "";
  const approved = `${new Date(approvedAtMs).toISOString().slice(0, 10)} via ${approvedVia}${by}`;
  const ago = lastSeenAtMs === undefined ? "never" : `${renderDuration(Date.now() - lastSeenAtMs)} ago`;
  const seen = connected ? "connected" : ago;
  return [shortId(device.deviceId), nameOf(device), may(device), approved, `${seen} ${remoteIp ?? ""}`.trim()];
}

function nameOf(device: DeviceRequestRow | PairedDeviceRow): string {
  const label = "label" in device ? device.label : undefined;
  // A client names itself, and must not be able to draw on the owner's terminal.
  return stripControls(`${label ?? device.displayName ?? device.clientId} (${device.platform ?? "unknown"})`);
}

function may({
  roles: held,
  scopes,
}: {
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}): string {
  const short = scopes.map((scope) => scope.replace(/^operator\./, ""));
  return `${held.join(", ")}: ${short.length === 0 ? "nothing" : short.join(" ")}`;
}

const reasons: Readonly<Record<string, string>> = {
  "role-upgrade": "another role, ",
  "scope-upgrade": "more, ",
  "metadata-upgrade": "it has changed, ",
};

function wish(request: DeviceRequestRow): string {
  return `${reasons[request.reason] ?? ""}${may(request)}`;
}

export async function approveDevice(invocation: Invocation): Promise<void> {
  const { io, options, args } = invocation;
  const { approved, request } = await withGateway(invocation, async (gateway) => {
    const list = await devicesOf(gateway);
    const found = options.flag("latest") ? latestRequest(list) : findRequest(list, args[0]);
    return { request: found, approved: await gateway.call("device.pair.approve", { requestId: found.requestId }) };
  });
  io.result(approved, () => io.line(`${nameOf(approved.device)} is in: ${wish(request)}`));
}

export async function rejectDevice(invocation: Invocation): Promise<void> {
  const { io, options, args } = invocation;
  const { rejected, request } = await withGateway(invocation, async (gateway) => {
    const list = await devicesOf(gateway);
    const found = options.flag("latest") ? latestRequest(list) : findRequest(list, args[0]);
    return { request: found, rejected: await gateway.call("device.pair.reject", { requestId: found.requestId }) };
  });
  io.result(rejected, () => io.line(`${nameOf(request)} stays out; it may ask again`));
}

export async function renameDevice(invocation: Invocation): Promise<void> {
  const { io, args } = invocation;
  const label = args.slice(1).join(" ");
  if (label.trim() === "") throw new LoricaError("invalid_request", "say what to call it");
  const renamed = await withGateway(invocation, async (gateway) => {
    const { deviceId } = findDevice(await devicesOf(gateway), args[0]);
    return gateway.call("device.pair.rename", { deviceId, label });
  });
  io.result(renamed, () => io.line(`${shortId(renamed.deviceId)} is called ${renamed.label}`));
}

export async function removeDevice(invocation: Invocation): Promise<void> {
  const { io, args, options, context } = invocation;
  const device = await withGateway(invocation, async (gateway) => {
    const found = findDevice(await devicesOf(gateway), args[0]);
    if (!options.flag("yes")) await confirm(context, `Send ${nameOf(found)} away? It is signed out at once.`);
    await gateway.call("device.pair.remove", { deviceId: found.deviceId });
    return found;
  });
  io.result({ deviceId: device.deviceId }, () => io.line(`${nameOf(device)} is signed out and has to ask again`));
}

export async function rotateToken(invocation: Invocation): Promise<void> {
  const { io, args, options } = invocation;
  const role = options.choice("role", roles) ?? "operator";
  const scopes = options
    .text("scopes")
    ?.split(",")
    .filter((scope) => scope !== "");
  const rotated = await withGateway(invocation, async (gateway) => {
    const { deviceId } = findDevice(await devicesOf(gateway), args[0]);
    return gateway.call("device.token.rotate", { deviceId, role, ...(scopes === undefined ? {} : { scopes }) });
  });
  io.result(rotated, () => {
    io.line(rotated.token ?? "");
    io.note("the device's old tokens have ended, and it is signed out; give it this one");
  });
}

/** One device, or all of them: what to do after a leak. They stay paired, and sign in again with the gateway's token. */
export async function revokeTokens(invocation: Invocation): Promise<void> {
  const { io, args, options } = invocation;
  const role = options.choice("role", roles);
  const revoked = await withGateway(invocation, async (gateway) => {
    const list = await devicesOf(gateway);
    const meant = options.flag("all") ? list.paired : [findDevice(list, args[0])];
    for (const { deviceId, roles: held } of meant)
      for (const each of roles)
        if (held.includes(each) && (role ?? each) === each)
          await gateway.call("device.token.revoke", { deviceId, role: each });
    return meant.map(({ deviceId }) => deviceId);
  });
  io.result({ revoked }, () => {
    io.line(`${revoked.length} ${revoked.length === 1 ? "device is" : "devices are"} signed out`);
    io.note(
      `still paired: whoever has the gateway's token too comes back. To send one away: ${commandLine(invocation, "devices remove")}`,
    );
  });
}

async function devicesOf(gateway: GatewayClient): Promise<DeviceList> {
  return gateway.call("device.pair.list", {});
}
