// A gateway with real doors and a real store over the faux pipeline, on a port and a socket of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { sha256 } from "../../src/base/ids.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import type { EdgeDeps, GatewaySettings } from "../../src/gateway/gateway.ts";
import type { ModelInfo } from "../../src/model/model.ts";
import { createClientConnection } from "../../src/protocol/client.ts";
import type { EventFrame } from "../../src/protocol/frames.ts";
import { createLineReader } from "../../src/protocol/lines.ts";
import { createTranscriptWatch } from "../../src/session/session.ts";
import { openStore } from "../../src/store/store.ts";
import { createTestDevices } from "./pairing/devices.ts";
import { openTestSenders } from "./pairing/senders.ts";
import { fauxRemote, noWorkspace } from "./gateway/remote.ts";
import { accessOf } from "./gateway/access.ts";
import { createFauxPipeline } from "./pipeline.ts";
import type { Script } from "./pipeline.ts";
import { fauxRegistry } from "./nodes/nodes.ts";
import { testStateKey } from "./store.ts";

export const token = "0123456789abcdef0123456789abcdef";

const model: ModelInfo = {
  provider: "faux",
  id: "one",
  name: "Faux One",
  contextTokens: 8_000,
  outputTokensMax: 1_000,
  reasoning: false,
  images: true,
  cost: null,
};

const settings: GatewaySettings = {
  version: "0.0.0",
  defaultAgentId: "main",
  agents: [
    { id: "main", name: "Main" },
    { id: "beta", name: "Beta" },
  ],
  page: { enabled: true, basePath: "" },
  dangers: [],
  http: { chatCompletions: true, responses: true },
  access: accessOf({ tokenHashes: [sha256(token)], hostNames: ["lorica.example"] }),
};

export type LogLine = { readonly level: string; readonly message: string; readonly fields: Record<string, unknown> };

/** Closed and removed when the test ends, however it ends. */
export async function openEdge(
  t: TestContext,
  options: {
    readonly script?: Script;
    readonly settings?: Partial<GatewaySettings>;
    readonly bounds?: NonNullable<Parameters<typeof createGateway>[0]["bounds"]>;
    readonly now?: () => number;
    readonly callTool?: EdgeDeps["callTool"];
    readonly remote?: Partial<EdgeDeps["remote"]>;
  } & Partial<Pick<EdgeDeps, "transfer" | "workspace" | "webhookFor">> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "lorica-edge-"));
  const clock = { now: options.now ?? Date.now };
  const transcript = createTranscriptWatch(
    await openStore({ path: join(folder, "test.sqlite"), mediaDir: join(folder, "media"), clock, key: testStateKey }),
  );
  const { store } = transcript;
  const faux = createFauxPipeline({ store, ...(options.script === undefined ? {} : { script: options.script }) });
  const log: LogLine[] = [];
  const { devices } = createTestDevices(store, clock);
  const senders = await openTestSenders(store);
  const gateway = createGateway({
    pipeline: faux.pipeline,
    store,
    transcript,
    devices,
    senders,
    models: {
      list: () => [model],
      describe: (ref) => (ref === "faux/one" ? model : undefined),
      candidates: () => ["faux/one"],
    },
    sandbox: () => ({ kind: "off", reason: "bubblewrap is missing", fix: "apt install bubblewrap", walls: [] }),
    transfer: options.transfer ?? noTransfer,
    callTool: options.callTool,
    remote: { ...fauxRemote, ...options.remote },
    workspace: options.workspace ?? noWorkspace,
    webhookFor: options.webhookFor,
    nodes: fauxRegistry(store),
    clock,
    log: (level, message, fields) => log.push({ level, message, fields }),
    settings: { ...settings, ...options.settings },
    bounds: options.bounds ?? {},
  });
  const socketPath = join(folder, "gateway.sock");
  const { http: listening } = await gateway.listen({
    http: [{ host: "127.0.0.1", port: 0 }],
    socket: { path: socketPath },
  });
  t.after(async () => {
    await gateway.close(0);
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...faux,
    store,
    devices,
    log,
    gateway,
    socketPath,
    port: listening[0]?.port ?? 0,
    url: `http://127.0.0.1:${listening[0]?.port}`,
    configure: (change: Partial<GatewaySettings>) => gateway.configure({ ...settings, ...options.settings, ...change }),
    connect: (scopes: readonly string[] = ["operator.admin"], caps: readonly string[] = ["tool-events"]) =>
      connectClient(socketPath, { scopes, caps }),
  };
}

/** A real client on the real socket. */
export async function connectClient(
  path: string,
  info: { readonly scopes: readonly string[]; readonly caps: readonly string[] },
) {
  const socket = connect(path);
  const events: EventFrame[] = [];
  const client = createClientConnection({
    send: (text) => socket.write(`${text}\n`),
    info: { version: "0", platform: "linux", ...info },
    onEvent: (event) => events.push(event),
  });
  const reader = createLineReader(10_000_000);
  socket.on("data", (chunk) => {
    for (const line of reader.push(chunk)) if (line.ok) client.receive(line.value);
  });
  socket.on("error", (error) => client.closed(error));
  socket.on("close", () => client.closed(new Error("the gateway closed the connection")));
  const hello = await client.hello;
  return { hello, events, request: client.request, socket, end: () => socket.destroy() };
}

const noTransfer: EdgeDeps["transfer"] = {
  // oxlint-disable-next-line require-yield
  async *exportLines() {
    throw new Error("nothing to export here");
  },
  importText: () => Promise.reject(new Error("nothing to import to here")),
};
