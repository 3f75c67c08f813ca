// What the owner's methods need of the configuration: the calls that the config answers itself, and how it is running.
import type { ConfigCalls } from "../../config/config.ts";

export type ConfigService = Omit<ConfigCalls, "pending" | "accept" | "reject"> & {
  status(): {
    readonly hashOnDisk: string | null;
    readonly hashRunning: string | null;
    readonly restartNeeded: readonly string[];
    readonly notices: readonly string[];
  };
};
