// The parts of the store that are about who comes in: devices and nodes that connect, people who write, and the channels
// they use.
import { createOverheard } from "./overheard.ts";
import { createSenders } from "./senders.ts";
import { createChannelState } from "./state.ts";
import { createDevices } from "../devices/create.ts";
import { createNodes } from "../nodes/nodes.ts";
import type { Ground } from "../rows.ts";
import type { Store } from "../store.ts";

export function createVisitors(
  ground: Ground,
): Pick<Store, "devices" | "nodes" | "senders" | "channelState" | "overheard"> {
  return {
    devices: createDevices(ground),
    nodes: createNodes(ground),
    senders: createSenders(ground),
    channelState: createChannelState(ground),
    overheard: createOverheard(ground),
  };
}
