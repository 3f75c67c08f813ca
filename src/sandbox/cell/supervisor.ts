// The first program of a cell. It holds the session's namespaces open, starts what the broker asks for in rooms of their
// own, and ends with the broker's pipe; with it ends everything in the cell. It decides nothing.
import { writeFileSync } from "node:fs";
import { Socket } from "node:net";
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
    return reply({ kind: "ready" });
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

/** When memory runs out, a command must go before the broker does. A kernel that will not take it changes nothing. */
function preferToBeKilled(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "800");
  } catch (error) {
    process.stderr.write(`supervisor: the out-of-memory score stays as it is: ${String(error)}\n`);
  }
}
