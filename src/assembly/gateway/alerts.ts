// Carries the broker's alerts to the owner: over every channel on which somebody is known as the owner.
import type { Log } from "../../audit/audit.ts";
import { isRecord } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import { bounded } from "../../base/wait.ts";
import type { Link } from "../../broker/client.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";

export type AlertParts = {
  readonly pipeline: Pipeline;
  readonly link: Link;
  readonly log: Log;
  readonly agentId: () => string;
};

/** A message that is in the outbox is told. Where the owner is on no channel, the status shows it and nobody is told. */
export async function tellAlert(params: unknown, parts: AlertParts, signal: AbortSignal): Promise<void> {
  if (!isRecord(params)) return;
  const { key, ids, text } = params;
  if (typeof key !== "string" || typeof text !== "string") return;
  const { pipeline, link, log, agentId } = parts;
  const owners = pipeline.owners();
  let carried = owners.length === 0;
  for (const to of owners) {
    const idempotencyKey = `alert:${key}:${to.channel}:${to.account}:${to.recipient}`;
    try {
      await pipeline.order({ ...to, text, agentId: agentId(), idempotencyKey }, bounded(signal, limits.orderWaitMs));
      carried = true;
    } catch (error) {
      if (signal.aborted) return;
      log.warn("an alert could not be sent to the owner", { channel: to.channel, err: error });
    }
  }
  // What nobody could be told is not told; the broker says it again.
  if (carried) await link.call({ method: "alert.told", params: { ids } }, signal);
}
