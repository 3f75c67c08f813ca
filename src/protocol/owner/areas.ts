// The owner's methods by area, one file each; their handlers come from the broker's sides.
import { watchdogMethods } from "./watchdog.ts";

export const areaMethods = { ...watchdogMethods } as const;
