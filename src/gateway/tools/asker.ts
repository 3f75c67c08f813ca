// In whose place a direct call is made.
import type { IncomingMessage } from "node:http";
import type { Label } from "../../base/label.ts";
import { owner } from "../../base/principal.ts";
import type { Principal } from "../../base/principal.ts";
import { HttpProblem } from "../http/answer.ts";

/** Whoever names a channel asks as somebody on it would, which only ever takes tools away (GW-018, GW-019). */
export function principalOf(req: IncomingMessage): Principal {
  const channel = plainHeader(req, "x-openclaw-message-channel");
  const account = plainHeader(req, "x-openclaw-account-id");
  if (channel === undefined && account === undefined) return owner;
  const name = account ?? "default";
  return { id: `${channel ?? "http"}:${name}:http`, kind: "member", account: name };
}

function plainHeader(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^[\w.@+-]{1,128}$/.test(value)) return value;
  throw new HttpProblem(400, `${name} is no plain name`, { param: name });
}

export function labelOf(principal: Principal): Label {
  return { integrity: principal.kind === "owner" ? "owner" : "member", readers: [principal.id] };
}
