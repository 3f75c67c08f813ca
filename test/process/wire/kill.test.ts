// A message is stored before it is acknowledged: the whole program is killed at once after it said `started`, again and
// again, and each time the next start answers the message, once.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createDeviceIdentity } from "../../../src/protocol/device/identity.ts";
import { createInstallation } from "../../faux/installation.ts";
import type { Installation } from "../../faux/installation.ts";
import { payloadOf } from "../../faux/ws/client.ts";
import { connectDevice } from "../../faux/ws/device.ts";
import type { Connected } from "../../faux/ws/device.ts";

const kills = 10;

suite("a gateway that is killed", { concurrency: false }, () => {
  const identity = createDeviceIdentity();
  let lorica: Installation;
  let token: string;
  let url: string;

  before(async () => {
    lorica = await createInstallation();
    await lorica.start();
    url = `ws://127.0.0.1:${lorica.port}`;
    const asking = await connectDevice(url, identity, { auth: { token: lorica.token } });
    assert.equal(asking.hello.error?.code, "NOT_PAIRED", JSON.stringify(asking.hello));
    const approved = await lorica.run(["devices", "approve", String(asking.hello.error?.details?.["requestId"])]);
    assert.equal(approved.code, 0, approved.stderr);
    const client = await connectDevice(url, identity, { auth: { token: lorica.token } });
    token = payloadOf<{ deviceToken: string }>(client.hello, "auth").deviceToken;
    client.end();
  });
  after(() => lorica?.remove());

  const enter = (): Promise<Connected> => connectDevice(url, identity, { auth: { deviceToken: token } });

  test(`loses no message that it has acknowledged, and answers none twice, ${kills} times`, async () => {
    for (let count = 1; count <= kills; count++) {
      const client = await enter();
      const key = `message-${count}`;
      const sent = await client.request("chat.send", {
        sessionKey: "main",
        message: `say ${key}`,
        idempotencyKey: key,
      });
      assert.deepEqual(sent.payload, { runId: key, status: "started" });
      await lorica.kill();
      await lorica.start();
      const again = await enter();
      const end = await again.request("agent.wait", { runId: key, timeoutMs: 20_000 });
      assert.equal(end.payload?.["status"], "ok", JSON.stringify(end));
      // The client does not know whether it was heard, and sends it again: still the same message.
      const repeated = await again.request("chat.send", {
        sessionKey: "main",
        message: `say ${key}`,
        idempotencyKey: key,
      });
      assert.deepEqual(repeated.payload, { runId: key, status: "ok" });
      again.end();
    }
    const client = await enter();
    const history = await client.request("chat.history", { sessionKey: "main" });
    const messages = payloadOf<{ role: string; idempotencyKey?: string }[]>({ ...history }, "messages");
    assert.deepEqual(
      messages.map(({ role, idempotencyKey }) => idempotencyKey ?? role),
      Array.from({ length: kills }, (_, index) => [`message-${index + 1}:user`, "assistant"]).flat(),
    );
    client.end();
  });
});
