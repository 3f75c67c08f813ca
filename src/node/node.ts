// Machines that their owner has paired to do things for them: who is connected, what each may be asked, and asking. Only
// operators ask; no tool of an agent reaches a node.
export { createNodes } from "./nodes.ts";
export type { NodeEvent, Nodes, NodesOptions } from "./port.ts";
export type { CommandRules } from "./commands.ts";
export type { NodeLink } from "./link.ts";
