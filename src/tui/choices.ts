// Lists that a person chooses from.
import { thinkingLevels } from "../base/envelope.ts";
import { stripControls } from "../base/text/controls.ts";
import type { GatewayClient } from "../client/client.ts";
import type { Choice } from "./screen.ts";

export async function sessionChoices(gateway: GatewayClient): Promise<readonly Choice[]> {
  const { sessions } = await gateway.call("sessions.list", { limit: 200 });
  return sessions.map(({ key, displayName, label, messageCount }) => ({
    value: key,
    label: stripControls(shortKey(key)),
    description: stripControls(`${label ?? displayName ?? ""} ${messageCount} messages`.trim()),
  }));
}

export async function modelChoices(gateway: GatewayClient): Promise<readonly Choice[]> {
  const { models } = await gateway.call("models.list", {});
  return models.map(({ provider, id, name }) => ({
    value: `${provider}/${id}`,
    label: stripControls(`${provider}/${id}`),
    description: stripControls(name),
  }));
}

export function thinkChoices(): readonly Choice[] {
  return thinkingLevels.map((value) => ({ value, label: value }));
}

/** `agent:main:main` is what everybody calls `main`. */
export function shortKey(key: string): string {
  return key.replace(/^agent:main:/, "");
}
