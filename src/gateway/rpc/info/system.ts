// The machine as the gateway's process sees it, from inside its walls: no addresses and no paths.
import { arch, availableParallelism, freemem, hostname, platform, release, totalmem } from "node:os";
import type { SystemInfo } from "../../../protocol/shapes.ts";
import type { Edge } from "../../edge.ts";

export function systemInfo(edge: Edge): SystemInfo {
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  return {
    machineName: hostname(),
    hostname: hostname(),
    platform: platform(),
    release: release(),
    arch: arch(),
    osLabel: `${platform() === "linux" ? "Linux" : platform()} ${release()}`,
    nodeVersion: process.version,
    pid: process.pid,
    uptimeMs: edge.clock.now() - edge.startedAt,
    cpuCount: availableParallelism(),
    memoryTotalBytes: totalmem(),
    memoryFreeBytes: freemem(),
    processMemory: { rssBytes: rss, heapUsedBytes: heapUsed, heapTotalBytes: heapTotal },
  };
}
