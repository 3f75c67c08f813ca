// A whole message path in a process that is made to be killed: real store, lanes, pipeline and turn runner; a model, a
// tool and a platform that write down what reached them. Arguments: the state folder and a plan as JSON.
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { systemClock } from "../../../src/base/clock.ts";
import type { ModelCall } from "../../../src/model/model.ts";
import { createPipeline } from "../../../src/pipeline/pipeline.ts";
import { compileRules, createPolicy } from "../../../src/policy/policy.ts";
import { openStore } from "../../../src/store/store.ts";
import { openTestAgent } from "../agent.ts";
import { createFauxInspector } from "../dlp/inspector.ts";
import { createScriptedModels } from "../scripted-models.ts";
import type { ScriptedStep } from "../scripted-models.ts";
import { envelopeOf, testStateKey } from "../store.ts";
import { plainSettings } from "./harness.ts";
import { createLoopback } from "./loopback.ts";

export type CrashPlan = {
  readonly idempotentSend: boolean;
  readonly mode: "followup" | "steer";
  /** Never: run until everything is answered. */
  readonly kill:
    | { readonly at: "never" }
    | { readonly at: "checkpoint"; readonly name: string; readonly pass: number }
    /** At an instant of the machine's choosing, unless a call is open then: in that case right after it. */
    | { readonly at: "instant"; readonly afterMs: number }
    | {
        readonly at: "inside";
        readonly call: "model" | "tool" | "send";
        readonly pass: number;
        readonly before: boolean;
      };
};

export type SpooledMessage = { readonly token: string; readonly session: string };

const [folder = "", planText = ""] = process.argv.slice(2);
const plan = JSON.parse(planText) as CrashPlan;

// How many calls are open; the killer thread makes it -1 where it finds none, and from then on nothing begins.
const gate = new Int32Array(new SharedArrayBuffer(4));
const passes = new Map<string, number>();

function die(): never {
  process.kill(process.pid, "SIGKILL");
  return waitForDeath();
}

function waitForDeath(): never {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}

function passed(name: string): number {
  const pass = (passes.get(name) ?? 0) + 1;
  passes.set(name, pass);
  return pass;
}

function enter(): void {
  for (;;) {
    const open = Atomics.load(gate, 0);
    if (open < 0) waitForDeath();
    if (Atomics.compareExchange(gate, 0, open, open + 1) === open) return;
  }
}

function leave(): void {
  Atomics.sub(gate, 0, 1);
}

/** A call that is open already, with its effect somewhere in the middle. */
async function during(name: "model" | "tool" | "send", effect: () => void): Promise<void> {
  const { kill } = plan;
  const doomed = kill.at === "inside" && kill.call === name && passed(`inside ${name}`) === kill.pass;
  if (doomed && kill.before) die();
  effect();
  if (doomed) die();
  await delay(Math.random() * 3);
}

async function call(name: "model" | "tool", effect: () => void): Promise<void> {
  enter();
  await during(name, effect);
  leave();
}

