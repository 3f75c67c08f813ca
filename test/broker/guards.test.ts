// What the broker's guards stop, and what of it is written down.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LoricaError } from "../../src/base/errors.ts";
import { createEgressClient, createSandboxClient } from "../../src/broker/client.ts";
import type { Guard } from "../../src/broker/serve/services.ts";
import type { Cells } from "../../src/sandbox/sandbox.ts";
import { never, read, request, run, setUp } from "../faux/broker/services.ts";

test("what is stopped while the last guard is asked does not begin, although the first has let it pass", async (context) => {
  const [stop, asked, answered] = [
    new AbortController(),
    Promise.withResolvers<void>(),
    Promise.withResolvers<undefined>(),
  ];
  const begun: string[] = [];
  const cells: Partial<Cells> = {
    async read() {
      begun.push("read");
      return { kind: "text", text: "", totalLines: 0, sha256: "", bytes: 0 } as never;
    },
    async run() {
      begun.push("run");
      return { kind: "exited" } as never;
    },
  };
  const slow: Guard = async () => {
    asked.resolve();
    return await answered.promise;
  };
  const { link, policy, grant, outgoing } = setUp(context, cells, [async () => stop.signal, slow]);
  const refused = { code: "locked", message: /stopped by the owner/ };
  const sandbox = createSandboxClient(link, policy.redeem, { kind: "verified", walls: [] });
  const asks = [
    sandbox.read(grant(read), never),
    sandbox.run(grant(run), () => undefined, never),
    createEgressClient(link, policy.redeem).fetch(grant(request), { headers: {}, body: undefined }, never),
  ].map((ask) => assert.rejects(ask, refused));
  await asked.promise;
  stop.abort(new LoricaError("locked", "stopped by the owner"));
  answered.resolve(undefined);
  await Promise.all(asks);
  assert.deepEqual([begun, outgoing], [[], []]);
});

test("what a guard forbids is not recorded as what the gateway may not have, and what the ceiling forbids is", async (context) => {
  const forbid: Guard = async () => {
    throw new LoricaError("forbidden", "it holds a secret");
  };
  const { link, policy, grant, refusals } = setUp(context, {}, [forbid]);
  const sandbox = createSandboxClient(link, policy.redeem, { kind: "verified", walls: [] });
  await assert.rejects(sandbox.read(grant(read), never), { code: "forbidden", message: /holds a secret/ });
  assert.deepEqual(refusals, []);
  await assert.rejects(sandbox.read(grant({ ...read, agentId: "nobody" }), never), { code: "forbidden" });
  assert.deepEqual(
    refusals.map(({ rule, resource }) => [rule, resource]),
    [["ceiling", "sandbox.read"]],
  );
});
