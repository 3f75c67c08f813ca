// What a channel must know again after a restart, as how far it has read. On the disk when it is written.
import type { Json } from "../../base/json.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import type { Ground } from "../rows.ts";
import { fromJson, toJson } from "../rows.ts";
import { channelStatePlace } from "../seal/places.ts";
import type { ChannelStateStore } from "./port.ts";

export function createChannelState({ database, clock, epoch, seals }: Ground): ChannelStateStore {
  const select = database.query<{ value: string }>(
    "SELECT value FROM channel_state WHERE channel = :channel AND account = :account AND key = :key",
  );
  const upsert = database.query(`
    INSERT INTO channel_state (channel, account, key, value, epoch, updated_at)
    VALUES (:channel, :account, :key, :value, :epoch, :now)
    ON CONFLICT (channel, account, key) DO UPDATE SET value = :value, epoch = :epoch, updated_at = :now`);
  const count = database.query<{ count: number }>(
    "SELECT count(*) AS count FROM channel_state WHERE channel = :channel AND account = :account AND key <> :key",
  );
  return {
    get: ({ channel, account }, key) =>
      database.read(() => {
        const row = select.get({ channel, account, key });
        const value = row && seals.open(channelStatePlace({ channel, account, key }), row.value);
        // Damaged is as good as never kept: the channel asks its platform again, and what is known is not taken twice.
        return value === undefined ? undefined : fromJson<Json>(value);
      }),
    set: ({ channel, account }, key, value) =>
      database.write(() => {
        const text = toJson(value);
        const others = count.get({ channel, account, key })?.count ?? 0;
        if (text.length > limits.channelStateMaxChars || others >= limits.channelStatesMax)
          throw new LoricaError("too_large", `${channel}/${account} keeps more than a channel may: ${key}`);
        upsert.run({
          channel,
          account,
          key,
          value: seals.seal(channelStatePlace({ channel, account, key }), text),
          epoch,
          now: clock.now(),
        });
      }),
  };
}
