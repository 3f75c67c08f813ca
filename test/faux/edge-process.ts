// A process of its own with the gateway's doors on inherited descriptors: 3 is the TCP listener, 4 the unix one.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../src/base/ids.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import { createTranscriptWatch } from "../../src/session/session.ts";
import { openStore } from "../../src/store/store.ts";
import { createTestDevices } from "./pairing/devices.ts";
import { openTestSenders } from "./pairing/senders.ts";
import { fauxRemote, noWorkspace } from "./gateway/remote.ts";
import { accessOf } from "./gateway/access.ts";
import { createFauxPipeline, doneOutcome } from "./pipeline.ts";
import { fauxRegistry } from "./nodes/nodes.ts";
import { testStateKey } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "lorica-edge-"));
const clock = { now: Date.now };
const store = await openStore({
  path: join(folder, "test.sqlite"),
  mediaDir: join(folder, "media"),
  clock,
  key: testStateKey,
});
const { pipeline } = createFauxPipeline({
  script: async ({ envelope, finish }) => {
    if (envelope.text === "slow") await new Promise((resolve) => setTimeout(resolve, 300));
    finish(doneOutcome(`you said ${envelope.text}`));
  },
});
const gateway = createGateway({
  pipeline,
  store,
  transcript: createTranscriptWatch(store),
  devices: createTestDevices(store, clock).devices,
  senders: await openTestSenders(store),
  models: { list: () => [], describe: () => undefined, candidates: () => [] },
  sandbox: () => ({ kind: "off", reason: "none here", fix: "none", walls: [] }),
  remote: fauxRemote,
  workspace: noWorkspace,
  transfer: { exportLines: () => none(), importText: () => Promise.reject(new Error("not here")) },
  nodes: fauxRegistry(store),
  clock,
  log: (level, message) => process.stderr.write(`${level} ${message}\n`),
  settings: {
    version: "0.0.0",
    defaultAgentId: "main",
    agents: [{ id: "main", name: "Main" }],
    page: { enabled: true, basePath: "" },
    dangers: [],
    http: { chatCompletions: true, responses: true },
    access: accessOf({ tokenHashes: [sha256(process.argv[2] ?? "")] }),
  },
});
process.once("SIGTERM", () => void stop());
await gateway.listen({ http: [{ fd: 3 }], socket: { fd: 4 } });
process.stdout.write("ready\n");

async function stop(): Promise<void> {
  await gateway.close(2_000);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}

async function* none(): AsyncGenerator<string> {
  yield* [];
}
