// Seals the values of the database one by one, and opens them again. A value that does not open is damage, which is named
// and answered as such; it never ends the reading of anything else.
import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Database } from "../database.ts";
import { decrypt, deriveKey, encrypt, fromBase64 } from "./cipher.ts";
import { createDamageList } from "./damage.ts";
import type { DamageList } from "./damage.ts";
import type { Damage } from "./port.ts";
import { createSessionKeys } from "./keys.ts";
import type { SessionKeys } from "./keys.ts";
import type { Place } from "./places.ts";

export type Seals = {
  /** Inside a write, because a session's first value makes its key. */
  seal(place: Place, plain: string): string;
  /** Undefined where it was damaged, swapped, or its key is gone. */
  open(place: Place, sealed: string): string | undefined;
  readonly keys: SessionKeys;
  readonly damage: DamageList;
};

/** Which key: the database's own, or the session's. */
const own = "o";
const session = "s";

export type SealOptions = {
  readonly database: Database;
  readonly clock: Clock;
  readonly key: Uint8Array;
  readonly report: (damage: Damage) => void;
};

export function createSeals({ database, clock, key, report }: SealOptions): Seals {
  const ownKey = deriveKey(key, "values");
  const damage = createDamageList(report);
  const keys = createSessionKeys({ database, clock, wrappingKey: deriveKey(key, "session-keys"), damage });
  return {
    keys,
    damage,
    seal(place, plain) {
      const [which, sealingKey] = place.session === undefined ? [own, ownKey] : [session, keys.ensure(place.session)];
      return which + encrypt(sealingKey, bindingOf(which, place), Buffer.from(plain)).toString("base64");
    },
    open(place, sealed) {
      const which = sealed[0] ?? "";
      const openingKey = which === own ? ownKey : findKey(keys, which, place);
      const bytes = fromBase64(sealed.slice(1));
      const plain = openingKey && bytes ? decrypt(openingKey, bindingOf(which, place), bytes) : undefined;
      if (plain === undefined) damage.add({ what: place.name, sessionKey: place.session });
      return plain?.toString();
    },
  };
}

function findKey(keys: SessionKeys, which: string, place: Place): KeyObject | undefined {
  return which === session && place.session !== undefined ? keys.find(place.session) : undefined;
}

function bindingOf(which: string, place: Place): string {
  return JSON.stringify([which, which === session ? place.session : "", ...place.at]);
}
