// The broker's services over a link, without a broker: what is asked for, what arrives, and what is written down about it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import type { TestContext } from "node:test";
import { silentLog } from "../../../src/audit/audit.ts";
import type { AuditRecord } from "../../../src/audit/audit.ts";
import type { Action } from "../../../src/base/action.ts";
import { LoricaError } from "../../../src/base/errors.ts";
import { owner } from "../../../src/base/principal.ts";
import { openBrokerLink } from "../../../src/broker/client.ts";
import { createLink } from "../../../src/broker/link/link.ts";
import type { BrokerVerb } from "../../../src/broker/serve/action.ts";
import { createServices } from "../../../src/broker/serve/services.ts";
import type { Guard } from "../../../src/broker/serve/services.ts";
import type { OutgoingRequest } from "../../../src/egress/route/route.ts";
import { compileRules, createPolicy } from "../../../src/policy/policy.ts";
import type { Cells } from "../../../src/sandbox/sandbox.ts";

export const never = new AbortController().signal;
export const common = {
  agentId: "main",
  sessionKey: "s",
  principal: owner,
  label: { integrity: "owner", readers: ["owner"] },
} as const;
export const run: Action<"process.run"> = {
  ...common,
  verb: "process.run",
  resource: { command: "make", cwd: ".", timeoutMs: 1_000, terminal: "none", mode: "foreground" },
};
export const read: Action<"file.read"> = {
  ...common,
  verb: "file.read",
  resource: { operation: "read", path: "a", offset: 0, lines: 10 },
};
export const request: Action<"model.request"> = {
  ...common,
  verb: "model.request",
  resource: { provider: "p", method: "POST", url: "https://p.example/v1/chat" },
};

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "lorica-workspace-"));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function setUp(context: TestContext, change: Partial<Cells> = {}, guards: readonly Guard[] = []) {
  const [near, far] = duplexPair();
  const [records, refusals]: [AuditRecord[], AuditRecord[]] = [[], []];
  const outgoing: (OutgoingRequest & { text: string })[] = [];
  const unused = (): Promise<never> => Promise.reject(new LoricaError("unavailable", "no cell"));
  const workspace = folder(context);
  const agents = new Map([["main", { workspace, access: "rw" } as const]]);
  const cells: Cells = {
    status: () => ({ kind: "verified", walls: [] }),
    workspaceOf: () => ({ ok: true, value: workspace }),
    run: unused,
    control: unused,
    read: unused,
    write: unused,
    close: async () => undefined,
    ...change,
  };
  const services = createServices({
    more: {},
    guards,
    ceiling: () => ({ agents, providers: new Map(), channels: new Map() }),
    egress: {
      async fetch(sent, _signal) {
        let text = "";
        for await (const chunk of sent.body ?? []) text += Buffer.from(chunk).toString();
        outgoing.push({ ...sent, text });
        return { status: 201, headers: { "x-a": "b" }, body: chunks("data: 1\n\n", "data: 2\n\n") };
      },
      close: async () => undefined,
    },
    cells,
    audit: { record: (record) => records.push(record) },
    brokerAudit: { record: (record) => refusals.push(record) },
    log: silentLog,
    clock: { now: () => 0 },
  });
  const broker = createLink({
    stream: far,
    side: "broker",
    ...services,
    onInternalError: (error) => assert.fail(String(error)),
  });
  const calls: unknown[] = [];
  const link = openBrokerLink(near, {
    start: async (settings) => void calls.push(["start", settings]),
    configure: async (settings) => void calls.push(["configure", settings]),
    stop: async (graceMs) => void calls.push(["stop", graceMs]),
    offer: (code) => void calls.push(["offer", code]),
    answer: async (...asked) => asked,
    hear: (name, params) => void calls.push([name, params]),
    onInternalError: (error) => assert.fail(String(error)),
  });
  context.after(() => {
    link.close("test");
    broker.close("test");
  });
  const policy = createPolicy({
    rules: [
      { name: "test", judge: (action) => ({ kind: "allow", rule: action.verb }) },
      ...compileRules({ agents: new Map(), cellOff: undefined }),
    ],
    clock: { now: () => 0 },
  });
  function grant<V extends BrokerVerb>(action: Action<V>) {
    const decision = policy.decide(action);
    assert.ok(decision.kind === "allow");
    return decision.grant;
  }
  return { link, broker, policy, grant, records, refusals, outgoing, workspace, calls };
}

export async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
