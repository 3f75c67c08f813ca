// The sealed state at its place in the broker: the key that the gateway opens its database with, how far that database is
// known to have come, and what was found damaged in it.
import { join } from "node:path";
import { LoricaError } from "../../base/errors.ts";
import { readPrivateFile, writePrivateFile } from "../../base/files/private-file.ts";
import { isRecord, parseJson } from "../../base/json.ts";
import { limits } from "../../base/limits.ts";
import type { Broker, OwnerHandlers } from "../../broker/broker.ts";
import type { StatePaths } from "../../config/config.ts";
import type { stateMethods, StateDamage } from "../../protocol/owner/state.ts";
import type { StateStart } from "../gateway/state.ts";
import type { Ground } from "./open-parts.ts";
import type { BrokerSide } from "./side.ts";

export type SealSide = BrokerSide & {
  readonly areas: Pick<OwnerHandlers, keyof typeof stateMethods>;
  /** What a gateway that starts now is to open its database with. */
  settings(): Promise<StateStart>;
};

type Head = NonNullable<StateStart["head"]>;

/** Out of the gateway's reach: it says how far it has come, and cannot take it back. */
export function headPath({ credentials }: Pick<StatePaths, "credentials">): string {
  return join(credentials, "database-head.json");
}

export async function readHead(paths: Pick<StatePaths, "credentials">): Promise<Head | undefined> {
  const path = headPath(paths);
  const text = await readPrivateFile(path, limits.headFileMaxBytes);
  if (text === undefined) return undefined;
  const json = parseJson(text);
  const head = json.ok ? toHead(json.value) : undefined;
  if (head !== undefined) return head;
  throw new LoricaError(
    "conflict",
    `${path} is damaged, so that nobody can say whether the database is the newest. If it is: lorica backup accept`,
  );
}

export function createSealSide({ options, vault, log }: Pick<Ground, "options" | "vault" | "log">): SealSide {
  const { paths } = options;
  const source = log.source("state");
  const damage: StateDamage[] = [];
  let saving: Promise<void> = Promise.resolve();
  let running: Broker | undefined;
  let latest: Head | undefined;

  const save = async (head: Head): Promise<void> => {
    latest ??= await readHead(paths);
    // A gateway that is no longer ours could only make the next start refuse its database, and not make it take an older one.
    if (latest !== undefined && latest.lineage === head.lineage && head.writes < latest.writes) return;
    latest = head;
    await writePrivateFile(headPath(paths), `${JSON.stringify(head)}\n`);
  };
  return {
    async settings() {
      return { key: Buffer.from(vault.key("state")).toString("base64"), head: (await readHead(paths)) ?? null };
    },
    answers: {
      async "state.head"(params) {
        const head = toHead(params);
        if (head === undefined) throw new LoricaError("invalid_request", "a head that is none");
        saving = saving.then(() => save(head)).catch((err: unknown) => source.error("the head was not kept", { err }));
        await saving;
        return null;
      },
      async "state.damage"(params) {
        const found = toDamage(params);
        if (found !== undefined && damage.length < limits.damagesMax) damage.push(found);
        return null;
      },
    },
    areas: {
      async "state.check"(_, { signal }) {
        if (running === undefined) throw new LoricaError("unavailable", "the gateway has not started yet");
        const answer = await running.ask("state.check", {}, signal);
        const found = isRecord(answer) && Array.isArray(answer["damage"]) ? answer["damage"] : [];
        return { damage: found.flatMap((one) => toDamage(one) ?? []) };
      },
    },
    part() {
      if (damage.length === 0)
        return { name: "state", state: "on", detail: "what people said is sealed at rest", fix: null };
      const detail = `${damage.length} parts are damaged and cannot be read; the rest is in use`;
      return { name: "state", state: "degraded", detail, fix: "lorica doctor lists them; lorica backup restore" };
    },
    start(broker) {
      running = broker;
    },
    stop: () => saving,
  };
}

export function toHead(value: unknown): Head | undefined {
  if (!isRecord(value)) return undefined;
  const { lineage, writes } = value;
  const isHead = typeof lineage === "string" && /^[0-9a-f]{32}$/.test(lineage) && Number.isSafeInteger(writes);
  return isHead && Number(writes) >= 0 ? { lineage, writes: Number(writes) } : undefined;
}

function toDamage(value: unknown): StateDamage | undefined {
  if (!isRecord(value) || typeof value["what"] !== "string") return undefined;
  const { what, sessionKey } = value;
  return {
    what: what.slice(0, limits.auditTextMaxChars),
    sessionKey: typeof sessionKey === "string" ? sessionKey.slice(0, limits.auditTextMaxChars) : null,
  };
}
