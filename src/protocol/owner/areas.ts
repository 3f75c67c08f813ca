// The owner's methods by area, one file each; their handlers come from the broker's sides.
import { backupMethods } from "./backup.ts";
import { dlpMethods } from "./dlp.ts";
import { egressMethods } from "./egress.ts";
import { evidenceMethods } from "./evidence.ts";
import { hookMethods } from "./hooks.ts";
import { incidentMethods } from "./incident.ts";
import { killMethods } from "./kill.ts";
import { sandboxMethods } from "./sandbox.ts";
import { stateMethods } from "./state.ts";
import { vaultMethods } from "./vault.ts";
import { watchdogMethods } from "./watchdog.ts";

export const areaMethods = {
  ...backupMethods,
  ...dlpMethods,
  ...egressMethods,
  ...evidenceMethods,
  ...hookMethods,
  ...incidentMethods,
  ...killMethods,
  ...sandboxMethods,
  ...stateMethods,
  ...vaultMethods,
  ...watchdogMethods,
} as const;
