// What speaks to a gateway from outside: one connection, over the owner's own socket or a WebSocket, introduced with a
// device's key, kept open where somebody wants it kept.
export { connectSocket } from "./unix-socket.ts";
export { connectGateway } from "./gateway.ts";
export type { GatewayOptions } from "./gateway.ts";
export { keepConnected } from "./keep.ts";
export type { KeepOptions } from "./keep.ts";
export { loadDevice } from "./device.ts";
export type { Device } from "./device.ts";
export { openClientFiles } from "./files.ts";
export type { ClientFiles } from "./files.ts";
export { probeGateway } from "./probe.ts";
export { parseGatewayUrl } from "./url.ts";
export type { GatewayUrl } from "./url.ts";
export { pairingRequest, unreachable, unreachableReason } from "./connection.ts";
export type { Connection, RequestOptions, Unreachable } from "./connection.ts";
export type { SocketOptions } from "./unix-socket.ts";
export { typed } from "./typed.ts";
export type { GatewayClient } from "./typed.ts";
