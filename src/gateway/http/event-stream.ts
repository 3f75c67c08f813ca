// Server-sent events as clients of OpenAI's API read them.
import type { ServerResponse } from "node:http";
import { limits } from "../../base/limits.ts";
import { securityHeaders } from "./answer.ts";

export type EventStream = {
  /** One event; `name` where the API has named ones. */
  send(data: unknown, name?: string): void;
  /** The sentinel that clients stop at. */
  done(): void;
  end(): void;
};

export function openEventStream(res: ServerResponse, commentIntervalMs: number): EventStream {
  res.writeHead(200, {
    ...securityHeaders,
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  });
  res.flushHeaders();
  // While a tool works nothing comes for minutes, and proxies cut what is silent.
  const comments = setInterval(() => write(": working\n\n"), commentIntervalMs);
  res.once("close", () => clearInterval(comments));

  function write(text: string): void {
    if (res.destroyed || res.writableEnded) return;
    // A reader that has stopped reading: closing also cancels its run.
    if (res.writableLength > limits.frameBufferedMaxBytes) return void res.destroy();
    res.write(text);
  }

  return {
    send(data, name) {
      write(`${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
    },
    done: () => write("data: [DONE]\n\n"),
    end() {
      clearInterval(comments);
      res.end();
    },
  };
}
