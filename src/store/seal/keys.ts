// A key for each session, kept wrapped by the state key. Who destroys it destroys everything that was sealed with it.
import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { limits } from "../../base/limits.ts";
import type { Database } from "../database.ts";
import { asKey, decrypt, encrypt, fromBase64, newKey } from "./cipher.ts";
import type { DamageList } from "./damage.ts";

export type SessionKeys = {
  find(sessionKey: string): KeyObject | undefined;
  /** Inside a write: makes one where there is none. */
  ensure(sessionKey: string): KeyObject;
  /** Inside a write. */
  destroy(sessionKey: string): void;
  /** Whether anything that is wrapped opens; undefined where nothing is. */
  opensAny(): boolean | undefined;
};

type Options = {
  readonly database: Database;
  readonly clock: Clock;
  readonly wrappingKey: KeyObject;
  readonly damage: DamageList;
};

export function createSessionKeys({ database, clock, wrappingKey, damage }: Options): SessionKeys {
  const select = database.query<{ wrapped: string }>(
    "SELECT wrapped FROM session_keys WHERE session_key = :sessionKey",
  );
  const insert = database.query(`
    INSERT INTO session_keys (session_key, wrapped, created_at) VALUES (:sessionKey, :wrapped, :now)
    ON CONFLICT (session_key) DO UPDATE SET wrapped = excluded.wrapped, created_at = excluded.created_at`);
  const remove = database.query("DELETE FROM session_keys WHERE session_key = :sessionKey");
  const some = database.query<{ session_key: string; wrapped: string }>("SELECT * FROM session_keys LIMIT 50");
  // Least recently used first.
  const known = new Map<string, KeyObject>();
  // A key that was made in a write which came to nothing is in no file: what is sealed with it would be lost.
  database.onUndone(() => known.clear());

  const unwrap = (sessionKey: string, wrapped: string): KeyObject | undefined => {
    const bytes = fromBase64(wrapped);
    const key = bytes && decrypt(wrappingKey, placeOf(sessionKey), bytes);
    return key && asKey(key);
  };
  const keep = (sessionKey: string, key: KeyObject): KeyObject => {
    known.delete(sessionKey);
    known.set(sessionKey, key);
    for (const oldest of known.keys()) if (known.size > limits.sessionKeysMax) known.delete(oldest);
    return key;
  };
  const find = (sessionKey: string): KeyObject | undefined => {
    const held = known.get(sessionKey);
    if (held !== undefined) return keep(sessionKey, held);
    const row = select.get({ sessionKey });
    if (row === undefined) return undefined;
    const key = unwrap(sessionKey, row.wrapped);
    if (key === undefined) damage.add({ what: "the key of the session", sessionKey });
    return key && keep(sessionKey, key);
  };
  return {
    find,
    ensure(sessionKey) {
      const found = find(sessionKey);
      if (found !== undefined) return found;
      // One that does not open any more is replaced: what it had sealed is lost already, and the session goes on.
      const key = newKey();
      const wrapped = encrypt(wrappingKey, placeOf(sessionKey), key).toString("base64");
      insert.run({ sessionKey, wrapped, now: clock.now() });
      return keep(sessionKey, asKey(key));
    },
    destroy(sessionKey) {
      known.delete(sessionKey);
      remove.run({ sessionKey });
    },
    opensAny() {
      const rows = some.all();
      if (rows.length === 0) return undefined;
      return rows.some((row) => unwrap(row.session_key, row.wrapped) !== undefined);
    },
  };
}

function placeOf(sessionKey: string): string {
  return JSON.stringify(["session_keys", sessionKey]);
}
