// The broker put together: the owner's socket, the gateway process and what each may ask of the rest.
import type { Duplex } from "node:stream";
import type { AuditWriter, Log, LogWriter } from "../audit/audit.ts";
import type { Clock } from "../base/clock.ts";
import { LoricaError } from "../base/errors.ts";
import { limits } from "../base/limits.ts";
import type { OwnerStatus } from "../protocol/owner-methods.ts";
import { createGatewayProcess } from "./gateway/process.ts";
import type { GatewayProcess, GatewayProcessOptions, GatewayStatus } from "./gateway/process.ts";
import { refuseRoot } from "./harden.ts";
import { createLink } from "./link/link.ts";
import type { Link } from "./link/link.ts";
import { createOwnerHandlers } from "./owner/handlers.ts";
import type { OwnerDeps, OwnerHandlers } from "./owner/handlers.ts";
import { openOwnerSocket } from "./owner/socket.ts";
import type { OwnerSocket } from "./owner/socket.ts";
import { createServices } from "./serve/services.ts";
import type { ServicesOptions } from "./serve/services.ts";

export type BrokerOptions = Omit<OwnerDeps, "running" | "audit"> &
  Pick<ServicesOptions, "cells" | "guards" | "more" | "inForce"> &
  Pick<GatewayProcessOptions, "folders" | "bwrap" | "argv" | "listen" | "settings" | "launched" | "onDeath"> & {
    readonly version: string;
    readonly profile: string | undefined;
    readonly paths: {
      readonly stateDir: string;
      readonly configPath: string;
      readonly workspace: string;
      readonly ownerSocket: string;
      readonly gatewaySocket: string;
    };
    /** Resolves once the boot probe has ended: before that nobody can be told whether there is a sandbox. */
    readonly probed: Promise<unknown>;
    /** The addresses of the page, where the gateway listens there. */
    readonly pages: (listen: GatewayStatus["addresses"][number] | undefined) => readonly string[];
    readonly log: LogWriter;
    readonly auditWriter: AuditWriter;
    /** The owner asked for another gateway process. */
    readonly onRestart?: () => Promise<void>;
    /** What the listener shows, where it speaks TLS. */
    readonly certificate?: () => OwnerStatus["certificate"];
    readonly network?: () => OwnerStatus["network"];
    /** A line each about what else keeps its promise, or does not. */
    readonly parts?: () => OwnerStatus["parts"];
    readonly clock: Clock;
    readonly root: "refuse root" | "allow root";
  };

export type Broker = {
  /** Returns once the gateway serves. The owner's socket answers before that. */
  start(): Promise<void>;
  /** Hands the gateway its settings again: after the config or a secret has changed. */
  configure(): Promise<void>;
  /** Asks the gateway for something; what it answers is hostile data. */
  ask(method: string, params: unknown, signal: AbortSignal): Promise<unknown>;
  /** Ends the gateway process and starts another, with settings made anew. */
  restart(graceMs: number): Promise<void>;
  /** Says something to the gateway that it may act on; nothing where none runs. */
  tell(name: string, params: unknown): void;
  status(): OwnerStatus;
  /** Lets running turns end within `graceMs`, then ends everything that was started. */
  stop(graceMs: number): Promise<void>;
  /** Resolves with a grace period once somebody wants the broker to end, or rejects when the gateway keeps dying. */
  readonly ended: Promise<number>;
};

export function createBroker(options: BrokerOptions): Broker {
  const { clock, paths } = options;
  const log = options.log.source("broker");
  const startedAt = clock.now();
  const ended = Promise.withResolvers<number>();
  // A broker that is stopped directly leaves it unread.
  ended.promise.catch(() => undefined);
  let ownerSocket: OwnerSocket | undefined;

  async function closeAll(): Promise<void> {
    await options.cells.close();
    await options.egress.close();
    await ownerSocket?.close();
    ownerSocket = undefined;
  }

  /** Without a gateway there is nothing to be a broker for, and nothing may keep the process alive. */
  async function giveUp(cause: unknown): Promise<void> {
    log.fatal("the broker gives up", { err: cause });
    await closeAll().catch((failure: unknown) => log.error("the broker could not close everything", { err: failure }));
    ended.reject(cause);
  }

  const gateway = createGatewayProcess({
    ...options,
    socketPath: paths.gatewaySocket,
    openLink: (stream) => openLink(options, stream, log),
    onLine: (line, level) => options.log.accept("gateway", line, level),
    onGiveUp: (error) => void giveUp(error),
    log,
  });

  async function configure(): Promise<void> {
    const params = await options.settings(gateway.status());
    await gateway.link()?.call({ method: "configure", params }, AbortSignal.timeout(limits.gatewayStartTimeoutMs));
  }

  const status = (): OwnerStatus => renderStatus(options, gateway.status(), clock.now() - startedAt);
  const handlers = ownerHandlers(options, { status, configure, gateway, end: ended.resolve, giveUp });

  return {
    async start() {
      refuseRoot(options.root);
      ownerSocket = await openOwnerSocket({ ...options, path: paths.ownerSocket, handlers, log });
      try {
        await gateway.start();
      } catch (error) {
        await closeAll();
        throw error;
      }
      const { addresses, confinement } = gateway.status();
      options.auditWriter.source("broker").record({ kind: "start", resource: `lorica ${options.version}` });
      log.info("ready", { listen: addresses, confinement: confinement.kind, readyMs: clock.now() - startedAt });
    },
    configure,
    ask: createAsk(gateway),
    restart: (graceMs) => gateway.restart(graceMs).catch(giveUp),
    tell: (name, params) => gateway.link()?.note(name, params),
    status,
    async stop(graceMs) {
      await gateway.stop(graceMs);
      await closeAll();
      options.auditWriter.source("broker").record({ kind: "stop" });
      log.info("stopped");
    },
    ended: ended.promise,
  };
}

