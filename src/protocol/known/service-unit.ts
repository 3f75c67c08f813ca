// What the gateway's service is called, and where systemd looks for it: said once, for whoever installs the unit and
// whoever watches over it.
import { isAbsolute, join } from "node:path";

/** As the guides name it; a profile has a service of its own. */
export function unitName(profile: string | undefined): string {
  return profile === undefined ? "openclaw-gateway.service" : `openclaw-gateway-${profile}.service`;
}

/** Where the units of the user's own systemd lie. */
export function userUnitFolder(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const config = env["XDG_CONFIG_HOME"];
  return join(config !== undefined && isAbsolute(config) ? config : join(home, ".config"), "systemd", "user");
}

export const systemUnitFolder = "/etc/systemd/system";
