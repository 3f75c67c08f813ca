// catalogue
// Commands about the gateway's life: the service that runs it, starting, stopping, and how it is.
import type { CommandSpec, OptionSpec } from "./commands.ts";

const startOptions: readonly OptionSpec[] = [
  { flags: "--port <port>", summary: "listen on this port instead of gateway.port" },
];

const installOptions: readonly OptionSpec[] = [
  ...startOptions,
  { flags: "--system", summary: "print the unit for the system's own systemd, for root to put in place" },
  { flags: "--force", summary: "replace a unit that somebody wrote by hand, too" },
  { flags: "--runtime <runtime>", summary: "no effect", hidden: true },
  { flags: "--token <token>", summary: "no effect: the token is not in the unit", hidden: true },
];

type Verb = Omit<CommandSpec, "path"> & { readonly verb: string };

const verbs: readonly Verb[] = [
  {
    verb: "install",
    summary: "have systemd run the gateway: with the machine, and again if it fails",
    options: installOptions,
    examples: ["gateway install", "gateway install --profile work"],
    load: async () => (await import("../commands/service/gateway.ts")).install,
  },
  {
    verb: "uninstall",
    summary: "stop the service and remove it; config, secrets and conversations stay",
    load: async () => (await import("../commands/service/gateway.ts")).uninstall,
  },
  {
    verb: "start",
    summary: "start the gateway: its service where there is one, else in the background (as `up`)",
    options: startOptions,
    load: async () => (await import("../commands/up.ts")).up,
  },
  {
    verb: "stop",
    summary: "let running turns end, then stop; also the service, until the next start",
    load: async () => (await import("../commands/service/gateway.ts")).stop,
  },
  {
    verb: "restart",
    summary: "stop and start again, with the config as it is now",
    load: async () => (await import("../commands/service/gateway.ts")).restart,
  },
  {
    verb: "status",
    summary: "service, process, listener and what is wrong, if something is",
    options: [
      { flags: "--no-probe", summary: "do not connect to its sockets and port" },
      { flags: "--deep", summary: "no effect: it always looks at everything", hidden: true },
    ],
    load: async () => (await import("../commands/service/gateway.ts")).status,
  },
];

export const serviceCommands: readonly CommandSpec[] = [
  ...verbs.map(({ verb, ...spec }): CommandSpec => ({ path: `gateway ${verb}`, ...spec })),
  {
    path: "gateway exposure",
    summary: "who can reach the running gateway, from where, and what to do about it",
    load: async () => (await import("../commands/gateway/exposure.ts")).showExposure,
  },
  { path: "daemon", summary: "the gateway's service; the same as under `gateway`" },
  ...verbs.map(({ verb, ...spec }): CommandSpec => ({
    ...spec,
    path: `daemon ${verb}`,
    summary: `as \`gateway ${verb}\``,
    examples: [`daemon ${verb}`],
  })),
];
