// Starts the file worker in a bubblewrap of its own and passes frames through, unread, in both directions.
import { Duplex } from "node:stream";
import { createFrameReader, FrameError } from "./frames.ts";
import type { Frame } from "./frames.ts";
import { startRoom } from "./room.ts";
import type { Room, RoomFiles } from "./room.ts";
import type { CellConfiguration, FilesSettings } from "./settings.ts";

export type FilesLauncher = {
  start(generation: number): void;
  kill(): void;
  pass(frame: Buffer): void;
};

type LauncherOptions = {
  readonly configuration: CellConfiguration;
  readonly files: RoomFiles;
  readonly onFrame: (frame: Frame) => void;
  readonly onGone: (generation: number) => void;
};

export function createFilesLauncher(options: LauncherOptions): FilesLauncher {
  const { bounds } = options.configuration;
  let worker: { readonly room: Room; readonly pipe: Duplex } | undefined;

  function start(generation: number): void {
    if (worker !== undefined) return;
    const room = launch(options);
    const { child } = room;
    const pipe = child.stdio[3];
    if (!(pipe instanceof Duplex)) throw new Error("the file worker has no pipe");
    worker = { room, pipe };
    const reader = createFrameReader({ headMaxBytes: bounds.headMaxBytes, bodyMaxBytes: bounds.answerMaxBytes });
    pipe.on("error", () => room.kill());
    pipe.on("data", (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) if (frame.lane === "file") options.onFrame(frame);
      } catch (error) {
        // The worker reads what strangers wrote; one that no longer frames its answers is not listened to.
        if (!(error instanceof FrameError)) throw error;
        room.kill();
      }
    });
    const gone = (): void => {
      if (worker?.room !== room) return;
      worker = undefined;
      options.onGone(generation);
    };
    child.once("error", gone);
    child.once("close", gone);
  }

  return {
    start,
    kill: () => void worker?.room.kill(),
    pass: (frame) => void worker?.pipe.write(frame),
  };
}

function launch({ configuration, files }: LauncherOptions): Room {
  return startRoom(files, {
    argv: [...configuration.node, configuration.filesProgram, JSON.stringify(settingsOf(configuration))],
    options: [],
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
}

function settingsOf({ home, roots, bounds, fileBounds }: CellConfiguration): FilesSettings {
  return { home, roots, headMaxBytes: bounds.headMaxBytes, requestMaxBytes: bounds.requestMaxBytes, fileBounds };
}
