import assert from "node:assert/strict";
import { test } from "node:test";
import { createSlots } from "../../../src/agent/calls/slots.ts";
import { LoricaError } from "../../../src/base/errors.ts";

test("TOOL-028 slots are given in the order in which they were asked for, and one that leaves the queue costs none", async () => {
  const slots = createSlots(1);
  const never = new AbortController().signal;
  const leave = new AbortController();
  const order: string[] = [];
  const held = Promise.withResolvers<void>();
  const first = slots.use(() => held.promise, never);
  const left = slots.use(async () => void order.push("left"), leave.signal);
  const second = slots.use(async () => void order.push("second"), never);
  const third = slots.use(() => Promise.reject(new Error("third")), never);
  const fourth = slots.use(async () => void order.push("fourth"), never);
  leave.abort();
  await assert.rejects(left, (error) => error instanceof LoricaError && error.code === "cancelled");
  held.resolve();
  await Promise.all([first, second, assert.rejects(third, /third/), fourth]);
  assert.deepEqual(order, ["second", "fourth"]);
});
