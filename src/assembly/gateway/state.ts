// The gateway's state, opened with the key that the broker hands it: what it reports while it is open, and what the broker
// may ask of it, because the broker itself never reads a database that strangers filled.
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Log } from "../../audit/audit.ts";
import { systemClock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { isRecord } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { Link } from "../../broker/client.ts";
import { openStore } from "../../store/store.ts";
import type { Head, Store } from "../../store/store.ts";
import type { GatewayStart } from "./current.ts";

/** What the state is opened with. It is the one secret that a gateway holds besides its port's key: it opens nothing outside. */
export type StateStart = { readonly key: string; readonly head: Head | null };

export async function openState({ paths, state }: GatewayStart, link: Link, log: Log): Promise<Store> {
  const tell = (method: string, params: unknown): void => {
    if (link.closed.aborted) return;
    link
      .call({ method, params }, AbortSignal.timeout(limits.gatewayStartTimeoutMs))
      .catch((err: unknown) => log.warn("the broker did not take what was reported of the database", { err }));
  };
  return await openStore({
    path: paths.database,
    mediaDir: paths.media,
    clock: systemClock,
    key: Buffer.from(state.key, "base64"),
    head: { expected: state.head ?? undefined, report: (head) => tell("state.head", head) },
    onDamage(damage) {
      log.error("a part of the database is damaged; the rest goes on", { ...damage });
      tell("state.damage", damage);
    },
  });
}

/** What the broker asks of the state, by name. */
export function createStateAnswers(store: Store, { paths }: GatewayStart) {
  return async (method: string, params: unknown): Promise<unknown> => {
    const signal = AbortSignal.timeout(limits.stateCheckTimeoutMs);
    if (method === "state.check") return { damage: await store.upkeep.check(signal) };
    const name = isRecord(params) && typeof params["name"] === "string" ? basename(params["name"]) : "";
    if (method !== "state.snapshot" || !name.startsWith("snapshot-"))
      throw new LoricaError("not_found", `the gateway does no ${method}`);
    const path = join(paths.state, name);
    await rm(path, { force: true });
    return { head: await store.upkeep.snapshot(path) };
  };
}
