import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { openEdge, token } from "../faux/edge.ts";
import { doneOutcome, noUsage } from "../faux/pipeline.ts";

test("what the system cannot do now has a status of its own, and the next call is answered", async (t) => {
  const edge = await openEdge(t, { script: ({ finish }) => finish(doneOutcome("ok")) });
  const statusOf = async () => {
    const response = await fetch(`${edge.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ messages: [{ role: "user", content: "hi" }] }),
    });
    const { error } = (await response.json()) as { error?: { message: string; code: string } };
    return [response.status, error?.code, error?.message];
  };
  const cases: readonly (readonly [Error, readonly unknown[]])[] = [
    [new LoricaError("locked", "the database is locked"), [423, "locked", "the database is locked"]],
    [new LoricaError("unavailable", "the disk is full"), [503, "unavailable", "the disk is full"]],
    [new LoricaError("timeout", "too slow"), [504, "timeout", "too slow"]],
    [new LoricaError("invalid_request", "no"), [400, "invalid_request", "no"]],
  ];
  for (const [error, answer] of cases) {
    edge.state.refuse = error as LoricaError;
    assert.deepEqual(await statusOf(), answer);
  }
  edge.state.refuse = { kind: "dropped", runId: "r", reason: "the sender is not paired" };
  assert.deepEqual(await statusOf(), [403, "forbidden", "the message was refused: the sender is not paired"]);
  edge.state.refuse = undefined;
  assert.equal((await statusOf())[0], 200);
});

test("GW-051 a failed run answers its code and id, and no path of this machine", async (t) => {
  const edge = await openEdge(t, {
    script: ({ finish }) =>
      finish({
        status: "failed",
        code: "upstream",
        message: "the provider answered 500 (see /home/ada/.openclaw/logs/x.log)",
        id: "e-77",
        usage: noUsage,
      }),
  });
  const response = await fetch(`${edge.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ messages: [{ role: "user", content: "hi" }] }),
  });
  assert.equal(response.status, 502);
  assert.deepEqual(await response.json(), {
    error: {
      message: "the provider answered 500 (see <path>)",
      type: "api_error",
      param: null,
      code: "upstream",
      id: "e-77",
    },
  });
});
