// The commands of one session: foreground ones stream until they end, background ones keep what they print until asked.
import { startCommand } from "./command.ts";
import type { Command, CommandEnd } from "./command.ts";
import { createOutputBuffer } from "./output-buffer.ts";
import type { OutputBuffer } from "./output-buffer.ts";
import type { RoomFiles } from "./room.ts";
import type { CellBounds, ControlReply, ControlRequest, ProcessState } from "./settings.ts";

type Request<K extends ControlRequest["kind"]> = Extract<ControlRequest, { readonly kind: K }>;

type Background = {
  readonly processId: string;
  readonly command: Command;
  readonly output: OutputBuffer;
  end: CommandEnd | undefined;
  /** Resolves when `end` is set. */
  gone: Promise<void>;
  /** Polls that wait for output or the end. */
  readonly waiting: Set<() => void>;
};

export type Commands = {
  run(request: Request<"run">): void;
  list(request: Request<"list">): void;
  poll(request: Request<"poll">): void;
  write(request: Request<"stdin">, data: Buffer): void;
  kill(request: Request<"kill">): void;
  cancel(call: number): void;
};

export type Reply = (reply: ControlReply, body?: Buffer) => void;

export function createCommands(options: {
  readonly files: RoomFiles;
  readonly bounds: CellBounds;
  readonly reply: Reply;
}): Commands {
  const { files, bounds, reply } = options;
  const foreground = new Map<number, Command>();
  const background = new Map<string, Background>();
  const polls = new Map<number, () => void>();

  function runInForeground({ call, run }: Request<"run">): void {
    if (foreground.size >= bounds.foregroundMax)
      return full(call, `${bounds.foregroundMax} commands run already; wait for one to end`);
    let sentBytes = 0;
    let droppedBytes = 0;
    const command = startCommand(run, files, (chunk) => {
      const room = Math.max(0, bounds.outputMaxBytes - sentBytes);
      const part = chunk.subarray(0, room);
      sentBytes += part.length;
      droppedBytes += chunk.length - part.length;
      if (part.length > 0) reply({ kind: "output", call }, part);
      if (droppedBytes > 0) command.kill("output_capped");
    });
    foreground.set(call, command);
    command.ended
      .then((end) => reply({ kind: "ended", call, droppedBytes, ...end }))
      .catch((error: unknown) => unstartable(call, error))
      .finally(() => foreground.delete(call));
  }

  function runInBackground({ call, processId, run }: Request<"run">): void {
    if (!makeRoom()) return full(call, `${bounds.backgroundMax} background processes run already; kill one first`);
    const output = createOutputBuffer(bounds.backgroundBufferBytes);
    const command = startCommand(run, files, (chunk) => {
      output.add(chunk);
      wake(job);
    });
    const job: Background = {
      processId,
      command,
      output,
      end: undefined,
      gone: Promise.resolve(),
      waiting: new Set(),
    };
    background.set(processId, job);
    reply({ kind: "started", call });
    job.gone = command.ended
      .catch((error: unknown): CommandEnd => {
        output.add(Buffer.from(`cannot start: ${String(error)}\n`));
        return { end: "exited", exitCode: 126, durationMs: 0 };
      })
      .then((end) => {
        job.end = end;
        wake(job);
        reply({ kind: "gone", processId, ...end });
      });
    job.gone.catch(fatal);
  }

  /** The oldest process that has ended gives way; one that runs never does. */
  function makeRoom(): boolean {
    if (background.size < bounds.backgroundMax) return true;
    const ended = [...background.values()].find((job) => job.end !== undefined);
    if (ended !== undefined) background.delete(ended.processId);
    return ended !== undefined;
  }

  function report(call: number, job: Background): void {
    const { output, droppedBytes } = job.output.take();
    reply({ kind: "report", call, processes: [stateOf(job, droppedBytes)] }, output);
  }

  function find(call: number, processId: string): Background | undefined {
    const job = background.get(processId);
    if (job === undefined)
      reply({ kind: "failed", call, code: "not_found", message: `no background process ${processId}` });
    return job;
  }

  /** Answers at once where there is something to say, else at the first output, the end, or after `waitMs`. */
  function waitAndReport(call: number, job: Background, waitMs: number): void {
    if (waitMs <= 0 || job.end !== undefined || job.output.bytes > 0) return report(call, job);
    const timer = setTimeout(finish, waitMs);
    job.waiting.add(finish);
    polls.set(call, cancel);
    function cancel(): void {
      forget();
      // Its output stays for whoever asks next.
      reply({ kind: "failed", call, code: "conflict", message: "cancelled" });
    }
    function forget(): void {
      clearTimeout(timer);
      job.waiting.delete(finish);
      polls.delete(call);
    }
    function finish(): void {
      forget();
      report(call, job);
    }
  }

  function full(call: number, message: string): void {
    reply({ kind: "failed", call, code: "overloaded", message });
  }

  function unstartable(call: number, error: unknown): void {
    reply({ kind: "failed", call, code: "overloaded", message: `the command could not be started: ${String(error)}` });
  }

  return {
    run(request) {
      try {
        if (request.run.mode === "foreground") runInForeground(request);
        else runInBackground(request);
      } catch (error) {
        unstartable(request.call, error);
      }
    },
    list({ call }) {
      const processes = [...background.values()].map((job) => stateOf(job, 0));
      reply({ kind: "report", call, processes });
    },
    poll({ call, processId, waitMs }) {
      const job = find(call, processId);
      if (job !== undefined) waitAndReport(call, job, waitMs);
    },
    write({ call, processId }, data) {
      const job = find(call, processId);
      if (job === undefined) return;
      const written = job.end === undefined ? job.command.write(data, bounds.stdinUnreadMaxBytes) : "gone";
      if (written === "full") return full(call, `${processId} does not read its input; nothing was written`);
      if (written === "gone")
        return reply({ kind: "failed", call, code: "conflict", message: `${processId} reads no input any more` });
      reply({ kind: "report", call, processes: [stateOf(job, 0)] });
    },
    kill({ call, processId }) {
      const job = find(call, processId);
      if (job === undefined) return;
      job.command.kill("cancelled");
      job.gone.then(() => report(call, job)).catch(fatal);
    },
    cancel(call) {
      foreground.get(call)?.kill("cancelled");
      polls.get(call)?.();
    },
  };
}

function stateOf(job: Background, droppedBytes: number): ProcessState {
  const state = job.end === undefined ? "running" : "exited";
  return { processId: job.processId, state, exitCode: job.end?.exitCode ?? null, droppedBytes };
}

function wake(job: Background): void {
  for (const finish of job.waiting) finish();
}

/** A supervisor that does not know its own state must not go on. */
function fatal(error: unknown): never {
  process.stderr.write(`supervisor: ${String(error)}\n`);
  process.exit(70);
}
