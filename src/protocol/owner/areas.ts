// The owner's methods by area, one file each; their handlers come from the broker's sides.
import { sandboxMethods } from "./sandbox.ts";
import { watchdogMethods } from "./watchdog.ts";

export const areaMethods = { ...sandboxMethods, ...watchdogMethods } as const;
import { hookMethods } from "./hooks.ts";
import { watchdogMethods } from "./watchdog.ts";

export const areaMethods = { ...hookMethods, ...watchdogMethods } as const;
