// `gateway exposure`: who can reach the gateway as it runs now.
import { LoricaError } from "../../../base/errors.ts";
import { isRecord } from "../../../base/json.ts";
import { assessExposure } from "../../../network/network.ts";
import type { Invocation } from "../../context.ts";
import { commandLine, withRunningOwner } from "../../reach.ts";

export async function showExposure(invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const found = await withRunningOwner(invocation, async (owner) => {
    if (owner === undefined)
      throw new LoricaError("unavailable", `no gateway is running; start it with: ${commandLine(invocation, "up")}`);
    const { listening } = await owner.call("owner.status", {});
    const { value } = await owner.call("config.get", { path: "gateway" });
    return { listening, gateway: isRecord(value) ? value : {} };
  });
  const { auth, tls, allowedAddresses } = found.gateway;
  const exposure = assessExposure({
    listening: found.listening,
    isTls: isRecord(tls) && tls["enabled"] === true,
    authMode: isRecord(auth) ? String(auth["mode"]) : "token",
    allowedAddresses: Array.isArray(allowedAddresses) ? allowedAddresses.map(String) : [],
  });
  io.result(exposure, () => {
    for (const line of exposure.lines) io.line(line);
  });
}
