// Keeps one gateway process alive: starts it, starts it again with growing pauses when it dies, and ends it in order.
import { rmSync } from "node:fs";
import type { Duplex } from "node:stream";
import type { Log, LogLevel } from "../../audit/audit.ts";
import type { Clock } from "../../base/clock.ts";
import { LoricaError } from "../../base/errors.ts";
import { limits } from "../../base/limits.ts";
import { sleep } from "../../base/wait.ts";
import type { ListenAddress } from "../../network/network.ts";
import type { Link } from "../link/link.ts";
import { beginServing, launchGateway, tryConfinement } from "./launch.ts";
import type { Confinement, Launched, Running } from "./launch.ts";
import { readLines } from "./lines.ts";
import type { GatewayFolders } from "./profile.ts";

export type GatewayState = "starting" | "running" | "restarting" | "stopping" | "stopped";

export type GatewayStatus = {
  readonly state: GatewayState;
  readonly pid: number | undefined;
  readonly restarts: number;
  readonly confinement: Confinement;
  /** What it listens on; empty where it does not run. */
  readonly addresses: readonly ListenAddress[];
};

export type GatewayProcess = {
  /** Returns once the gateway serves. */
  start(): Promise<void>;
  status(): GatewayStatus;
  /** The link to the process that serves now. */
  link(): Link | undefined;
  /** Ends the process, running turns first, and starts another. */
  restart(graceMs: number): Promise<void>;
  /** Lets running turns end within `graceMs`, then ends the process in any case. */
  stop(graceMs: number): Promise<void>;
};

export type GatewayProcessOptions = {
  readonly folders: GatewayFolders;
  readonly bwrap: string | undefined;
  readonly argv: readonly string[];
  readonly socketPath: string;
  readonly listen: () => readonly ListenAddress[];
  readonly openLink: (stream: Duplex) => Link;
  /** The first message on the link; made anew for each process. */
  readonly settings: (status: GatewayStatus) => Promise<unknown>;
  readonly onLine: (line: string, fallback: LogLevel) => void;
  /** Awaited before it is started again. `deaths` are those in a row. */
  readonly onDeath?: ((end: string, deaths: number) => Promise<void>) | undefined;
  /** Called when it died too often to be started again. */
  readonly onGiveUp: (error: LoricaError) => void;
  readonly log: Log;
  readonly clock: Clock;
  /** A first process that was launched, confined, while everything else was still being put together. */
  readonly launched?: Launched | undefined;
};

export function createGatewayProcess(options: GatewayProcessOptions): GatewayProcess {
  const keeper = new Keeper(options);
  return {
    start: () => keeper.start(),
    status: () => keeper.status(),
    link: () => keeper.link(),
    restart: (graceMs) => keeper.restart(graceMs),
    stop: (graceMs) => keeper.stop(graceMs),
  };
}

class Keeper {
  readonly #options: GatewayProcessOptions;
  #confinement: Confinement;
  #state: GatewayState = "stopped";
  #running: Running | undefined;
  #restarts = 0;
  /** This host can confine: a later failure has another reason, and must not cost the walls. */
  #isProven = false;
  /** Deaths in a row, none of them after a stable life. */
  #failures = 0;
  #launched: Launched | undefined;
  /** Ends the wait for the next attempt. */
  #waiting = new AbortController();

  constructor(options: GatewayProcessOptions) {
    this.#options = options;
    this.#confinement = firstConfinement(options.bwrap);
    this.#launched = options.launched;
  }

  status(): GatewayStatus {
    return {
      state: this.#state,
      pid: this.#running?.child.pid,
      restarts: this.#restarts,
      confinement: this.#confinement,
      addresses: this.#running?.addresses ?? [],
    };
  }

  link(): Link | undefined {
    return this.#state === "running" ? this.#running?.link : undefined;
  }

  async start(): Promise<void> {
    this.#state = "starting";
    this.#waiting = new AbortController();
    try {
      await this.#launchOrUnconfine();
      this.#state = "running";
    } catch (error) {
      this.#state = "stopped";
      throw error;
    }
  }

  async restart(graceMs: number): Promise<void> {
    await this.stop(graceMs);
    this.#restarts += 1;
    this.#failures = 0;
    await this.start();
  }

