// What a command gets: everything of the outside world that it may use, handed in by bin.ts, so that no command reads
// the environment, the terminal or the disk's layout by itself and every one of them can be run in a test.
import type { Writable } from "node:stream";
import type { Json } from "../base/json.ts";
import type { Environment, StatePaths } from "../config/config.ts";
import type { FoundGateway } from "../network/network.ts";
import type { Io } from "./io.ts";
import type { Options } from "./options.ts";

/** Flags of `gateway run` that outrank the config for this one start. */
export type GatewayOverrides = {
  readonly port?: number;
  readonly bind?: string;
  readonly tailscale?: string;
  /** True: what is logged is also printed. */
  readonly verbose: boolean;
};

export type BrokerOptions = {
  readonly paths: StatePaths;
  readonly env: Environment;
  /** The folder that holds package.json, src/ and node_modules/. */
  readonly codeRoot: string;
  readonly version: string;
  readonly overrides: GatewayOverrides;
  /** `allow root` only where its owner insists, by OPENCLAW_ALLOW_ROOT=1. */
  readonly root: "refuse root" | "allow root";
  /** Ends with SIGINT or SIGTERM: drain, then stop. */
  readonly signal: AbortSignal;
  /** Asks whoever sits at the terminal. Undefined where nobody does; answers undefined where they do not say. */
  readonly askPassphrase?: AskPassphrase | undefined;
};

/** `problem`: what was wrong with the answer before. */
export type AskPassphrase = (problem: string | undefined) => Promise<string | undefined>;

/** The owner's methods, over the socket of a running gateway or on the files of a stopped one. */
export type Owner = {
  readonly running: boolean;
  call(method: string, params: Json, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
};

export type CliContext = {
  /** What comes after the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** How the person called the program, so that what we tell them to type works. */
  readonly program: string;
  readonly version: string;
  readonly codeRoot: string;
  /** Where the person stood when root's command became the system user's; undefined where nothing changed. */
  readonly callerDirectory: string | undefined;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Output;
  readonly stderr: Output;
  pathsFor(profile: string | undefined): StatePaths;
  runBroker(options: BrokerOptions): Promise<void>;
  /** Compiles the code ahead, unless that was done. A start after it is quicker and takes less memory. */
  warmUp(): Promise<void>;
  /** Who says to be a gateway on the local network, asked for so long. */
  findGateways(waitMs: number): Promise<readonly FoundGateway[]>;
  /** The owner's methods without a gateway, under the lock that keeps one from starting meanwhile. */
  openOffline(paths: StatePaths): Promise<Owner>;
  readonly signal: AbortSignal;
};

export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** One call of one command. */
export type Invocation = {
  readonly context: CliContext;
  readonly paths: StatePaths;
  readonly io: Io;
  readonly options: Options;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
};

export type Run = (invocation: Invocation) => Promise<void>;
