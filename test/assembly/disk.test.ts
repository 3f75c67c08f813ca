import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Broker } from "../../src/broker/broker.ts";
import { createDiskSide } from "../../src/assembly/backup/disk.ts";
import { limits } from "../../src/base/limits.ts";

const mb = 1_048_576;

function setUp(look: { free: number }) {
  const alerts: string[] = [];
  const disk = { freeBytes: () => look.free, isLow: () => look.free < limits.diskFreeMinBytes };
  const side = createDiskSide({ stateDir: "/state", disk, alertOwner: (text) => void alerts.push(text) });
  return { alerts, side };
}

test("CFG-029 the status says how much is free, and what stops where it is too little", () => {
  const look = { free: 500 * mb };
  const { side } = setUp(look);
  assert.deepEqual(side.part?.(), { name: "disk", state: "on", detail: "500 MB free", fix: null });
  look.free = 63 * mb;
  const part = side.part?.() ?? assert.fail();
  assert.deepEqual([part.state, part.fix, part.notes], ["degraded", "free some space", [part.detail]]);
  assert.match(part.detail, /nearly full: 63 MB free; the log and the copies of transcripts are not written/);
});

test("CFG-029 the owner is alerted once each time the disk becomes nearly full", () => {
  const look = { free: 500 * mb };
  const { side, alerts } = setUp(look);
  const ending = new AbortController();
  mock.timers.enable({ apis: ["setInterval"] });
  try {
    side.start?.({} as Broker, ending.signal);
    const counts = [500, 10, 10, 500, 10].map((free) => {
      look.free = free * mb;
      mock.timers.tick(limits.watchdogScanMs);
      return alerts.length;
    });
    assert.deepEqual(counts, [0, 1, 1, 1, 2]);
    assert.match(alerts[0] ?? "", /nearly full under \/state: .* Free some space\.$/);
  } finally {
    ending.abort();
    mock.timers.reset();
  }
});
