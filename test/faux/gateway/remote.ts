// A gateway's ports to a broker that is not there: it knows one hash, and refuses everything else.
import type { EdgeDeps } from "../../../src/gateway/gateway.ts";

const nothing = (): Promise<never> => Promise.reject(new Error("there is no broker here"));

export const fauxRemote: EdgeDeps["remote"] = {
  whois: async () => undefined,
  configStatus: async () => ({ hashOnDisk: "on-disk", hashRunning: "running", restartNeeded: ["gateway.port"] }),
  readConfig: nothing,
  writeConfig: nothing,
  tailLog: nothing,
};

export const noWorkspace: EdgeDeps["workspace"] = { read: async () => [], write: nothing };
