// What a request says: whole where it is short, streamed where it is long, and in both cases as long as it was said to be.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { createBrokerEgress } from "../../src/egress/route/route.ts";

const never = new AbortController().signal;

async function serve(context: TestContext) {
  const seen: (readonly [length: string | undefined, body: string])[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      seen.push([request.headers["content-length"], body]);
      response.end("heard");
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const providers = new Map([["p", { baseUrl, credential: "none", secret: "provider:p", ownerNamed: true } as const]]);
  const egress = createBrokerEgress({
    ceiling: () => ({ providers, channels: new Map() }),
    readSecret: async () => undefined,
  });
  context.after(async () => {
    await egress.close();
    server.closeAllConnections();
    server.close();
  });
  const send = async (text: string, bodyBytes: number): Promise<string> => {
    const body = ReadableStream.from([Buffer.from(text.slice(0, 5)), Buffer.from(text.slice(5))]);
    const resource = { provider: "p", method: "POST", url: `${baseUrl}/chat` } as const;
    const answer = await egress.fetch({ resource, headers: {}, body, bodyBytes }, never);
    let heard = "";
    for await (const chunk of answer.body) heard += Buffer.from(chunk).toString();
    return heard;
  };
  return { seen, send };
}

test("a body arrives as it was sent, short or long", async (context) => {
  const { seen, send } = await serve(context);
  const long = "long ".repeat(limits.fetchBodyAtOnceMaxBytes / 4);
  for (const text of ["", "a short one", long]) assert.equal(await send(text, text.length), "heard");
  assert.deepEqual(seen, [
    ["0", ""],
    ["11", "a short one"],
    [String(long.length), long],
  ]);
});

test("a short body of another length than announced is refused before the far side hears of it", async (context) => {
  const { seen, send } = await serve(context);
  const code = "invalid_request";
  await assert.rejects(send("a short one", 10), { code, message: /more than the 10 bytes/ });
  await assert.rejects(send("a short one", 12), { code, message: /less than the 12 bytes/ });
  assert.deepEqual(seen, []);
});
