// The command line without a process: streams in memory, a state directory of its own, and, where asked for, a server on
// its sockets that answers as the test says. Frames and handshake are the product's own.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { runCli } from "../../src/cli/cli.ts";
import type { CliContext, Owner } from "../../src/cli/cli.ts";
import { LoricaError } from "../../src/base/errors.ts";
import { resolvePaths } from "../../src/config/config.ts";
import { errorShape } from "../../src/protocol/failure.ts";
import { ownerSession } from "../../src/protocol/handshake.ts";
import { createLineReader } from "../../src/protocol/lines.ts";
import { scopes } from "../../src/protocol/scopes.ts";
import { createPulse } from "../../src/protocol/server/pulse.ts";
import { createServerConnection } from "../../src/protocol/server.ts";
import type { Call } from "../../src/protocol/server.ts";

export type Ran = { readonly exit: number; readonly stdout: string; readonly stderr: string };

/** Answers one method; what it throws goes to the client as the gateway would send it. */
export type Answer = (params: never, call: Call) => unknown;

export type CommandLine = {
  readonly home: string;
  readonly stateDir: string;
  readonly env: Record<string, string>;
  /** What `context` lacks for this test. */
  readonly overrides: Partial<CliContext>;
  run(words: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Serves `run/<name>` until the end of the test. */
  serve(name: "owner.sock" | "gateway.sock", answers: Readonly<Record<string, Answer>>): Promise<void>;
  close(): Promise<void>;
};

export type RunOptions = {
  readonly input?: string;
  /** A person sits there. */
  readonly terminal?: boolean;
  readonly signal?: AbortSignal;
  /** Called with everything that stdout holds so far, whenever it grows. */
  readonly onOutput?: (text: string) => void;
};

export function createCommandLine(): CommandLine {
  const home = mkdtempSync(join(tmpdir(), "lorica-cli-"));
  const stateDir = join(home, ".openclaw");
  mkdirSync(join(stateDir, "run"), { recursive: true, mode: 0o700 });
  // The home is the program's folder, too.
  for (const folder of ["src", "plugins"]) mkdirSync(join(home, folder));
  writeFileSync(join(home, "package-lock.json"), "{}");
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const env: Record<string, string> = {};
  const overrides: Partial<CliContext> = {};
  return {
    home,
    stateDir,
    env,
    overrides,
    run: (words, options = {}) => run(words, options, { home, env, overrides }),
    async serve(name, answers) {
      servers.push(await serveFrames(join(stateDir, "run", name), answers, sockets));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Serves a unix socket; connections are added to `sockets`, for whoever has to close them. */
export async function serveFrames(
  path: string,
  answers: Readonly<Record<string, Answer>>,
  sockets: Set<Socket> = new Set(),
): Promise<Server> {
  const server = createServer((socket) => {
    sockets.add(socket);
    answerOn(socket, answers);
  });
  // A process that was ended leaves its socket's name behind.
  rmSync(path, { force: true });
  await new Promise<void>((done) => server.listen(path, done));
  chmodSync(path, 0o600);
  return server;
}

async function run(
  words: readonly string[],
  options: RunOptions,
  world: { readonly home: string; readonly env: Record<string, string>; readonly overrides: Partial<CliContext> },
): Promise<Ran> {
  const stdin = new PassThrough();
  const stdout = collect(options.terminal === true);
  const stderr = collect(options.terminal === true);
  stdin.end(options.input ?? "");
  stdout.stream.on("data", () => options.onOutput?.(stdout.text()));
  const context: CliContext = {
    argv: words,
    env: world.env,
    program: "lorica",
    version: "0.0.0-test",
    codeRoot: world.home,
    callerDirectory: undefined,
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    pathsFor: (profile) => resolvePaths({ env: world.env, home: world.home, profile }),
    runBroker: () => Promise.reject(new LoricaError("internal", "this test runs no broker")),
    warmUp: () => Promise.resolve(),
    findGateways: () => Promise.resolve([]),
    openOffline: () => Promise.reject(new LoricaError("internal", "this test has no files")),
    signal: options.signal ?? new AbortController().signal,
    ...world.overrides,
  };
  const exit = await runCli(context);
  return { exit, stdout: stdout.text(), stderr: stderr.text() };
}

function collect(terminal: boolean): { readonly stream: CliContext["stdout"]; text(): string } {
  const chunks: Buffer[] = [];
  const stream = Object.assign(new PassThrough(), terminal ? { isTTY: true, columns: 100 } : {});
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}

function answerOn(socket: Socket, answers: Readonly<Record<string, Answer>>): void {
  const lines = createLineReader(8_388_608);
  const connection = createServerConnection({
    transport: {
      send: (text) => void socket.write(`${text}\n`),
      bufferedBytes: () => socket.writableLength,
      close: () => void socket.end(),
      raiseLimit: () => undefined,
    },
    pulse: createPulse(),
    now: () => 0,
    authorize: () => ownerSession(scopes),
    greet: () => ({
      version: "0.0.0-test",
      features: { methods: Object.keys(answers), events: [] },
      snapshot: { presence: [], health: {}, stateVersion: { presence: 0, health: 0 }, uptimeMs: 0 },
    }),
    dispatch: async (call) => {
      try {
        const answer = answers[call.method];
        if (answer === undefined) throw new LoricaError("invalid_request", `unknown method: ${call.method}`);
        return { payload: await answer(call.params as never, call) };
      } catch (error) {
        return { failed: errorShape(error, "error-1"), payload: undefined };
      }
    },
  });
  socket.on("data", (chunk: Buffer) => {
    for (const line of lines.push(chunk)) if (line.ok) connection.receive(line.value);
  });
  socket.on("close", () => connection.closed());
  socket.on("error", () => undefined);
}

/** The owner's methods on files, as a test says they answer. */
export function fauxOffline(answers: Readonly<Record<string, (params: never) => unknown>>): CliContext["openOffline"] {
  return async (): Promise<Owner> => ({
    running: false,
    call: async (method, params) => answers[method]?.(params as never),
    close: () => Promise.resolve(),
  });
}

/** Answers, and writes down what was asked. An error is thrown, a function called. */
export function createRecorder(): {
  readonly called: [method: string, params: unknown][];
  answering(method: string, answer: unknown): (params: unknown) => unknown;
} {
  const called: [method: string, params: unknown][] = [];
  return {
    called,
    answering: (method, answer) => (params) => {
      called.push([method, params]);
      if (answer instanceof Error) throw answer;
      return typeof answer === "function" ? (answer as (params: unknown) => unknown)(params) : answer;
    },
  };
}
