// What is known of the sandbox before it was tried. A file of its own, because a gateway needs nothing else from here.
import type { SandboxStatus } from "./sandbox.ts";

/** Until the boot probe has ended. */
export const notTried: SandboxStatus = {
  kind: "off",
  reason: "the sandbox is still being tried on this host",
  fix: "ask again in a moment",
  walls: [],
};