function createAsk(gateway: GatewayProcess): Broker["ask"] {
  return async (method, params, signal) => {
    const link = gateway.link();
    if (link === undefined) throw new LoricaError("unavailable", "the gateway is not running");
    return (await link.call({ method, params }, signal)).result;
  };
}

function openLink(options: BrokerOptions, stream: Duplex, log: Log): Link {
  const { source } = options.auditWriter;
  const services = createServices({ ...options, audit: source("gateway"), brokerAudit: source("broker"), log });
  return createLink({
    stream,
    side: "broker",
    ...services,
    onInternalError: (error, id) => log.error("a request of the gateway failed", { id, err: error }),
  });
}

type Parts = {
  readonly status: () => OwnerStatus;
  readonly configure: () => Promise<void>;
  readonly gateway: GatewayProcess;
  readonly end: (graceMs: number) => void;
  readonly giveUp: (error: unknown) => Promise<void>;
};

function ownerHandlers(options: BrokerOptions, { status, configure, gateway, end, giveUp }: Parts): OwnerHandlers {
  return createOwnerHandlers({
    ...options,
    audit: options.auditWriter.source("broker"),
    async onSecretsChanged() {
      await options.onSecretsChanged();
      await configure();
    },
    running: {
      async status() {
        await options.probed;
        return status();
      },
      stop(graceMs) {
        // The answer leaves before the socket that carries it goes.
        setImmediate(() => end(graceMs ?? limits.stopGraceMs));
        return { pid: process.pid };
      },
      restart(graceMs) {
        options
          .onRestart?.()
          .catch((err: unknown) => options.log.source("broker").warn("cannot note why it restarts", { err }));
        gateway.restart(graceMs ?? limits.stopGraceMs).catch(giveUp);
      },
      signIn() {
        const link = gateway.link();
        const pages = link === undefined ? [] : options.pages(gateway.status().addresses[0]);
        const within = AbortSignal.timeout(limits.gatewayStartTimeoutMs);
        const offer = async (params: unknown) => await link?.call({ method: "offer", params }, within);
        return { pages, now: options.clock.now(), offer };
      },
    },
  });
}

function renderStatus(options: BrokerOptions, gateway: GatewayStatus, uptimeMs: number): OwnerStatus {
  const { notices, ...config } = options.config.status();
  const { confinement } = gateway;
  const sandbox = options.cells.status();
  return {
    version: options.version,
    pid: process.pid,
    uptimeMs,
    profile: options.profile ?? null,
    paths: {
      state: options.paths.stateDir,
      config: options.paths.configPath,
      workspace: options.paths.workspace,
      log: options.log.path,
    },
    config,
    gateway: {
      state: gateway.state,
      pid: gateway.pid ?? null,
      restarts: gateway.restarts,
      confinement: confinement.kind,
      confinementReason: confinement.kind === "none" ? confinement.reason : null,
    },
    listen: gateway.addresses[0] ?? null,
    listening: gateway.addresses,
    certificate: options.certificate?.(),
    network: options.network?.(),
    parts: options.parts?.() ?? [],
    sandbox: {
      state: sandbox.kind,
      reason: sandbox.kind === "off" ? sandbox.reason : null,
      fix: sandbox.kind === "off" ? sandbox.fix : null,
      walls: sandbox.walls,
    },
    notices: [...notices, ...unusableWorkspaces(options)],
  };
}

function unusableWorkspaces({ ceiling, cells }: BrokerOptions): readonly string[] {
  return [...ceiling().agents.keys()].flatMap((id) => {
    const workspace = cells.workspaceOf(id);
    return workspace.ok ? [] : [`the agent ${id} has no tools and no files: ${workspace.reason}`];
  });
}
