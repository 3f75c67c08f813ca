// What a turn costs on top of its model: the same client asks the model server directly and through the gateway, in
// the same run, and the difference is what Lorica adds.
import { configFor, figure, percentile, removeHome, startGateway, startInstantModel, turn } from "./harness.ts";

const oneAtATime = 200;
const openLoop = { turns: 400, perSecond: 20, sessions: 32 };
const saturation = { turns: 1_500, clients: 64 };
const longSession = 500;
const pairs = 60;
const busyPauseMs = 20;

const model = await startInstantModel();
const gateway = await startGateway({ config: configFor(model.baseUrl) });
const direct = await measureDirect();
await measureSequential();
await measureOpenLoop();
await measureSaturation();
await measureLongSession();
await gateway.stop();
await model.close();
removeHome(gateway.home);

async function measureDirect(): Promise<number> {
  const times = await repeat(oneAtATime, async () => {
    const response = await fetch(`${model.baseUrl}/chat/completions`, { method: "POST", body: "{}" });
    await response.text();
  });
  figure("the model alone, p50", [percentile(times, 0.5), "ms"]);
  return percentile(times, 0.5);
}

async function measureSequential(): Promise<void> {
  await repeat(50, () => turn(gateway, "warm-up", "hello"));
  const times = await repeat(oneAtATime, (index) => turn(gateway, `one-${index % 16}`, "hello"));
  figure("added by a turn, one at a time, p50", [percentile(times, 0.5) - direct, "ms"], { atMost: 8 });
  figure("added by a turn, one at a time, p95", [percentile(times, 0.95) - direct, "ms"], { atMost: 20 });
}

/** Starts turns on a clock, whether or not earlier ones are back, so that a stall shows. */
async function measureOpenLoop(): Promise<void> {
  const times: number[] = [];
  const running: Promise<void>[] = [];
  const begun = performance.now();
  for (let index = 0; index < openLoop.turns; index++) {
    const due = begun + (index * 1_000) / openLoop.perSecond;
    await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
    running.push(timedTurn(`open-${index % openLoop.sessions}`, due, times));
  }
  await Promise.all(running);
  figure("added at 20 turns/s over 32 sessions, p95", [percentile(times, 0.95) - direct, "ms"], { atMost: 40 });
}

async function timedTurn(session: string, due: number, times: number[]): Promise<void> {
  await turn(gateway, session, "hello");
  times.push(performance.now() - due);
}

async function measureSaturation(): Promise<void> {
  const begun = performance.now();
  let next = 0;
  const client = async (_: unknown, session: number): Promise<void> => {
    while (next < saturation.turns) {
      next += 1;
      await patientTurn(`full-${session}`);
    }
  };
  await Promise.all(Array.from({ length: saturation.clients }, client));
  const perSecond = (saturation.turns * 1_000) / (performance.now() - begun);
  figure("turns per second at saturation", [perSecond, "turns/s"], { atLeast: 150 });
}

/** The fifth turns of young sessions between turns around the 500th of an old one, so that both find the same process. */
async function measureLongSession(): Promise<void> {
  await repeat(longSession - pairs / 2, () => turn(gateway, "long", "hello"));
  const [early, late]: [number[], number[]] = [[], []];
  for (let pair = 0; pair < pairs; pair++) {
    await repeat(4, () => turn(gateway, `young-${pair}`, "hello"));
    early.push(...(await repeat(1, () => turn(gateway, `young-${pair}`, "hello"))));
    late.push(...(await repeat(1, () => turn(gateway, "long", "hello"))));
  }
  const [fifth, fiveHundredth] = [percentile(early, 0.5), percentile(late, 0.5)];
  figure("turn 5 of a session, p50", [fifth, "ms"]);
  figure("turn 500 of a session against turn 5", [fiveHundredth / fifth, "×"], { atMost: 1.3 });
}

/** At saturation the gateway says 429 rather than queue for long; a client waits and asks again. */
async function patientTurn(session: string): Promise<void> {
  for (;;) {
    try {
      await turn(gateway, session, "hello");
      return;
    } catch (error) {
      if (!String(error).includes("429")) throw error;
      await new Promise((done) => setTimeout(done, busyPauseMs));
    }
  }
}

async function repeat(times: number, run: (index: number) => Promise<unknown>): Promise<number[]> {
  const measured: number[] = [];
  for (let index = 0; index < times; index++) {
    const begun = performance.now();
    await run(index);
    measured.push(performance.now() - begun);
  }
  return measured;
}
