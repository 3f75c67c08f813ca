// What the nodes' registry is told of the config.
import type { Config } from "./config/config.ts";
import type { CommandRules } from "./node/node.ts";

export function nodeRules(config: Config): CommandRules {
  const { allowCommands, denyCommands } = config.gateway.nodes;
  return { allow: allowCommands, deny: denyCommands };
}