function record(file: string, line: unknown): void {
  const descriptor = openSync(join(folder, file), "a", 0o600);
  writeSync(descriptor, `${JSON.stringify(line)}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** A command for what was asked, then an answer that names it and says how the command ended. */
function answer({ prompt }: ModelCall): ScriptedStep {
  const answered = prompt.findLastIndex(
    ({ role, content }) => role === "assistant" && !JSON.stringify(content).includes('"tool-call"'),
  );
  const asked = prompt.slice(answered + 1);
  const tokens = new Set(JSON.stringify(asked.filter(({ role }) => role === "user")).match(/msg-\d+/g));
  const results = JSON.stringify(asked.filter(({ role }) => role === "tool"));
  const onAsked = (): Promise<void> => call("model", () => undefined);
  const names = [...tokens].join(" ");
  if (results === "[]") return { onAsked, calls: [{ tool: "exec", input: { command: `touch ${names}` } }] };
  return { onAsked, text: `answers ${names} tool ${results.includes("unknown:") ? "unknown" : "known"}` };
}

function startKiller(afterMs: number): void {
  const code = `
    const { workerData } = require("node:worker_threads");
    const gate = new Int32Array(workerData.gate);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerData.afterMs);
    while (Atomics.compareExchange(gate, 0, 0, -1) !== 0);
    process.kill(${process.pid}, "SIGKILL");`;
  const worker = new Worker(code, { eval: true, workerData: { gate: gate.buffer, afterMs } });
  worker.unref();
}

const opened = await openStore({
  path: join(folder, "lorica.sqlite"),
  mediaDir: join(folder, "media"),
  clock: systemClock,
  key: testStateKey,
});
// Taking a reply is where its sending begins: from there until the platform has it, nobody else can know.
const store = {
  ...opened,
  outbox: {
    ...opened.outbox,
    async take(id: string) {
      enter();
      const taken = await opened.outbox.take(id);
      if (!taken) leave();
      return taken;
    },
  },
};
const sandbox = {
  async run(command: string) {
    await call("tool", () => record("effects.jsonl", command));
    return "done";
  },
};
const agent = await openTestAgent({ store, models: createScriptedModels(answer), sandbox });
const policy = createPolicy({ rules: compileRules({ agents: new Map(), cellOff: undefined }), clock: systemClock });
// A platform that drops a second message with the same key, where the channel says so.
const seen = new Set(plan.idempotentSend ? readLines("sends.jsonl").map(({ id }) => id) : []);
const loopback = createLoopback({
  redeem: policy.redeem,
  capabilities: { idempotentSend: plan.idempotentSend },
  async send({ idempotencyKey: id, text }) {
    await during("send", () => {
      if (!seen.has(id)) record("sends.jsonl", { id, text });
      if (plan.idempotentSend) seen.add(id);
    });
    leave();
    return { kind: "sent", platformId: id };
  },
});
const pipeline = createPipeline({
  store,
  runner: agent.runner,
  policy,
  channels: [loopback.definition],
  audit: { record: () => undefined },
  dlp: createFauxInspector(),
  observe: () => undefined,
  clock: systemClock,
  settings: () => ({ ...plainSettings, queue: { mode: plan.mode, byChannel: {} } }),
  report: (id, error) => appendFileSync(join(folder, "reports.log"), `${id} ${String(error)}\n`),
  checkpoint(name) {
    const { kill } = plan;
    if (kill.at !== "checkpoint" || kill.name !== name) return;
    // At a step of one session another may have a call open. A reply just taken is such a call by itself.
    const open = Atomics.load(gate, 0) > 0 && name !== "taken";
    if (!open && passed(name) === kill.pass) die();
  },
});
if (plan.kill.at === "instant") startKiller(plan.kill.afterMs);
await pipeline.start();
// A platform delivers again what was never acknowledged. Here it forgets what was; only the last process that finished
// is long enough ago to be sure of.
for (const { token, session } of readSpool().slice(-30)) {
  const chat = { kind: "direct", id: session } as const;
  await loopback.receive(envelopeOf({ dedupeKey: token, text: token, chat, sender: { id: session, name: session } }));
}
while (pipeline.active().size > 0 || (await isSending())) await delay(2);
process.stdout.write("all answered\n");
process.exit(0);

async function isSending(): Promise<boolean> {
  const open = await Promise.all(
    (["pending", "sending"] as const).map((status) => store.outbox.list({ status, limit: 1 })),
  );
  return open.flat().length > 0;
}

function readSpool(): readonly SpooledMessage[] {
  return JSON.parse(readFileSync(join(folder, "spool.json"), "utf8")) as SpooledMessage[];
}

function readLines(file: string): readonly { readonly id: string }[] {
  const path = join(folder, file);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as { readonly id: string });
}
