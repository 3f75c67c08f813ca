import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../../src/base/ids.ts";
import { createAddressRanges } from "../../../src/network/network.ts";
import { accessOf } from "../../faux/gateway/access.ts";
import { openEdge, token } from "../../faux/edge.ts";
import { openWs } from "../../faux/ws/client.ts";

test("LOG-005 a refusal is logged with the client's own address, where a named proxy tells it, and the proxy's where not", async (t) => {
  const tokenHashes = [sha256(token)];
  const proxies = createAddressRanges(["127.0.0.1"]);
  const edge = await openEdge(t, { settings: { access: accessOf({ tokenHashes, proxies }) } });
  const refuse = async (first: string) => {
    const headers = { "x-forwarded-for": "127.0.0.1, 198.51.100.7" };
    const client = await openWs(`ws://127.0.0.1:${edge.port}`, { headers });
    client.send(first);
    await client.closed;
    return edge.log.findLast(({ message }) => message === "a WebSocket was refused")?.fields["address"];
  };
  assert.equal(await refuse("no json"), "198.51.100.7");
  edge.configure({ access: accessOf({ tokenHashes }) });
  assert.equal(await refuse('{"type":"req","id":"1","method":"health"}'), "127.0.0.1");
});
