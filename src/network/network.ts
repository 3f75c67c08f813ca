// Addresses, proxies and where to listen: what both the broker, which opens the sockets, and the gateway, which judges
// who comes through them, must see alike. This is the folder's front door.
export { addressGroup, createAddressRanges, isLoopbackAddress, normalAddress } from "./address.ts";
export type { AddressRanges } from "./address.ts";
export { checkAddress, connectTo, createCheckedLookup, resolveHost } from "./dial.ts";
export type { Reach } from "./dial.ts";
export { expandProxies } from "./cloudflare.ts";
export { originOf } from "./forwarded.ts";
export type { ForwardingHeaders, Origin, ProxyTrust } from "./forwarded.ts";
export { listeningProblem, planListening, reachOf } from "./listen.ts";
export type { Binding, Interface, ListenAddress, Reachable } from "./listen.ts";
export { findHolder } from "./holder.ts";
export { expiryWarning, inspectCertificate } from "./certificate.ts";
export type { CertificateInfo, TlsPair } from "./certificate.ts";
export { listenAddresses } from "./listen-addresses.ts";
export { assessExposure } from "./exposure.ts";
export type { Exposure, ExposureFacts } from "./exposure.ts";
export type { Announcement, FoundGateway } from "./mdns/mdns.ts";
export type { ProgramRun, Publication, RunProgram, Tailscale } from "./tailscale/tailscale.ts";
