// Platforms deliver at a path of their own; strangers find it too.
import assert from "node:assert/strict";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import { limits } from "../../../src/base/limits.ts";
import { createAddressRanges } from "../../../src/network/network.ts";
import { openEdge } from "../../faux/edge.ts";
import { accessOf } from "../../faux/gateway/access.ts";

const path = "/deliveries/of-telegram";
const webhookFor = (asked: string) => (asked === path ? async () => ({ status: 200 }) : undefined);

test("a platform delivers at its own pace, which is faster than that of people", async (t) => {
  const access = accessOf({ proxies: createAddressRanges(["127.0.0.1"]) });
  const edge = await openEdge(t, { now: () => 1_000_000, settings: { access }, webhookFor });
  const deliver = async (): Promise<number> => {
    const init = { method: "POST", headers: { "x-forwarded-for": "203.0.113.9" }, body: "{}" };
    const response = await fetch(edge.url + path, init);
    await response.arrayBuffer();
    return response.status;
  };
  const statuses: number[] = [];
  for (let count = 0; count <= limits.webhooksBurst; count++) statuses.push(await deliver());
  assert.deepEqual([statuses.slice(0, -1).every((status) => status === 200), statuses.at(-1)], [true, 429]);
});

test("deliveries that never end are kept up to a bound, and those who follow are told to come again", async (t) => {
  const edge = await openEdge(t, { webhookFor });
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n`;
  const open: Socket[] = [];
  t.after(() => {
    for (const socket of open) socket.destroy();
  });
  // The invitation to go on says that the request is being read.
  const begin = () =>
    new Promise<string>((resolve) => {
      const socket = connect(edge.port, "127.0.0.1", () => socket.write(head));
      socket.on("error", () => undefined);
      open.push(socket);
      let answer = "";
      socket.on("data", (chunk) => {
        answer += String(chunk);
        if (/^HTTP\/1\.1 (100|503)/.test(answer)) setImmediate(() => resolve(answer.slice(9, 12)));
      });
    });
  for (let count = 0; count < limits.webhooksReadingPerAddressMax; count++) assert.equal(await begin(), "100");
  const refused = await fetch(edge.url + path, { method: "POST", body: "{}" });
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"]);
  open.pop()?.destroy();
  const deadline = Date.now() + 5_000;
  let status = 503;
  while (status === 503 && Date.now() < deadline)
    status = (await fetch(edge.url + path, { method: "POST", body: "{}" })).status;
  assert.equal(status, 200);
});
