// What can be known of where this machine stands: files that container engines leave, and what the hardware calls itself.
import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { errnoOf } from "../../base/errors.ts";
import { listInterfaces } from "../listen.ts";
import type { Surroundings } from "./announcement.ts";

const containerMarks = ["/.dockerenv", "/run/.containerenv"];
const hardwareNames = ["/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name"];
const hosters =
  /Amazon EC2|Google Compute Engine|DigitalOcean|Droplet|Hetzner|Vultr|Linode|Akamai|Scaleway|UpCloud|OVHcloud|OpenStack|Alibaba Cloud|Tencent Cloud|OracleCloud/;

export function lookAround(isDisabled: boolean): Surroundings {
  return {
    isDisabled,
    container: containerMarks.find((path) => existsSync(path)),
    hoster: hardwareNames.flatMap((path) => hosters.exec(textOf(path))?.[0] ?? [])[0],
    interfaces: listInterfaces(networkInterfaces()),
  };
}

/** Machines without such a file are no hoster's. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return "";
  }
}
