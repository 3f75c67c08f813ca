// What the config says of texts on their way out, and where it may say less: an agent that strangers can reach is never
// without it (DLP-010).
import type { Config } from "../../config/config.ts";
import type { InspectorRules } from "../../dlp/dlp.ts";
import { channelsOn } from "./channels.ts";
import { accessSettings } from "./channels.ts";

export function inspectorRules(config: Config): InspectorRules {
  const { enabled, entropy, windowMessages, pii } = config.dlp;
  const hasPeople = pii.emails || pii.phones || pii.members.length > 0;
  return {
    patterns: enabled || isPublic(config),
    entropy,
    people: hasPeople ? pii : undefined,
    windowMessages,
  };
}

/** Whether anybody can write to an agent whom the owner has not let in by name. */
export function isPublic(config: Config): boolean {
  const { access } = accessSettings(config);
  return [...channelsOn(config)].some((key) => {
    const [channel = "", ...account] = key.split("/");
    const rule = access?.(channel, account.join("/"));
    return (
      rule !== undefined && (rule.dmPolicy === "open" || rule.groupPolicy === "open" || rule.allowFrom.includes("*"))
    );
  });
}
