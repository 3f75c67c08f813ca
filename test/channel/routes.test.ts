// What ships says where it goes twice: the plugin for whoever reads it, the broker's table for whoever dials.
import assert from "node:assert/strict";
import { test } from "node:test";
import { plugins } from "../../plugins/plugins.ts";
import { tokenPlaceholder } from "../../src/channel/channel.ts";
import { findKnownChannel, knownChannels, pathTokenPlaceholder } from "../../src/protocol/known/channels.ts";

test("a channel's route is the one that the broker dials, and each that the broker knows ships", () => {
  const routed = plugins.flatMap(({ channels = [] }) => channels).filter(({ route }) => route !== undefined);
  for (const { id, route } of routed) {
    const known = findKnownChannel(id);
    assert.deepEqual(route, known && { baseUrl: known.baseUrl, credential: known.credential });
  }
  assert.deepEqual(
    routed.map(({ id }) => id),
    knownChannels.map(({ id }) => id),
  );
  assert.equal(tokenPlaceholder, pathTokenPlaceholder);
});
