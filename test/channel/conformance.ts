// What every channel must do, whatever its platform: a test of a channel calls this with a driver of its own, which says
// things on the platform and sees what arrives there. The pipeline and the store behind it are the real ones.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCommand } from "../../src/agent/agent.ts";
import type { TurnRunner } from "../../src/agent/agent.ts";
import { unlessAborted } from "../../src/base/wait.ts";
import type { ChannelDefinition, ChannelPorts } from "../../src/channel/channel.ts";
import type { ChannelAccess, PipelineSettings } from "../../src/pipeline/pipeline.ts";
import type { Store } from "../../src/store/store.ts";
import { openHarness, plainAccess, plainSettings } from "../faux/flow/harness.ts";
import type { Harness, HarnessOptions } from "../faux/flow/harness.ts";
import { createEchoRunner } from "../faux/flow/runner.ts";

export type Spoken = {
  /** The platform's id of who writes. */
  readonly from: string;
  readonly text: string;
  /** The room it is said in; a direct chat where left out. */
  readonly room?: string;
  readonly mention?: boolean;
};

export type Arrived = { readonly recipient: string; readonly text: string };

/** One account on a platform of the test's own. */
export type PlatformDriver = {
  readonly definition: ChannelDefinition;
  /** Undefined for a channel that needs nothing outside itself. */
  readonly ports: ((store: Store) => ChannelPorts) | undefined;
  readonly people: { readonly ada: string; readonly bob: string };
  readonly room: string;
  /** Resolves once the platform counts it as taken; it delivers again what was not. */
  say(spoken: Spoken): Promise<void>;
  /** The last one once more, as platforms do after a broken connection. */
  sayAgain(): Promise<void>;
  readonly arrived: readonly Arrived[];
  arrivedCount(count: number): Promise<void>;
  /** From now on what is sent is neither taken nor refused, until the answer is called. */
  hang(): () => void;
  close(): Promise<void>;
};

export function conformance(name: string, open: () => Promise<PlatformDriver>): void {
  describe(`the ${name} channel`, () => {
    for (const [what, check] of Object.entries(checks))
      test(what, async () => {
        const driver = await open();
        try {
          await check(driver);
        } finally {
          await driver.close();
        }
      });
  });
}

const everybody: Partial<ChannelAccess> = { allowFrom: ["*"] };

const checks: Readonly<Record<string, (driver: PlatformDriver) => Promise<void>>> = {
  async "stores a message before the platform counts it as taken"(driver) {
    const never = createRunner((_, run) => unlessAborted(new Promise(() => undefined), run.signal));
    await using harness = await start(driver, everybody, { runner: never });
    await driver.say({ from: driver.people.ada, text: "hello" });
    await using _later = await harness.restart({ runner: createEchoRunner });
    await driver.arrivedCount(1);
    assert.deepEqual(texts(driver), ["echo hello"]);
  },

  async "takes a message once, however often the platform delivers it"(driver) {
    await using _harness = await start(driver, everybody);
    await driver.say({ from: driver.people.ada, text: "hello" });
    await driver.arrivedCount(1);
    await driver.sayAgain();
    await driver.say({ from: driver.people.ada, text: "second" });
    await driver.arrivedCount(2);
    assert.deepEqual(texts(driver), ["echo hello", "echo second"]);
  },

  async "keeps the order of what one person says, and answers each where they are"(driver) {
    await using _harness = await start(driver, everybody);
    const { ada, bob } = driver.people;
    await driver.say({ from: ada, text: "one" });
    await driver.say({ from: bob, text: "other" });
    for (const text of ["two", "three"]) await driver.say({ from: ada, text });
    await driver.arrivedCount(4);
    const to = (who: string) => driver.arrived.filter(({ recipient }) => recipient === who).map(({ text }) => text);
    assert.deepEqual([to(ada), to(bob)], [["echo one", "echo two", "echo three"], ["echo other"]]);
  },

  async "takes a stranger in only after the code that they were told, once, was approved"(driver) {
    await using harness = await start(driver, {});
    const { ada } = driver.people;
    await driver.say({ from: ada, text: "hello" });
    await driver.arrivedCount(1);
    await driver.say({ from: ada, text: "hello?" });
    const code = /code:\s*([A-Z2-9]{8})/.exec(driver.arrived[0]?.text ?? "")?.[1] ?? "";
    assert.equal(driver.arrived.length, 1);
    assert.deepEqual(await harness.store.sessions.list({ limit: 1, offset: 0 }), []);
    await harness.senders?.approve({ channel: driver.definition.id, code }, "member", "owner");
    await driver.say({ from: ada, text: "now?" });
    await driver.arrivedCount(2);
    assert.equal(texts(driver).at(-1), "echo now?");
  },

  async "in a room answers what mentions it, from whom the owner listed, and there"(driver) {
    const { people, room } = driver;
    await using _harness = await start(driver, { allowedGroups: [room], groupAllowFrom: [people.ada] });
    await driver.say({ from: people.ada, text: "just talking", room });
    await driver.say({ from: people.bob, text: "do this", room, mention: true });
    await driver.say({ from: people.ada, text: "and you?", room, mention: true });
    await driver.arrivedCount(1);
    const [first, ...others] = driver.arrived;
    assert.deepEqual([first?.recipient, others], [room, []]);
    assert.match(first?.text ?? "", /^echo .*and you\?/);
  },

  async "sends a long answer in messages that it can carry, in order"(driver) {
    await using _harness = await start(driver, { ...everybody, textMaxChars: 100 });
    const words = Array.from({ length: 60 }, (_, at) => `word${at}`).join(" ");
    await driver.say({ from: driver.people.ada, text: words });
    await driver.arrivedCount(5);
    assert.equal(texts(driver).join(" "), `echo ${words}`);
  },

  async "a send that the end of the process cut off is unknown after it, and is not repeated"(driver) {
    const release = driver.hang();
    await using harness = await start(driver, everybody);
    await driver.say({ from: driver.people.ada, text: "hello" });
    while ((await harness.store.outbox.list({ status: "sending", limit: 1 })).length === 0)
      await new Promise((next) => setImmediate(next));
    await using later = await harness.restart();
    const [row] = await later.store.outbox.list({ limit: 1 });
    release();
    const wanted = driver.definition.capabilities.idempotentSend ? ["pending", "sending", "sent"] : ["unknown"];
    assert.ok(wanted.includes(row?.status ?? ""), row?.status);
  },
};

function texts({ arrived }: PlatformDriver): readonly string[] {
  return arrived.map(({ text }) => text);
}

function createRunner(answer: Parameters<typeof createEchoRunner>[1]): (store: Store) => TurnRunner {
  return (store) => createEchoRunner(store, answer);
}

async function start(
  { definition, ports }: PlatformDriver,
  change: Partial<ChannelAccess>,
  options: HarnessOptions = {},
): Promise<Harness> {
  const access: ChannelAccess = { ...plainAccess, historyLimit: 0, ...change };
  const settings: PipelineSettings = { ...plainSettings, access: () => access };
  return openHarness({
    strangers: true,
    settings,
    channels: [definition],
    commandOf: (text) => parseCommand(text)?.name,
    ...(ports === undefined ? {} : { portsOf: (store) => (id) => (id === definition.id ? ports(store) : undefined) }),
    ...options,
  });
}
