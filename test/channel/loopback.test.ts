// The suite that every channel must pass, on a channel without a platform.
import { suite } from "node:test";
import type { Redeem } from "../../src/base/grant.ts";
import { newId } from "../../src/base/ids.ts";
import { defineChannel } from "../../src/channel/channel.ts";
import type { ChannelContext } from "../../src/channel/channel.ts";
import { envelopeOf } from "../faux/store.ts";
import { conformance } from "./conformance.ts";
import type { Arrived, PlatformDriver, Spoken } from "./conformance.ts";

// A suite of its own, so that the run knows that this file was heard.
suite("loopback", () => conformance("loopback", openLoopbackPlatform));

async function openLoopbackPlatform(): Promise<PlatformDriver> {
  const arrived: Arrived[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const state: {
    context: ChannelContext | undefined;
    last: (Spoken & { readonly key: string }) | undefined;
    hung: Promise<void>;
  } = {
    context: undefined,
    last: undefined,
    hung: Promise.resolve(),
  };
  const deliver = async ({ from, text, room, mention, key }: Spoken & { readonly key: string }): Promise<void> => {
    const chat = room === undefined ? ({ kind: "direct", id: from } as const) : ({ kind: "group", id: room } as const);
    const addressed = mention === true ? "mention" : "no";
    const about = room === undefined ? {} : ({ addressed } as const);
    await state.context?.receive(
      envelopeOf({ channel: "plain", chat, sender: { id: from, name: "" }, text, dedupeKey: key, ...about }),
    );
  };
  const definition = defineChannel({
    id: "plain",
    senders: "stranger",
    capabilities: { idempotentSend: false, textMaxChars: 4_000 },
    create: () => {
      let redeem: Redeem | undefined;
      return {
        async start(context) {
          state.context = context;
          redeem = context.redeem;
        },
        async send(grant, { to, text }) {
          redeem?.(grant);
          await state.hung;
          arrived.push({ recipient: to.recipient, text });
          for (const { count, resolve } of waiting) if (arrived.length >= count) resolve();
          return { kind: "sent", platformId: newId() };
        },
        async stop() {},
      };
    },
  });
  return {
    definition,
    ports: undefined,
    people: { ada: "7", bob: "8" },
    room: "-100",
    arrived,
    async say(spoken) {
      state.last = { ...spoken, key: newId() };
      await deliver(state.last);
    },
    async sayAgain() {
      if (state.last !== undefined) await deliver(state.last);
    },
    async arrivedCount(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ count, resolve });
      if (arrived.length >= count) resolve();
      await promise;
    },
    hang() {
      const { promise, resolve } = Promise.withResolvers<void>();
      state.hung = promise;
      return resolve;
    },
    async close() {},
  };
}