  async stop(graceMs: number): Promise<void> {
    this.#waiting.abort();
    this.#state = "stopping";
    if (this.#running !== undefined) await endInOrder(this.#running, graceMs, this.#options.log);
    this.#end();
  }

  #end(): void {
    this.#state = "stopped";
    // The gateway listens on it by descriptor, and cannot reach its name.
    rmSync(this.#options.socketPath, { force: true });
  }

  /** Whether this host can confine at all is found out only when a start fails: trying it first would cost every start. */
  async #launchOrUnconfine(): Promise<void> {
    try {
      await this.#launch();
      this.#isProven = this.#confinement.kind === "bwrap";
    } catch (error) {
      const { bwrap, folders, log } = this.#options;
      const mayBeUnable = this.#confinement.kind === "bwrap" && !this.#isProven && !this.#waiting.signal.aborted;
      const reason = mayBeUnable && bwrap !== undefined ? await tryConfinement(bwrap, folders) : undefined;
      if (reason === undefined) throw error;
      this.#confinement = { kind: "none", reason: `bubblewrap does not work on this host: ${reason}` };
      log.warn("the gateway runs without confinement", { reason: this.#confinement.reason });
      await this.#launch();
    }
  }

  async #launch(): Promise<void> {
    const { clock, onLine, openLink, settings } = this.#options;
    const launched = await this.#launchOrTake();
    const process: Running = { ...launched, link: openLink(launched.stream) };
    this.#running = process;
    const startedAt = clock.now();
    const { stdout, stderr } = process.child;
    if (stdout !== null) readLines(stdout, clock, (line) => onLine(line, "info"));
    if (stderr !== null) readLines(stderr, clock, (line) => onLine(line, "warn"));
    // Without its link a gateway is of no use, and one whose link was cut off has broken a rule.
    process.link.closed.addEventListener("abort", () => this.#onLinkEnd(process), { once: true });
    void process.exited.then((end) => this.#onExit(process, end, clock.now() - startedAt));
    try {
      // Whoever stopped while the sockets were being opened found nothing to stop yet.
      if (this.#waiting.signal.aborted) throw new LoricaError("cancelled", "stopped while the gateway started");
      await beginServing(process, await settings(this.status()));
    } catch (error) {
      process.kill();
      await process.exited;
      throw error;
    }
  }

  async #launchOrTake(): Promise<Launched> {
    const launched = this.#launched;
    this.#launched = undefined;
    if (launched !== undefined) return launched;
    return await launchGateway({ ...this.#options, confinement: this.#confinement, listen: this.#options.listen() });
  }

  #onLinkEnd(process: Running): void {
    const { message } = process.link.closed.reason as LoricaError;
    const level = this.#state === "stopping" ? "debug" : "warn";
    this.#options.log[level](message, { pid: process.child.pid });
    // It most often ends by itself, and how it ended is worth knowing; it can do nothing any more in the meantime.
    const killer = setTimeout(process.kill, limits.gatewayKillAfterMs);
    void process.exited.then(() => clearTimeout(killer));
  }

  #onExit(process: Running, end: string, livedMs: number): void {
    process.link.close("the gateway process ended");
    if (this.#running === process) this.#running = undefined;
    if (this.#state !== "running") return;
    this.#options.log.error("the gateway process ended by itself", { end, livedMs });
    this.#failures = livedMs >= limits.gatewayStableMs ? 1 : this.#failures + 1;
    this.#state = "restarting";
    void this.#startAgain(end);
  }

  async #startAgain(end: string): Promise<void> {
    const { signal } = this.#waiting;
    let why = end;
    for (; this.#failures <= limits.gatewayRestartsMax; this.#failures += 1) {
      const pauseMs = limits.gatewayRestartDelayMs * 2 ** (this.#failures - 1);
      await sleep(Math.min(pauseMs, limits.gatewayRestartDelayMaxMs), signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.#options
        .onDeath?.(why, this.#failures)
        .catch((err: unknown) => this.#options.log.error("what a death asks for could not be done", { err }));
      this.#restarts += 1;
      try {
        await this.#launch();
        this.#state = "running";
        return;
      } catch (error) {
        if (signal.aborted) return;
        why = error instanceof Error ? error.message : String(error);
        this.#options.log.error("the gateway could not be started again", { err: error, attempt: this.#failures });
      }
    }
    this.#end();
    const deaths = this.#failures;
    this.#options.onGiveUp(
      new LoricaError("unavailable", `the gateway died ${deaths} times in a row; the log says why`),
    );
  }
}

export function firstConfinement(bwrap: string | undefined): Confinement {
  if (process.getuid?.() === 0)
    return { kind: "none", reason: "lorica runs as root, and a sandbox is never started as root" };
  if (bwrap === undefined)
    return { kind: "none", reason: "bubblewrap is not installed; install it with: apt-get install bubblewrap" };
  return { kind: "bwrap", bwrap };
}

/**
 * Asks over the link, and kills whoever does not end by then (GW-052). There is no signal in between: bubblewrap passes
 * none on, so that any of them would be a kill, and one that may leave something behind.
 */
async function endInOrder({ kill, link, exited }: Running, graceMs: number, log: Log): Promise<void> {
  const asked = link.call(
    { method: "stop", params: { graceMs } },
    AbortSignal.timeout(graceMs + limits.gatewayKillAfterMs),
  );
  asked.catch((error: unknown) => log.warn("the gateway did not stop in order", { err: error }));
  await Promise.race([asked.catch(() => undefined), exited]);
  const killer = setTimeout(kill, limits.gatewayKillAfterMs);
  await exited;
  clearTimeout(killer);
}
