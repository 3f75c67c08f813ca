// The broker's side of the way to a model, in a process of its own: its end of the link on descriptor 4, the wall that looks
// through what leaves, with a vault of 200 values, and the way out. `first-token.ts` starts it.
import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import { silentLog } from "../../src/audit/audit.ts";
import { screenEgress } from "../../src/assembly/broker/dlp/wall.ts";
import { parsed } from "../../src/base/parsed.ts";
import { createLink } from "../../src/broker/link/link.ts";
import type { Ceiling } from "../../src/broker/serve/ceiling.ts";
import { createServices } from "../../src/broker/serve/services.ts";
import { createInspector } from "../../src/dlp/judge/inspector.ts";
import { createKnownValues } from "../../src/dlp/known/known.ts";
import { createBrokerEgress } from "../../src/egress/route/route.ts";
import type { Cells } from "../../src/sandbox/sandbox.ts";

const baseUrl = process.argv[2] ?? "";
const values = Array.from({ length: 200 }, () => `sk-live-${randomBytes(30).toString("base64url")}`);
const ceiling: Ceiling = {
  channels: new Map(),
  providers: new Map([["p", { baseUrl, credential: "bearer", secret: "provider:p", ownerNamed: true }]]),
  agents: new Map([["main", { workspace: "/nowhere", access: "none" }]]),
};
const inspector = createInspector({
  known: createKnownValues(() => values),
  canary: "k7f3q9w2m8x4d5h1",
  own: parsed,
  rules: () => ({ patterns: true, entropy: false, people: undefined, windowMessages: 32 }),
  clock: { now: Date.now },
  onIncident: () => undefined,
  onGuessing: () => undefined,
});
const egress = createBrokerEgress({ ceiling: () => ceiling, readSecret: async () => values[0] });
const services = createServices({
  more: {},
  guards: [],
  ceiling: () => ceiling,
  egress: screenEgress(egress, inspector),
  // Nothing here asks for a cell.
  cells: {} as Cells,
  audit: { record: () => undefined },
  brokerAudit: { record: () => undefined },
  log: silentLog,
  clock: { now: Date.now },
});
const link = createLink({
  stream: new Socket({ fd: 4 }),
  side: "broker",
  ...services,
  onInternalError: (error) => process.stderr.write(`${String(error)}\n`),
});
link.closed.addEventListener("abort", () => process.exit());
