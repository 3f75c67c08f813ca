// Starts the file worker in a bubblewrap of its own and passes frames through, unread, in both directions.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { Duplex } from "node:stream";
import { createFrameReader, FrameError } from "./frames.ts";
import type { Frame } from "./frames.ts";
import type { CellConfiguration, FilesSettings } from "./settings.ts";

export type FilesLauncher = {
  start(generation: number): void;
  kill(): void;
  pass(frame: Buffer): void;
};

export function createFilesLauncher(options: {
  readonly configuration: CellConfiguration;
  readonly profile: string;
  readonly filter: string;
  readonly onFrame: (frame: Frame) => void;
  readonly onGone: (generation: number) => void;
}): FilesLauncher {
  const { bounds } = options.configuration;
  let worker: { readonly child: ChildProcess; readonly pipe: Duplex } | undefined;

  function start(generation: number): void {
    if (worker !== undefined) return;
    const child = launch(options);
    const pipe = child.stdio[3];
    if (!(pipe instanceof Duplex)) throw new Error("the file worker has no pipe");
    worker = { child, pipe };
    const reader = createFrameReader({ headMaxBytes: bounds.headMaxBytes, bodyMaxBytes: bounds.answerMaxBytes });
    pipe.on("error", () => child.kill("SIGKILL"));
    pipe.on("data", (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) if (frame.lane === "file") options.onFrame(frame);
      } catch (error) {
        // The worker reads what strangers wrote; one that no longer frames its answers is not listened to.
        if (!(error instanceof FrameError)) throw error;
        child.kill("SIGKILL");
      }
    });
    const gone = (): void => {
      if (worker?.child !== child) return;
      worker = undefined;
      options.onGone(generation);
    };
    child.once("error", gone);
    child.once("close", gone);
  }

  return {
    start,
    kill: () => void worker?.child.kill("SIGKILL"),
    pass: (frame) => void worker?.pipe.write(frame),
  };
}

function launch(options: {
  readonly configuration: CellConfiguration;
  readonly profile: string;
  readonly filter: string;
}): ChildProcess {
  const { bwrap, node, filesProgram } = options.configuration;
  const profile = openSync(options.profile, "r");
  const filter = openSync(options.filter, "r");
  try {
    const argv = [...node, filesProgram, JSON.stringify(settingsOf(options.configuration))];
    return spawn(bwrap, ["--args", "4", "--seccomp", "5", "--", ...argv], {
      env: {},
      cwd: "/",
      stdio: ["ignore", "ignore", "inherit", "pipe", profile, filter],
    });
  } finally {
    closeSync(profile);
    closeSync(filter);
  }
}

function settingsOf({ home, bounds, fileBounds }: CellConfiguration): FilesSettings {
  return { home, headMaxBytes: bounds.headMaxBytes, requestMaxBytes: bounds.requestMaxBytes, fileBounds };
}
