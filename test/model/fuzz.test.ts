import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LoricaError } from "../../src/base/errors.ts";
import type { ModelApi, ModelEvent } from "../../src/model/model.ts";
import { callOf, createTestModels } from "../faux/models.ts";
import { startFauxProvider } from "../faux/provider.ts";
import type { FauxProvider, FauxReply } from "../faux/provider.ts";
import { encodeStream } from "../faux/provider-wire.ts";
import type { WireFormat } from "../faux/provider-wire.ts";

const formats: readonly { readonly api: ModelApi; readonly format: WireFormat; readonly path: string }[] = [
  { api: "anthropic-messages", format: "anthropic", path: "/v1" },
  { api: "openai-completions", format: "chat", path: "/v1" },
  { api: "openai-responses", format: "responses", path: "/v1" },
  { api: "google-generative-ai", format: "google", path: "/v1beta" },
];

/** Ends with an answer or a coded error, in every case, and leaves nothing that fails later. */
async function endOf(faux: FauxProvider, api: ModelApi, path: string): Promise<"answered" | string> {
  const { models } = createTestModels({
    providers: [{ id: "p", api, baseUrl: `${faux.url}${path}` }],
    timeouts: { firstByteMs: 2_000, stallMs: 2_000 },
  });
  let last: ModelEvent | undefined;
  try {
    for await (const event of models.stream(callOf(["p/m"]), new AbortController().signal)) last = event;
  } catch (error) {
    assert.ok(error instanceof LoricaError, String(error));
    assert.ok(error.message.length < 2_000);
    return error.code;
  }
  assert.equal(last?.type, "finish");
  return "answered";
}

const whole = {
  text: "Grüße 🌍",
  calls: [{ id: "c1", name: "exec", input: '{"command":"ls"}' }],
  thinking: { text: "hm", signature: "c2ln" },
};

for (const { api, format, path } of formats) {
  test(`${api}: whatever bytes come, a call ends with an answer or a coded error`, async (t) => {
    const faux = await startFauxProvider();
    t.after(() => faux.close());
    const stream = Buffer.from(encodeStream(format, whole).join(""));
    const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
    const cut = fc.nat(stream.length).map((at) => stream.subarray(0, at));
    const flipped = fc.array(fc.tuple(fc.nat(stream.length - 1), fc.nat(255)), { maxLength: 8 }).map((flips) => {
      const copy = Buffer.from(stream);
      for (const [at, value] of flips) copy[at] = value;
      return copy;
    });
    const doubled = fc.nat(stream.length).map((at) => Buffer.concat([stream.subarray(0, at), stream]));
    const events = fc.array(jsonEvent, { maxLength: 5 }).map((lines) => Buffer.from(lines.join("")));
    await fc.assert(
      fc.asyncProperty(fc.oneof(noise, cut, flipped, doubled, events), async (body) => {
        faux.play([{ body }]);
        await endOf(faux, api, path);
      }),
      { numRuns: 120 },
    );
  });

  test(`${api}: whatever status and body an error has, it becomes a coded error`, async (t) => {
    const faux = await startFauxProvider();
    t.after(() => faux.close());
    const body = fc.oneof(fc.string({ maxLength: 300 }), fc.json(), fc.constant(`<html>${"x".repeat(5_000)}</html>`));
    const reply: fc.Arbitrary<FauxReply> = fc.record({ status: fc.integer({ min: 400, max: 599 }), body });
    await fc.assert(
      fc.asyncProperty(reply, async (refusal) => {
        faux.play([refusal]);
        assert.notEqual(await endOf(faux, api, path), "answered");
      }),
      { numRuns: 60 },
    );
  });
}

/** Well-formed events with the wrong things in them. */
const jsonEvent = fc
  .tuple(fc.constantFrom("message_start", "error", "ping", "x"), fc.json())
  .map(([event, json]) => `event: ${event}\ndata: ${json}\n\n`);
