// What stands at the door of HTTP and WebSockets alike: who it is, where from, how often.
import type { AccessSettings } from "../auth/access.ts";
import { createAuth } from "../auth/auth.ts";
import type { Auth, Whois } from "../auth/auth.ts";
import type { EdgeLog } from "../edge.ts";
import { createGuard } from "./guard.ts";
import type { Guard } from "./guard.ts";
import { createRates } from "./rates.ts";
import type { Rates } from "./rates.ts";

export type Door = { readonly auth: Auth; readonly guard: Guard; readonly rates: Rates };

export function createDoor(deps: {
  readonly access: () => AccessSettings;
  readonly now: () => number;
  readonly log: EdgeLog;
  readonly whois?: Whois | undefined;
}): Door {
  const rates = createRates(deps.now);
  return { auth: createAuth(deps), guard: createGuard({ ...deps, rates }), rates };
}
