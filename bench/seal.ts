// Sealing: what an entry of a transcript costs to write and to read, beside the same store with nothing sealed and no head
// counted. Rounds alternate, so that a busy machine slows both sides.
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { owner } from "../src/base/principal.ts";
import { openMigrated } from "../src/store/migrate.ts";
import { asKey } from "../src/store/seal/cipher.ts";
import type { Seals } from "../src/store/seal/seals.ts";
import { openStore } from "../src/store/store.ts";
import type { Sessions, Transcript } from "../src/store/store.ts";
import { createTables } from "../src/store/tables.ts";
import { createHome, figure, percentile, removeHome } from "./harness.ts";

type Side = {
  readonly sessions: Sessions;
  readonly transcript: Transcript;
  readonly writes: number[];
  readonly reads: number[];
};

const rounds = 5;
const perRound = 300;
const home = createHome();
const label = { integrity: "owner", readers: ["owner"] } as const;

const asItIs: Seals = {
  seal: (_place, plain) => plain,
  open: (_place, sealed) => sealed,
  keys: {
    find: () => undefined,
    ensure: () => asKey(Buffer.alloc(32)),
    destroy: () => undefined,
    opensAny: () => undefined,
  },
  damage: { add: () => undefined, all: () => [] },
};

const plainFolder = join(home, "plain");
mkdirSync(plainFolder);
const database = await openMigrated(join(plainFolder, "lorica.sqlite"));
database.execute("PRAGMA journal_mode = WAL");
const ground = { database, clock: systemClock, epoch: 1, seals: asItIs };
const plain: Side = { ...createTables(ground), writes: [], reads: [] };

const sealedFolder = join(home, "sealed");
mkdirSync(sealedFolder);
const path = join(sealedFolder, "lorica.sqlite");
const mediaDir = join(sealedFolder, "media");
const store = await openStore({ path, mediaDir, clock: systemClock, key: randomBytes(32) });
const sealed: Side = { ...store, writes: [], reads: [] };

for (let round = 0; round <= rounds; round += 1) for (const side of [plain, sealed]) await measure(side, round > 0);

const write = percentile(sealed.writes, 0.5) / percentile(plain.writes, 0.5);
const read = percentile(sealed.reads, 0.5) / percentile(plain.reads, 0.5);
figure("plain append, p50", [percentile(plain.writes, 0.5) * 1_000, "µs"]);
figure("sealed append, p50", [percentile(sealed.writes, 0.5) * 1_000, "µs"]);
figure("sealed append, times plain", [write, "×"], { atMost: 3 });
figure("sealed read of an entry, times plain", [read, "×"]);
await store.close();
database.close();
removeHome(home);

/** The first round only warms up. */
async function measure({ sessions, transcript, writes, reads }: Side, counts: boolean): Promise<void> {
  const key = "agent:main:main";
  const { windowId } = await sessions.open({
    key,
    agentId: "main",
    principal: owner,
    channel: "cli",
    account: "default",
    label,
  });
  for (let index = 0; index < perRound; index += 1) {
    const body = { kind: "note", text: "x".repeat(374) } as const;
    const begun = performance.now();
    await transcript.append([{ windowId, turnId: "t", label, body }]);
    if (counts) writes.push(performance.now() - begun);
  }
  const begun = performance.now();
  const entries = await transcript.read(windowId);
  if (counts) reads.push((performance.now() - begun) / entries.length);
}
