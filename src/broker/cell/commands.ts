// The commands of a cell, seen from outside: runs them, bounds what it keeps of them, and knows its background processes
// by ids of its own making.
import type { ProcessControl, ProcessRun } from "../../base/action.ts";
import { newToken } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import type { ControlReply, ControlRequest, ProcessReport, RunResult, StartedProcess } from "../../sandbox/sandbox.ts";
import type { Answer, Calls, Taken } from "./calls.ts";

export type CellCommands = {
  run(run: ProcessRun, onOutput: (text: string) => void, signal: AbortSignal): Promise<RunResult | StartedProcess>;
  control(control: ProcessControl, signal: AbortSignal): Promise<readonly ProcessReport[]>;
  /** False where no such process ran. */
  gone(end: BackgroundEnd): boolean;
  /** The cell is no more, and its background processes with it. */
  end(): void;
  isBusy(): boolean;
};

export type BackgroundEnd = Pick<
  Extract<ControlReply, { kind: "gone" }>,
  "processId" | "end" | "exitCode" | "durationMs"
>;

const killedExitCode = 137;

export function createCellCommands(options: {
  readonly calls: Calls;
  readonly breakOff: (reason: string) => void;
  readonly onGone: (end: BackgroundEnd) => void;
}): CellCommands {
  const { calls, breakOff } = options;
  /** What the model is shown of a command comes from here and not out of the cell. */
  const background = new Map<string, { readonly command: string; running: boolean }>();

  async function runInForeground(
    run: ProcessRun,
    onOutput: (text: string) => void,
    signal: AbortSignal,
  ): Promise<RunResult> {
    const output = createOutput(onOutput);
    // The supervisor keeps time and caps; this is for one that does not.
    const overdue = setTimeout(
      () => breakOff("a command outlived its time limit"),
      run.timeoutMs + limits.cellStartTimeoutMs,
    );
    const take = (answer: Answer, body: Buffer): Taken<RunResult> => {
      if (answer.kind === "output") {
        if (!output.add(body)) breakOff("a command printed more than its limit");
        // Without a byte in it there could be any number of them.
        return body.length > 0 ? { kind: "more" } : undefined;
      }
      if (answer.kind !== "ended") return undefined;
      const { end: kind, exitCode, droppedBytes, durationMs } = answer;
      const value = { kind, exitCode, output: output.finish(), droppedBytes, durationMs: Math.round(durationMs) };
      return { kind: "end", value };
    };
    try {
      return await calls.ask({ request: (call) => ({ kind: "run", call, processId: "", run }), take }, signal);
    } finally {
      output.leave();
      clearTimeout(overdue);
    }
  }

  async function runInBackground(run: ProcessRun, signal: AbortSignal): Promise<StartedProcess> {
    const processId = `p${newToken(3)}`;
    forgetOldest();
    background.set(processId, { command: run.command, running: true });
    try {
      const take = (answer: Answer): Taken<true> =>
        answer.kind === "started" ? { kind: "end", value: true } : undefined;
      await calls.ask({ request: (call) => ({ kind: "run", call, processId, run }), take }, signal);
    } catch (error) {
      if (signal.aborted) endUnseen(processId);
      else background.delete(processId);
      throw error;
    }
    return { kind: "started", processId };
  }

  /** Whoever asked has left before the process had its number, so that nobody could ever end it. */
  function endUnseen(processId: string): void {
    const kill = { request: (call: number) => ({ kind: "kill", call, processId }) as const, take: toReports };
    // Where it never started there is nothing to kill, and nothing will be heard of it.
    calls.ask(kill, new AbortController().signal).catch(() => background.delete(processId));
  }

  /** The supervisor keeps as many; what it has forgotten is not asked for here either. */
  function forgetOldest(): void {
    if (background.size < limits.execBackgroundMax) return;
    const [processId] = [...background].find(([, job]) => !job.running) ?? [];
    if (processId !== undefined) background.delete(processId);
  }

  function toReports(answer: Answer, body: Buffer): Taken<readonly ProcessReport[]> {
    if (answer.kind !== "report") return undefined;
    const output = new TextDecoder().decode(body);
    const value = answer.processes.flatMap(({ processId, state, exitCode, droppedBytes }) => {
      const command = background.get(processId)?.command;
      if (command === undefined) return [];
      return [{ processId, command, state, exitCode: exitCode ?? undefined, output, droppedBytes }];
    });
    return { kind: "end", value };
  }

  return {
    run: (run, onOutput, signal) =>
      run.mode === "foreground" ? runInForeground(run, onOutput, signal) : runInBackground(run, signal),
    control(control, signal) {
      const body = control.operation === "write" ? { body: Buffer.from(control.data) } : {};
      return calls.ask({ request: (call) => toRequest(control, call), ...body, take: toReports }, signal);
    },
    gone(end) {
      const job = background.get(end.processId);
      if (job?.running !== true) return false;
      job.running = false;
      options.onGone(end);
      return true;
    },
    end() {
      for (const [processId, job] of background) {
        if (job.running) options.onGone({ processId, end: "cancelled", exitCode: killedExitCode, durationMs: 0 });
      }
      background.clear();
    },
    isBusy: () => background.values().some((job) => job.running),
  };
}

type Output = { add(chunk: Buffer): boolean; finish(): string; leave(): void };

/** Text as it comes; a character that is cut between two frames waits for its rest. */
function createOutput(onOutput: (text: string) => void): Output {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  let isRead = true;
  const show = (part: string): void => {
    if (!isRead || part === "") return;
    text += part;
    onOutput(part);
  };
  return {
    add(chunk) {
      bytes += chunk.length;
      if (bytes > limits.execOutputMaxBytes) return false;
      show(decoder.decode(chunk, { stream: true }));
      return true;
    },
    finish() {
      show(decoder.decode());
      return text;
    },
    /** What still comes is counted and not kept. */
    leave() {
      isRead = false;
      text = "";
    },
  };
}

function toRequest(control: ProcessControl, call: number): ControlRequest {
  switch (control.operation) {
    case "list":
      return { kind: "list", call };
    case "kill":
      return { kind: "kill", call, processId: control.processId };
    case "write":
      return { kind: "stdin", call, processId: control.processId };
    case "poll":
      return {
        kind: "poll",
        call,
        processId: control.processId,
        waitMs: Math.max(0, Math.min(control.waitMs, limits.execPollWaitMaxMs)),
      };
  }
}
