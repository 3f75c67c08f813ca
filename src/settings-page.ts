// What the page is told of the config.
import type { Config } from "./config/config.ts";
import type { PageSettings } from "./gateway/gateway.ts";

export function pageSettings(config: Config): PageSettings {
  const { enabled, basePath } = config.gateway.controlUi;
  return { enabled, basePath };
}
