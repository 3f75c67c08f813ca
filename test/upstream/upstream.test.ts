// Upstream's own clients, unchanged, against a whole installation. They are 600 MB and belong to somebody else, so they
// are tried only where OPENCLAW_PEER names a folder that has them; `@openclaw/gateway-client` stands in for them elsewhere.
import { after, before, suite, test } from "node:test";
import { whyNoBrowser } from "../faux/outside/browser.ts";
import { checks } from "./checks.ts";
import { openHouse } from "./house.ts";
import type { House } from "./house.ts";
import { whyNoPeer } from "./peer.ts";

if (whyNoPeer === undefined) {
  suite("upstream's own clients", { concurrency: false }, () => {
    let house: House;
    before(async () => {
      house = await openHouse();
    });
    after(() => house?.close());
    for (const { client, job, run } of checks) {
      const skip = client.includes("Chromium") ? (whyNoBrowser ?? false) : false;
      test(`${client} ${job}`, { skip }, async () => void (await run(house)));
    }
  });
} else {
  test("upstream's own clients", { skip: whyNoPeer }, () => undefined);
}
