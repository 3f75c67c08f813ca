// `x-openclaw-*` headers choose agent, session and model. Nobody may choose who has not shown who they are, so they are
// taken off every request at the door and handed back with the yes (GW-021).
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { AccessSettings } from "../auth/access.ts";
import { hopsOf } from "../auth/peer.ts";

const taken = new WeakMap<IncomingMessage, IncomingHttpHeaders>();

export function takeRoutingHeaders(req: IncomingMessage): void {
  const found: IncomingHttpHeaders = {};
  for (const name of Object.keys(req.headers)) {
    if (!name.startsWith("x-openclaw-")) continue;
    found[name] = req.headers[name];
    delete req.headers[name];
  }
  taken.set(req, found);
}

/** Where proxies are named, only what came through one of them, or straight from this machine, may choose. */
export function giveRoutingHeaders(req: IncomingMessage, access: AccessSettings): void {
  const { isByProxy, isLocal } = hopsOf(req, access);
  if (access.proxies.size > 0 && !isByProxy && !isLocal) return;
  Object.assign(req.headers, taken.get(req));
}
