// catalogue
// The commands on devices, a part of the table.
import type { CommandSpec, OptionSpec } from "./commands.ts";
import { remoteOptions } from "./wire.ts";

const latest: OptionSpec = { flags: "--latest", summary: "the request that came last" };
const role: OptionSpec = { flags: "--role <role>", summary: "operator (default) or node" };

export const deviceCommands: readonly CommandSpec[] = [
  {
    path: "dashboard",
    summary: "print a link that signs a browser in, and open it where there is a desktop",
    options: [
      { flags: "--no-open", summary: "do not open a browser" },
      { flags: "--print", summary: "print the link and nothing else" },
    ],
    load: async () => (await import("../commands/devices/dashboard.ts")).dashboard,
  },
  {
    path: "devices",
    summary: "who may connect, and who waits for approval",
    options: remoteOptions,
    load: async () => (await import("../commands/devices/devices.ts")).listDevices,
  },
  {
    path: "devices list",
    summary: "who may connect, and who waits for approval",
    options: remoteOptions,
    load: async () => (await import("../commands/devices/devices.ts")).listDevices,
  },
  {
    path: "devices approve",
    takes: "[request]",
    summary: "let a device in, with exactly what it asks for",
    options: [latest, ...remoteOptions],
    examples: ["devices approve 3f2a", "devices approve --latest"],
    load: async () => (await import("../commands/devices/devices.ts")).approveDevice,
  },
  {
    path: "devices reject",
    takes: "[request]",
    summary: "take a request off the list",
    options: [latest, ...remoteOptions],
    load: async () => (await import("../commands/devices/devices.ts")).rejectDevice,
  },
  {
    path: "devices rename",
    takes: "<device> <name...>",
    summary: "name a device",
    options: remoteOptions,
    load: async () => (await import("../commands/devices/devices.ts")).renameDevice,
  },
  {
    path: "devices rotate",
    takes: "<device>",
    summary: "end a device's tokens and print a new one for it",
    options: [
      role,
      { flags: "--scopes <scopes>", summary: "with fewer scopes than it has: operator.read,operator.write" },
      ...remoteOptions,
    ],
    load: async () => (await import("../commands/devices/devices.ts")).rotateToken,
  },
  {
    path: "devices revoke",
    takes: "[device]",
    summary: "end a device's tokens; it stays paired",
    options: [
      { flags: "--role <role>", summary: "operator or node; both where left out" },
      { flags: "--all", summary: "of every device, as after a leak" },
      ...remoteOptions,
    ],
    load: async () => (await import("../commands/devices/devices.ts")).revokeTokens,
  },
  {
    path: "devices remove",
    takes: "<device>",
    summary: "send a device away: it is signed out at once and has to ask again",
    options: [{ flags: "--yes", summary: "do it without asking" }, ...remoteOptions],
    load: async () => (await import("../commands/devices/devices.ts")).removeDevice,
  },
];
