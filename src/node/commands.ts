// catalogue
// Which commands of a node may be invoked: what its platform offers by default or config adds, of that what the node
// declares, of that what the owner approved, and of that nothing that config denies. Names are compared as they stand.

const everywhere = ["device.info", "device.status", "system.notify"];

const personal = [
  "calendar.events",
  "contacts.search",
  "motion.activity",
  "motion.pedometer",
  "photos.latest",
  "reminders.list",
];

const desktop = [
  ...everywhere,
  "agent.cli.claude.run.v1",
  "browser.proxy",
  "browser.proxy.upload.v1",
  "fs.listDir",
  "mcp.tools.call.v1",
  "system.execApprovals.get",
  "system.execApprovals.set",
  "system.run",
  "system.run.prepare",
  "system.which",
  "terminal.upload",
];

/**
 * By platform. What looks, listens, or tells where somebody is, is in none of them: cameras, microphones, screens and
 * places need config's own word beside the approval, because who approves a node thinks of the node and not of the room.
 */
const defaults: Readonly<Record<string, readonly string[]>> = {
  ios: [...everywhere, ...personal],
  ipados: [...everywhere, ...personal],
  watchos: everywhere,
  android: [
    ...everywhere,
    ...personal,
    "device.apps",
    "device.health",
    "device.permissions",
    "notifications.actions",
    "notifications.list",
  ],
  macos: [...desktop, ...personal, "device.apps"],
  darwin: [...desktop, ...personal, "device.apps"],
  windows: desktop,
  win32: desktop,
  linux: desktop,
};

export type CommandRules = { readonly allow: readonly string[]; readonly deny: readonly string[] };

export type CommandJudgement = { readonly command: string; readonly withheld: string | undefined };

/** Each declared command, and why it may not be invoked where it may not. */
export function judgeCommands(
  node: { readonly platform: string; readonly declared: readonly string[]; readonly approved: readonly string[] },
  rules: CommandRules,
): readonly CommandJudgement[] {
  const offered = new Set(Object.hasOwn(defaults, platformOf(node)) ? defaults[platformOf(node)] : everywhere);
  const allowed = new Set(rules.allow);
  const approved = new Set(node.approved);
  const denied = new Set(rules.deny);
  return node.declared.map((command) => {
    if (denied.has(command)) return { command, withheld: "gateway.nodes.denyCommands has it" };
    if (!offered.has(command) && !allowed.has(command))
      return { command, withheld: "it needs an entry in gateway.nodes.allowCommands" };
    if (!approved.has(command)) return { command, withheld: "it was not approved for this node" };
    return { command, withheld: undefined };
  });
}

/** `iOS 26.1`, `macOS`, `linux`: the first word says it. */
function platformOf({ platform }: { readonly platform: string }): string {
  return platform.trim().toLowerCase().split(/[\s/]/)[0] ?? "";
}
