// The first program of a cell. It holds the session's namespaces open, starts what the broker asks for in rooms of their
// own, and ends with the broker's pipe; with it ends everything in the cell. It decides nothing.
import { writeFileSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { createCommands } from "./commands.ts";
import type { Commands } from "./commands.ts";
import { createFilesLauncher } from "./files-launcher.ts";
import type { FilesLauncher } from "./files-launcher.ts";
import { createFrameReader, encodeFrame, packFrame, parseHead } from "./frames.ts";
import type { Frame } from "./frames.ts";
import type { CellConfiguration, ControlReply, ControlRequest } from "./settings.ts";

const linkFd = 3;
/** Before the configuration says better: that first frame holds two profiles and a filter. */
const firstBounds = { headMaxBytes: 262_144, bodyMaxBytes: 8_388_608 };

type Room = { readonly commands: Commands; readonly files: FilesLauncher };

const link = new Socket({ fd: linkFd, readable: true, writable: true });
const reader = createFrameReader(firstBounds);
let room: Room | undefined;

preferToBeKilled();
const handedOver = handOver();
link.on("data", (chunk: Buffer) => {
  for (const frame of reader.push(chunk)) take(frame);
});
// Nothing in a cell outlives the one who asked for it.
link.on("error", () => process.exit(0));
link.on("close", () => process.exit(0));

function take(frame: Frame): void {
  if (frame.lane === "file") return room?.files.pass(packFrame(frame));
  // The broker checked what it sends; this side only has to be told apart from a stranger by holding the pipe.
  const request = parseHead(frame) as unknown as ControlRequest;
  if (request.kind === "configure") {
    room = createRoom(request.configuration, frame.body);
    return void handedOver.then(() => reply({ kind: "ready" }));
  }
  if (room === undefined) throw new Error("a request before the configuration");
  obey(room, request, frame.body);
}

function obey(room: Room, request: Exclude<ControlRequest, { kind: "configure" }>, body: Buffer): void {
  switch (request.kind) {
    case "run":
      return room.commands.run(request);
    case "cancel":
      return room.commands.cancel(request.call);
    case "list":
      return room.commands.list(request);
    case "poll":
      return room.commands.poll(request);
    case "stdin":
      return room.commands.write(request, body);
    case "kill":
      return room.commands.kill(request);
    case "start_files":
      return room.files.start(request.generation);
    case "kill_files":
      return room.files.kill();
  }
}

function createRoom(configuration: CellConfiguration, filter: Buffer): Room {
  const paths = {
    command: `${configuration.privateDir}/command.args`,
    files: `${configuration.privateDir}/files.args`,
    filter: `${configuration.privateDir}/filter.bpf`,
  };
  // Files, opened anew for each start: cheaper than two pipes, and no command shares a position in them.
  writeFileSync(paths.command, joinOptions(configuration.commandProfile));
  writeFileSync(paths.files, joinOptions(configuration.filesProfile));
  writeFileSync(paths.filter, filter);
  return {
    commands: createCommands({
      files: { bwrap: configuration.bwrap, profile: paths.command, filter: paths.filter },
      bounds: configuration.bounds,
      reply,
    }),
    files: createFilesLauncher({
      configuration,
      files: { bwrap: configuration.bwrap, profile: paths.files, filter: paths.filter },
      onFrame: (frame) => link.write(packFrame(frame)),
      onGone: (generation) => reply({ kind: "files_gone", generation }),
    }),
  };
}

function joinOptions(options: readonly string[]): string {
  return options.map((option) => `${option}\0`).join("");
}

function reply(reply: ControlReply, body?: Buffer): void {
  link.write(encodeFrame("control", reply, body));
}

/**
 * Where the cell has a way out: opens its listener, gives it to the broker, and is without both listener and channel
 * before anything else can run here. The broker ends the channel when it has what it came for.
 */
async function handOver(): Promise<void> {
  if (process.send === undefined) return;
  const listener = createServer();
  listener.once("error", (error) => process.exit(fail(error)));
  await new Promise<void>((resolve) => {
    // Node tells of the end of a channel only where nothing that it sent waits for an answer, and none is given here.
    const untilClosed = (): void => void (process.connected ? setTimeout(untilClosed, 1) : resolve());
    listener.listen(3_128, "127.0.0.1", () => {
      process.send?.("listener", listener, {}, () => {
        listener.close();
        untilClosed();
      });
    });
  });
}

function fail(error: unknown): number {
  process.stderr.write(`supervisor: no listener: ${String(error)}\n`);
  return 70;
}

/** When memory runs out, a command must go before the broker does. A kernel that will not take it changes nothing. */
function preferToBeKilled(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "800");
  } catch (error) {
    process.stderr.write(`supervisor: the out-of-memory score stays as it is: ${String(error)}\n`);
  }
}
