// How an alert reaches the owner: over every channel on which they are known, once for each message.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../src/audit/audit.ts";
import { LoricaError } from "../../src/base/errors.ts";
import { tellAlert } from "../../src/assembly/gateway/alerts.ts";
import { createOrders } from "../../src/pipeline/channels/order.ts";
import type { OrderParts } from "../../src/pipeline/channels/order.ts";
import type { ChannelState, Order, Pipeline } from "../../src/pipeline/pipeline.ts";
import { createFauxPipeline } from "../faux/pipeline.ts";

const never = new AbortController().signal;
const message = { key: "k", ids: ["a1", "a2"], text: "Lorica alerts you:\nSOUL.md changed" };

function parts(owners: ReturnType<Pipeline["owners"]>, refused: readonly string[] = []) {
  const sent: Order[] = [];
  const told: unknown[] = [];
  const { pipeline } = createFauxPipeline();
  return {
    sent,
    told,
    parts: {
      pipeline: {
        ...pipeline,
        owners: () => owners,
        async order(order: Order) {
          if (refused.includes(order.channel)) throw new LoricaError("unavailable", "the platform is away");
          sent.push(order);
          return {
            id: "o",
            recipient: order.recipient,
            status: "pending",
            receipt: undefined,
            reason: undefined,
          } as const;
        },
      },
      link: {
        closed: never,
        note: () => undefined,
        async call({ params }: { readonly params?: unknown }) {
          told.push(params);
          return { result: null };
        },
        close: () => undefined,
      } as unknown as Parameters<typeof tellAlert>[1]["link"],
      log: silentLog,
      agentId: () => "main",
    },
  };
}

const onTelegram = { channel: "telegram", account: "default", recipient: "7" };
const onLoopback = { channel: "loopback", account: "default", recipient: "alice" };

test("an alert goes to the owner on each channel, each with a key of its own, and is then told", async () => {
  const { parts: given, sent, told } = parts([onTelegram, onLoopback]);
  await tellAlert(message, given, never);
  assert.deepEqual(
    sent.map(({ channel, recipient, text, idempotencyKey }) => ({ channel, recipient, text, idempotencyKey })),
    [
      { channel: "telegram", recipient: "7", text: message.text, idempotencyKey: "alert:k:telegram:default:7" },
      { channel: "loopback", recipient: "alice", text: message.text, idempotencyKey: "alert:k:loopback:default:alice" },
    ],
  );
  assert.deepEqual(told, [{ ids: ["a1", "a2"] }]);
});

test("a channel that fails does not keep the others from it; where all fail it is not told and comes again", async () => {
  const some = parts([onTelegram, onLoopback], ["telegram"]);
  await tellAlert(message, some.parts, never);
  assert.deepEqual([some.sent.length, some.told.length], [1, 1]);
  const none = parts([onTelegram], ["telegram"]);
  await tellAlert(message, none.parts, never);
  assert.deepEqual([none.sent.length, none.told.length], [0, 0]);
});

test("where the owner is on no channel there is nobody to tell, and the status has it", async () => {
  const { parts: given, sent, told } = parts([]);
  await tellAlert(message, given, never);
  assert.deepEqual([sent.length, told.length], [0, 1]);
  await tellAlert("nonsense", given, never);
  assert.equal(told.length, 1);
});

test("the owner is whom the config names or an approval made one, on the accounts that are on, and nobody else", () => {
  const approvals = [
    { channel: "telegram", account: "default", senderId: "8", role: "owner" },
    { channel: "telegram", account: "default", senderId: "9", role: "member" },
    { channel: "telegram", account: "second", senderId: "10", role: "owner" },
  ];
  const orders = createOrders(
    {
      settings: () => ({ owners: new Set(["telegram:7", "loopback:alice"]) }),
      senders: { approvals: () => approvals },
    } as unknown as OrderParts,
    never,
  );
  const account = {
    id: "default",
    name: undefined,
    health: undefined,
    lastInboundAt: undefined,
    lastOutboundAt: undefined,
  };
  const states: readonly ChannelState[] = [{ channel: "telegram", running: true, held: false, accounts: [account] }];
  assert.deepEqual(orders.owners(states), [
    { channel: "telegram", account: "default", recipient: "7" },
    { channel: "telegram", account: "default", recipient: "8" },
  ]);
});
