// Many short lives of one pipeline: messages in any order and number, deaths at any step, the same store throughout.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import type { Checkpoint } from "../../src/pipeline/pipeline.ts";
import type { Store } from "../../src/store/store.ts";
import { openHarness } from "../faux/flow/harness.ts";
import type { Harness, HarnessOptions } from "../faux/flow/harness.ts";
import { envelopeOf } from "../faux/store.ts";

type Step =
  | { readonly kind: "messages"; readonly numbers: readonly number[] }
  | { readonly kind: "death"; readonly at: Checkpoint; readonly pass: number }
  | { readonly kind: "pause" };

const checkpoints: readonly Checkpoint[] = ["received", "stored", "begun", "ran", "finished", "sent", "receipted"];

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("messages" as const), numbers: fc.array(fc.nat(8), { maxLength: 6 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("death" as const),
      at: fc.constantFrom(...checkpoints),
      pass: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "pause" as const }) },
);

test("GW-035 however messages repeat, mix and are cut off, each is answered once and in its session's order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      await live(steps);
    }),
    { numRuns: 40 },
  );
});

async function live(steps: readonly Step[]): Promise<void> {
  const sends: string[] = [];
  const told = new Set<number>();
  const life = createLife(sends);
  let harness = await openHarness(life.options());
  for (const each of steps) {
    if (each.kind === "death") life.doom(each.at, each.pass);
    if (each.kind === "pause") await delay(2);
    if (each.kind === "messages") for (const number of each.numbers) tell(harness, number, told);
    await delay(0);
    if (life.isOver()) harness = await harness.restart(life.options());
  }
  // The last life ends by itself, and then the platform delivers everything again.
  await life.end();
  harness = await harness.restart(life.options());
  for (const number of told) tell(harness, number, told);
  await quiet(harness);
  await harness.pipeline.stop(100);
  assert.deepEqual(sends.toSorted(), [...told].map((number) => `echo m${number}`).toSorted());
  assert.deepEqual(harness.reports, []);
  for (const session of [0, 1, 2])
    assert.deepEqual(sends.filter(isOf(session)), await accepted(harness.store, session));
  await harness.abandon();
}

/** Three peers; the same number is the same platform message. Nobody waits: the platform does not either. */
function tell(harness: Harness, number: number, told: Set<number>): void {
  told.add(number);
  const peer = `peer${number % 3}`;
  const chat = { kind: "direct", id: peer } as const;
  const envelope = envelopeOf({ dedupeKey: `m${number}`, text: `m${number}`, chat, sender: { id: peer, name: peer } });
  harness.receive(envelope).catch((error: unknown) => assert.match(String(error), /died|not taking/));
}

function isOf(session: number): (text: string) => boolean {
  return (text) => Number(text.slice("echo m".length)) % 3 === session;
}

/** What a session was asked, in the order in which it was stored. */
async function accepted(store: Store, session: number): Promise<readonly string[]> {
  const found = await store.sessions.find(`agent:main:direct:peer${session}`);
  if (found === undefined) return [];
  const entries = await store.transcript.read(found.windowId);
  return entries.flatMap(({ body }) => (body.kind === "user" ? [`echo ${body.text}`] : []));
}

async function quiet({ pipeline, store }: Harness): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    await delay(1);
    const open = await Promise.all(
      (["pending", "sending"] as const).map((status) => store.outbox.list({ status, limit: 1 })),
    );
    if (pipeline.active().size === 0 && open.flat().length === 0) return;
  }
  assert.fail("the pipeline never came to rest");
}

/**
 * Lives that can be ended at a step: from then on their store and their platform answer nothing any more. None ends
 * while a reply is on its way, from being taken to being with the platform: what then became of it nobody could say.
 */
function createLife(sends: string[]) {
  type Life = { dead: boolean; sending: number; doom: { at: Checkpoint; passes: number } | undefined };
  let life: Life = { dead: false, sending: 0, doom: undefined };
  const options = (): HarnessOptions => {
    const own: Life = { dead: false, sending: 0, doom: undefined };
    life = own;
    const unlessDead = async <T>(work: () => Promise<T>): Promise<T> => {
      const value = own.dead ? undefined : await work();
      return own.dead ? new Promise<T>(() => undefined) : (value as T);
    };
    return {
      start: true,
      wrapStore(store) {
        const wrapped = mortal(store, unlessDead);
        const take = async (id: string): Promise<boolean> => {
          own.sending += 1;
          const taken = await wrapped.outbox.take(id);
          if (!taken) own.sending -= 1;
          return taken;
        };
        return { ...wrapped, outbox: { ...wrapped.outbox, take } };
      },
      send: (message) =>
        unlessDead(async () => {
          sends.push(message.text);
          own.sending -= 1;
          return { kind: "sent", platformId: message.idempotencyKey };
        }),
      checkpoint(name) {
        if (own.doom?.at !== name || own.sending > 0 || (own.doom.passes -= 1) > 0) return;
        own.dead = true;
        throw new Error("died");
      },
    };
  };
  return {
    options,
    doom(at: Checkpoint, pass: number) {
      life.doom = { at, passes: pass };
    },
    async end() {
      // A reply that is taken is sent before anything else gets its turn.
      await delay(0);
      life.dead = true;
    },
    isOver: () => life.dead,
  };
}

type Unless = <T>(work: () => Promise<T>) => Promise<T>;

function mortal(store: Store, unlessDead: Unless): Store {
  const wrap = <P extends object>(port: P): P =>
    Object.fromEntries(
      Object.entries(port).map(([name, method]: [string, (...inputs: unknown[]) => Promise<unknown>]) => [
        name,
        (...inputs: unknown[]) => unlessDead(() => method(...inputs)),
      ]),
    ) as P;
  const { inbox, sessions, turns, transcript, outbox } = store;
  return {
    ...store,
    inbox: wrap(inbox),
    sessions: wrap(sessions),
    turns: wrap(turns),
    transcript: wrap(transcript),
    outbox: wrap(outbox),
  };
}
