// Lines of a child process, whatever it prints: none longer than a log line may be, and no more in a second than a log
// can use. What is over that is counted, not kept.
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { Clock } from "../../base/clock.ts";
import { limits } from "../../base/limits.ts";

export function readLines(stream: Readable, clock: Clock, onLine: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  const second = { startedAt: clock.now(), lines: 0, dropped: 0 };
  let rest = "";

  function pass(line: string): void {
    if (clock.now() - second.startedAt >= 1_000) {
      if (second.dropped > 0) onLine(`${second.dropped} lines were left out: too many in one second`);
      Object.assign(second, { startedAt: clock.now(), lines: 0, dropped: 0 });
    }
    second.lines += 1;
    if (second.lines <= limits.logLinesPerSecondMax) onLine(line);
    else second.dropped += 1;
  }

  stream.on("data", (chunk: Buffer) => {
    const lines = `${rest}${decoder.write(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") pass(line);
    if (rest.length <= limits.logLineMaxBytes) return;
    pass(rest);
    rest = "";
  });
  stream.on("end", () => {
    if (rest !== "") pass(rest);
  });
  // The exit of the child says that its streams are gone.
  stream.on("error", () => undefined);
}
